import { describe, expect, it } from 'vitest'
import {
  abort,
  configure,
  disposes,
  failed,
  gone,
  granted,
  lease,
  load,
  loaded,
  loadEnded,
  loadFailed,
  pin,
  rejected,
  release,
  Rig,
  runStarted,
  specOf,
  starts,
  swap,
  swaps,
  TICK,
  unload,
  use,
  warns,
} from '../../test/support/rig.ts'
import type { Expiry } from './deadlines.ts'
import { expire } from './expire.ts'

const RETRY = { retryAfterMs: 1_000 }

describe('at equal times', () => {
  it('a deadline comes before what happens: a place that is freed then is not for the one whose time is over', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 1 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, lease(1, 'a', { deadlineMs: 100 }))
    rig.given(0, lease(2, 'a'))
    rig.at(100, release(1), [rejected(1, 'DEADLINE_EXCEEDED', 100, 'a free place', RETRY), granted(2, 2, 1)])
  })

  it('several deadlines come in the order in which they were made', () => {
    const rig = new Rig({ a: {} }, { limits: { accessTimeoutMs: 100 } })
    rig.given(0, lease(1, 'a'))
    rig.given(0, use(2, 'a'))
    rig.given(0, lease(3, 'a', { deadlineMs: 100 }))
    rig.at(100, TICK, [
      rejected(1, 'ACCESS_TIMEOUT', 100, 'the load', RETRY),
      rejected(2, 'ACCESS_TIMEOUT', 100, 'the load', RETRY),
      rejected(3, 'DEADLINE_EXCEEDED', 100, 'the load', RETRY),
    ])
  })

  it('what passed long ago comes in the order of its times', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a', { deadlineMs: 300 }))
    rig.given(0, lease(2, 'a', { deadlineMs: 200 }))
    rig.at(9_000, TICK, [
      rejected(2, 'DEADLINE_EXCEEDED', 9_000, 'the load', RETRY),
      rejected(1, 'DEADLINE_EXCEEDED', 9_000, 'the load', RETRY),
    ])
  })

  it('idleness comes after an unpin, a grant or a release of that moment', () => {
    const rig = new Rig({ a: { keepAliveMs: 100 } })
    rig.resident(0, 'a')
    rig.at(100, pin('a', true), [])
    expect(rig.slot('a').current?.phase).toBe('ready')
  })
})

describe('a ticket', () => {
  it('with several limits that passed together hears of its own deadline first, then of the access timeout', () => {
    const rig = new Rig({ a: {} }, { limits: { accessTimeoutMs: 100, waitTimeoutMs: 100 } })
    rig.given(0, load(9, 'a'))
    rig.given(0, lease(1, 'a', { deadlineMs: 100 }))
    rig.given(0, lease(2, 'a'))
    rig.at(100, TICK, [
      rejected(1, 'DEADLINE_EXCEEDED', 100, 'the load', RETRY),
      rejected(2, 'ACCESS_TIMEOUT', 100, 'the load', RETRY),
    ])
  })

  it('whose patience with a load ends after the load is over goes on waiting by its other limits', () => {
    const rig = new Rig(
      { a: {} },
      { limits: { maxConcurrent: 1, waitTimeoutMs: 300, accessTimeoutMs: 1_000 } },
    )
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'a'))
    rig.given(100, loadEnded(1))
    expect(rig.wakeAtMs).toBe(300)
    rig.at(300, TICK, [])
    expect(rig.state.tickets.get(2)).toMatchObject({ waitAtMs: Infinity, deadline: { atMs: 1_000 } })
    rig.at(1_000, TICK, [rejected(2, 'ACCESS_TIMEOUT', 1_000, 'a free place', RETRY)])
  })

  it('that waits for a place on the version that serves has no patience to lose with the load of a new one', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 1, waitTimeoutMs: 300 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, swap(1, 'a', specOf('new')))
    rig.given(0, lease(2, 'a'))
    rig.at(300, TICK, [])
    rig.at(400, release(1), [granted(2, 2, 1)])
  })

  it('whose patience ends while another load is on its way goes on waiting', () => {
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' } }, { limits: { waitTimeoutMs: 300 } })
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'a'))
    rig.given(0, lease(3, 'b'))
    rig.given(10, { type: 'load-failed', generation: 1, error: new Error('x') })
    rig.given(10, TICK)
    expect(rig.slot('s').incoming?.demand.model.name).toBe('b')
    expect([...rig.state.tickets.keys()]).toEqual([3])
    expect(rig.state.tickets.get(3)?.waitAtMs).toBe(Infinity)
  })

  it('that has gone is not found by its deadline', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a', { deadlineMs: 50 }))
    rig.given(0, lease(2, 'a'))
    rig.given(1, abort(1))
    expect(rig.wakeAtMs).toBe(30_000)
    rig.at(50, TICK, [])
  })
})

