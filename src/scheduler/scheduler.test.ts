import { describe, expect, it } from 'vitest'
import {
  cancelLoading,
  configure,
  disposes,
  granted,
  lease,
  loaded,
  loadEnded,
  pin,
  release,
  Rig,
  specOf,
  starts,
  swap,
  TICK,
  unload,
} from '../../test/support/rig.ts'
import { DEFAULT_LIMITS } from '../config/limits.ts'
import { Scheduler } from './scheduler.ts'

describe('models and slots', () => {
  it('are made known before they are used; the first model that names a slot makes it', () => {
    const scheduler = new Scheduler({ memoryBudgetBytes: 1, maxParallelLoads: 2 })
    const limits = { ...DEFAULT_LIMITS, maxConcurrent: 3 }
    const spec = specOf('a')
    scheduler.addModel({ name: 'a', spec, keepAliveMs: 5, group: 'g' }, { name: 's', limits })
    scheduler.addModel(
      { name: 'b', spec, keepAliveMs: 6, isPinned: true, isPreloaded: true },
      { name: 's', limits: { ...DEFAULT_LIMITS, maxConcurrent: 4 } },
    )
    limits.maxConcurrent = 99
    const { models, slots } = scheduler.state
    expect([...slots.keys()]).toEqual(['s'])
    expect(slots.get('s')).toMatchObject({ name: 's', limits: { maxConcurrent: 3 }, waiting: 0 })
    expect(slots.get('s')?.models).toEqual([models.get('a'), models.get('b')])
    expect(models.get('a')).toMatchObject({
      name: 'a',
      slot: slots.get('s'),
      spec,
      group: 'g',
      defaultKeepAliveMs: 5,
      isPreloaded: false,
      isPinned: false,
      lastAccessAtMs: undefined,
      lastError: undefined,
      lastUnloadReason: undefined,
    })
    expect(models.get('b')).toMatchObject({ group: undefined, isPreloaded: true, isPinned: true })
    expect(scheduler.wakeAtMs).toBe(Infinity)
  })

  it('are known once by a name', () => {
    const rig = new Rig({ a: {} })
    expect(() =>
      rig.scheduler.addModel(
        { name: 'a', spec: specOf('a'), keepAliveMs: -1 },
        { name: 'other', limits: DEFAULT_LIMITS },
      ),
    ).toThrow('the scheduler knows a already')
    expect(rig.slot('other')).toBeUndefined()
  })

  it('start from nothing', () => {
    const limits = { memoryBudgetBytes: 7, maxParallelLoads: 2 }
    const { state } = new Scheduler(limits)
    expect(state).toMatchObject({
      nowMs: 0,
      limits: { memoryBudgetBytes: 7, maxParallelLoads: 2 },
      pressure: 'none',
      closing: undefined,
      nextGeneration: 1,
      nextLease: 1,
    })
    expect(state.weightOf('anybody')).toBe(1)
    limits.memoryBudgetBytes = 8
    expect(state.limits.memoryBudgetBytes, 'the limits are its own').toBe(7)
  })
})

describe('time', () => {
  it('never runs backwards', () => {
    const rig = new Rig({ a: {} })
    rig.given(100, TICK)
    rig.given(50, lease(1, 'a'))
    expect(rig.state.nowMs).toBe(100)
    expect(rig.state.tickets.get(1)?.arrivedAtMs).toBe(100)
  })

  it('is asked for as late as can be', () => {
    const rig = new Rig({ a: { keepAliveMs: 700 } })
    expect(rig.wakeAtMs).toBe(Infinity)
    rig.given(0, lease(1, 'a'))
    expect(rig.wakeAtMs).toBe(30_000)
    rig.given(10, loadEnded(1))
    expect(rig.wakeAtMs).toBe(Infinity)
    rig.given(20, release(1))
    expect(rig.wakeAtMs).toBe(720)
  })
})

describe('effects', () => {
  it('are of the present event alone, and a list of their own each time', () => {
    const rig = new Rig({ a: {} })
    const first = rig.given(0, lease(1, 'a'))
    const second = rig.given(1, TICK)
    expect(first).toEqual([starts(1, 'a.0')])
    expect(second).toEqual([])
  })

  it('are the same for the same events', () => {
    const run = (): unknown[] => {
      const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' } }, { limits: { maxConcurrent: 1 } })
      return [
        ...rig.given(0, lease(1, 'a')),
        ...rig.given(5, lease(2, 'b')),
        ...rig.given(6, loadEnded(1)),
        ...rig.given(9_000, release(1)),
      ]
    }
    expect(run()).toEqual(run())
  })

  it('leave nothing to settle', () => {
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' } })
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'b'))
    rig.given(1, loadEnded(1))
    expect(rig.state.dirty.size).toBe(0)
  })
})

describe('events about what is not there', () => {
  it('have no effect', () => {
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' } })
    rig.resident(0, 'a')
    rig.at(0, configure('unheard of', { maxConcurrent: 1 }), [])
    rig.at(0, pin('unheard of', true), [])
    rig.at(0, unload('unheard of'), [])
    rig.at(0, unload('b'), [])
    rig.at(0, { type: 'load-progress', generation: 1, fraction: 0.5 }, [])
    expect(rig.slot('s').current?.phase).toBe('ready')
    rig.at(0, unload('a'), [disposes(1)])
    rig.at(0, unload('a'), [])
  })
})

describe('pinning', () => {
  it('one model does not touch the idle clock of another in its slot', () => {
    const rig = new Rig({ a: { slot: 's', keepAliveMs: 1_000 }, b: { slot: 's' } })
    rig.resident(0, 'a')
    rig.given(500, pin('b', true))
    expect(rig.generation(1).idle.atMs).toBe(1_000)
    expect(rig.model('b').isPinned).toBe(true)
  })

  it('does not open a door that is closed for another model of its slot', () => {
    const limits = { minResidencyMs: 0, maxSwapWaitMs: 0 }
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' } }, { limits })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(1, lease(1, 'b'))
    rig.given(2, lease(2, 'a'))
    rig.at(3, pin('a', true), [])
    expect(rig.slot('s').drain?.sinceMs).toBe(1)
  })

  it('of a model that is not loaded is noted for when it is', () => {
    const rig = new Rig({ a: { keepAliveMs: 1_000 } })
    rig.at(0, pin('a', true), [])
    rig.resident(0, 'a')
    expect(rig.generation(1).idle.atMs).toBe(Infinity)
  })
})

describe('cancelling a load', () => {
  it('spares those who wait for a place on what serves beside it', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 1 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, lease(1, 'a'))
    rig.given(0, swap(2, 'a', specOf('new')))
    rig.given(1, cancelLoading('a'))
    expect([...rig.state.tickets.keys()]).toEqual([1])
    rig.at(2, release(1), [granted(1, 2, 1)])
  })
})

describe('configuring', () => {
  it('changes what is named and leaves the rest', () => {
    const rig = new Rig({ a: {} }, { memoryBudgetBytes: 500, maxParallelLoads: 3 })
    rig.given(0, configure('a', { maxQueue: 7 }))
    expect(rig.slot('a').limits).toEqual({ ...DEFAULT_LIMITS, maxQueue: 7 })
    rig.given(0, { type: 'configure-runtime', limits: { maxParallelLoads: 9 } })
    expect(rig.state.limits).toEqual({ memoryBudgetBytes: 500, maxParallelLoads: 9 })
  })
})

describe('generations', () => {
  it('grow with every load, over all slots; leases are numbered in the order of their grants', () => {
    const rig = new Rig({ a: {}, b: {} })
    rig.at(0, lease(1, 'b'), [starts(1, 'b.0')])
    rig.at(0, lease(2, 'a'), [starts(2, 'a.0')])
    rig.at(0, loadEnded(2), [loaded(2, 'a.0', 0), granted(2, 1, 2)])
    rig.at(0, loadEnded(1), [loaded(1, 'b.0', 0), granted(1, 2, 1)])
  })
})