describe('what waits says what for', () => {
  it('for its load, for memory, for another load, for an unload, for leases, for a place', () => {
    const rig = new Rig(
      { a: {}, b: {}, c: {}, d: {}, e: { slot: 's' }, f: { slot: 's' } },
      {
        memoryBudgetBytes: 400,
        maxParallelLoads: 1,
        limits: { maxConcurrent: 1, minResidencyMs: 0, maxSwapWaitMs: 0 },
      },
    )
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, lease(1, 'a', { deadlineMs: 100 }))
    rig.given(0, lease(2, 'b', { deadlineMs: 100 }))
    rig.given(0, lease(3, 'c', { deadlineMs: 100 }))
    rig.at(100, TICK, [
      rejected(1, 'DEADLINE_EXCEEDED', 100, 'a free place', RETRY),
      rejected(2, 'DEADLINE_EXCEEDED', 100, 'the load', RETRY),
      rejected(3, 'DEADLINE_EXCEEDED', 100, 'another load', RETRY),
    ])
    rig.given(100, loadEnded(2))
    rig.resident(100, 'e')
    rig.hold(100, 'e')
    rig.given(100, lease(4, 'f', { deadlineMs: 100 }))
    rig.given(100, lease(5, 'e', { deadlineMs: 100 }))
    rig.at(200, TICK, [
      rejected(4, 'DEADLINE_EXCEEDED', 100, 'leases to end', RETRY),
      swaps('given-up', 'drain', 's', 'e', 'f.0'),
      rejected(5, 'DEADLINE_EXCEEDED', 100, 'a free place', RETRY),
    ])
    rig.given(200, unload('b'))
    rig.given(200, lease(6, 'b', { deadlineMs: 100 }))
    rig.at(300, TICK, [rejected(6, 'DEADLINE_EXCEEDED', 100, 'an unload', RETRY)])
    rig.given(300, { type: 'unload-ended', generation: 2 })
    rig.given(300, { type: 'configure-runtime', limits: { memoryBudgetBytes: 250 } })
    rig.given(300, lease(7, 'd', { deadlineMs: 100 }))
    expect(rig.slot('d').incoming?.phase).toMatchObject({ blockedBy: 'memory' })
    rig.given(300, lease(8, 'a', { deadlineMs: 100 }))
    rig.at(400, TICK, [
      rejected(7, 'DEADLINE_EXCEEDED', 100, 'memory', RETRY),
      rejected(8, 'DEADLINE_EXCEEDED', 100, 'a free place', RETRY),
    ])
  })

  it('behind a door that is closed for another slot: for leases to end', () => {
    const rig = new Rig(
      { a: {}, b: {} },
      { memoryBudgetBytes: 100, limits: { minResidencyMs: 0, maxSwapWaitMs: 0 } },
    )
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(1, lease(1, 'b'))
    rig.given(2, lease(2, 'a', { deadlineMs: 100 }))
    rig.at(102, TICK, [rejected(2, 'DEADLINE_EXCEEDED', 100, 'leases to end', RETRY)])
  })

  it('for another model behind such a door: for leases to end', () => {
    const limits = { minResidencyMs: 0, maxSwapWaitMs: 0 }
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' }, c: {} }, { memoryBudgetBytes: 100, limits })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(1, lease(1, 'c'))
    rig.given(1, configure('s', { maxSwapWaitMs: 60_000 }))
    rig.given(2, lease(2, 'b', { deadlineMs: 100 }))
    rig.at(102, TICK, [rejected(2, 'DEADLINE_EXCEEDED', 100, 'leases to end', RETRY)])
  })
})

describe('what waits beside the load of a new version', () => {
  it('waits for a place on the old one, or for its leases to end where its door is closed', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 1 }, memoryBudgetBytes: 200 })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, swap(1, 'a', specOf('new')))
    rig.given(0, lease(2, 'a', { deadlineMs: 100 }))
    rig.at(100, TICK, [rejected(2, 'DEADLINE_EXCEEDED', 100, 'a free place', RETRY)])
    const drained = new Rig({ a: {} }, { memoryBudgetBytes: 100 })
    drained.resident(0, 'a')
    drained.hold(0, 'a')
    drained.given(0, swap(1, 'a', specOf('new')))
    drained.given(0, lease(2, 'a', { deadlineMs: 100 }))
    drained.at(100, TICK, [rejected(2, 'DEADLINE_EXCEEDED', 100, 'leases to end', RETRY)])
  })
})

describe('what did not end', () => {
  it('as an aborted load is written off with a warning, and its slot goes on', () => {
    const rig = new Rig({ a: { slot: 's' } }, { memoryBudgetBytes: 100 })
    rig.given(0, lease(1, 'a'))
    rig.given(10, abort(1))
    rig.given(11, lease(2, 'a'))
    rig.at(2_009, TICK, [])
    rig.at(2_010, TICK, [
      warns('a', 'abandoned', 'generation 1 did not end in time; its memory is no longer counted'),
      starts(2, 'a.0'),
    ])
    rig.at(2_011, loadFailed(1, new Error('late')), [])
    rig.at(2_012, loadEnded(1), [disposes(1)])
    rig.at(2_013, loadEnded(2), [loaded(2, 'a.0', 3), granted(2, 1, 2, 2_002)])
  })
})

describe('a deadline of what is gone', () => {
  it.each<Expiry>([
    { type: 'ticket', ticket: 99 },
    { type: 'run', generation: 99, run: 1 },
    { type: 'run', generation: 1, run: 99 },
    { type: 'idle', generation: 99 },
    { type: 'retry', model: 'unheard of' },
    { type: 'long-lease', lease: 99 },
    { type: 'load', slot: 'a' },
    { type: 'drain', slot: 'a' },
    { type: 'grace' },
  ])('%j does nothing', (expiry) => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    const before = rig.state.deadlines.size
    rig.state.effects = []
    expire(rig.state, { ...rig.state.deadlines.create(expiry) })
    expect(rig.state.effects).toEqual([])
    expect(rig.state.deadlines.size).toBe(before)
    expect(rig.generation(1).phase).toBe('ready')
  })

  it('of idleness does nothing to one that is in use, or is on its way out', () => {
    const rig = new Rig({ a: {}, b: {} })
    rig.resident(0, 'a')
    rig.given(0, runStarted(1, 1))
    rig.resident(0, 'b')
    rig.given(0, unload('b'))
    rig.state.effects = []
    for (const generation of [1, 2])
      expire(rig.state, rig.state.deadlines.create({ type: 'idle', generation }))
    expect(rig.state.effects).toEqual([])
    expect([rig.generation(1).phase, rig.generation(2).phase]).toEqual(['ready', 'disposing'])
  })

  it('of a load does nothing to one that has not begun', () => {
    const rig = new Rig({ a: {}, b: {} }, { maxParallelLoads: 1 })
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'b'))
    rig.state.effects = []
    expire(rig.state, rig.state.deadlines.create({ type: 'load', slot: 'b' }))
    expect(rig.state.effects).toEqual([])
    rig.at(1, loadEnded(1), [loaded(1, 'a.0', 1), granted(1, 1, 1, 1), starts(2, 'b.0')])
  })
})

describe('a drain that took too long', () => {
  it('says how long the oldest lease has been held, not the newest', () => {
    const limits = { minResidencyMs: 0, maxSwapWaitMs: 0, drainTimeoutMs: 100 }
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' } }, { limits })
    rig.resident(0, 'a')
    rig.hold(10, 'a')
    rig.hold(30, 'a')
    rig.at(50, lease(1, 'b'), [swaps('started', 'drain', 's', 'a', 'b.0')])
    rig.at(150, TICK, [
      rejected(1, 'DRAIN_TIMEOUT', 100, 'leases to end', {
        numbers: { leases: 2, oldestLeaseMs: 140, drainTimeoutMs: 100 },
      }),
      swaps('given-up', 'drain', 's', 'a', 'b.0'),
    ])
  })

  it('for another slot whose load has ended its wait by then only opens', () => {
    const limits = { minResidencyMs: 0, maxSwapWaitMs: 0, drainTimeoutMs: 100 }
    const rig = new Rig({ a: {}, b: {} }, { memoryBudgetBytes: 100, limits })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(50, lease(1, 'b'))
    rig.given(60, lease(2, 'a'))
    rig.at(150, TICK, [granted(2, 2, 1)])
    expect(rig.slot('b').incoming?.phase).toMatchObject({ nextDrainAtMs: 150 })
  })
})

describe('a preload that comes to its retry', () => {
  it('is not made when the runtime is closing', () => {
    const rig = new Rig({ a: { isPreloaded: true }, b: {} })
    rig.given(0, load(1, 'a'))
    rig.at(0, loadFailed(1, 'x'), [
      failed(1, 'a.0', 0, 'x'),
      rejected(1, 'MODEL_LOAD', 0, 'the load', { cause: 'x', retryAfterMs: 10_000 }),
    ])
    rig.resident(0, 'b')
    rig.hold(0, 'b')
    rig.given(1, { type: 'close', graceMs: 60_000 })
    rig.at(10_000, TICK, [])
    expect(rig.slot('a').incoming).toBeUndefined()
    rig.at(10_001, release(1), [disposes(2)])
    rig.at(10_002, { type: 'unload-ended', generation: 2 }, [gone(2, 'b.0', 'shutdown'), { type: 'closed' }])
  })
})
