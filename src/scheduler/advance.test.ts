import { describe, expect, it } from 'vitest'
import {
  abort,
  abortsLoad,
  configure,
  disposes,
  failed,
  gone,
  granted,
  isReady,
  lease,
  load,
  loaded,
  loadEnded,
  loadFailed,
  rejected,
  release,
  Rig,
  runEnded,
  runStarted,
  specOf,
  starts,
  swap,
  swaps,
  TICK,
  unload,
  unloadEnded,
  warns,
} from '../../test/support/rig.ts'
import type { Blocker, Slot } from './state.ts'

const error = new Error('no such file')
const LIMITS = { minResidencyMs: 1_000, maxSwapWaitMs: 5_000 }

function blockerOf(slot: Slot): Blocker | undefined {
  return slot.incoming?.phase.type === 'queued' ? slot.incoming.phase.blockedBy : undefined
}

describe('parallel loads', () => {
  it('are as many as maxParallelLoads; the others start in the order in which they were planned', () => {
    const rig = new Rig({ a: {}, b: {}, c: {}, d: {} }, { maxParallelLoads: 2 })
    rig.at(0, lease(1, 'a'), [starts(1, 'a.0')])
    rig.at(1, lease(2, 'b'), [starts(2, 'b.0')])
    rig.at(2, lease(3, 'd'), [])
    rig.at(3, lease(4, 'c', { priority: 0 }), [])
    expect(blockerOf(rig.slot('d'))).toBe('parallel')
    rig.at(4, loadEnded(2), [loaded(2, 'b.0', 3), granted(2, 1, 2, 3), starts(3, 'd.0')])
    rig.at(5, loadFailed(1, error), [
      failed(1, 'a.0', 5, error),
      rejected(1, 'MODEL_LOAD', 5, 'the load', { cause: error, retryAfterMs: 10_000 }),
      starts(4, 'c.0'),
    ])
  })

  it('can be raised at run time', () => {
    const rig = new Rig({ a: {}, b: {} }, { maxParallelLoads: 1 })
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'b'))
    rig.at(1, { type: 'configure-runtime', limits: { maxParallelLoads: 2 } }, [starts(2, 'b.0')])
  })

  it('do not count a load that was aborted', () => {
    const rig = new Rig({ a: {}, b: {} }, { maxParallelLoads: 1 })
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'b'))
    rig.at(1, abort(1), [
      abortsLoad(1),
      failed(1, 'a.0', 1, undefined, { wasAborted: true }),
      starts(2, 'b.0'),
    ])
  })

  it('of which one waits do not hold up a swap that has the door closed', () => {
    const rig = new Rig(
      { a: { slot: 's' }, b: { slot: 's' }, c: {} },
      { maxParallelLoads: 1, limits: LIMITS },
    )
    rig.resident(0, 'a')
    rig.given(0, lease(1, 'c'))
    rig.at(1_000, lease(2, 'b'), [swaps('started', 'drain', 's', 'a', 'b.0')])
    expect(blockerOf(rig.slot('s')), 'the old one serves until the load may start').toBe('parallel')
    rig.at(1_100, loadEnded(2), [loaded(2, 'c.0', 1_100), granted(1, 1, 2, 1_100), disposes(1)])
  })
})

describe('what is in the slot', () => {
  it('has to be out of it: a resident that is being closed', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.given(0, unload('a'))
    rig.at(1, lease(1, 'a'), [])
    expect(blockerOf(rig.slot('a'))).toBe('unload')
    rig.at(2, unloadEnded(1), [gone(1, 'a.0', 'requested'), starts(2, 'a.0')])
  })

  it('has to be out of it: a load that was aborted, also for an overlap', () => {
    const rig = new Rig({ a: { bytes: [100, 60] } }, { limits: LIMITS })
    rig.resident(0, 'a')
    rig.given(1_000, lease(1, 'a', { selector: '1' }))
    rig.given(1_001, abort(1))
    rig.at(1_002, lease(2, 'a', { selector: '1' }), [swaps('started', 'overlap', 'a', 'a', 'a.1')])
    expect(blockerOf(rig.slot('a'))).toBe('unload')
    rig.at(1_003, loadFailed(2, error), [starts(3, 'a.1', { bytes: 60, isFallback: false })])
  })

  it('may be, beside an overlap, an older generation that is being closed', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.given(0, swap(1, 'a', specOf('second')))
    rig.at(1, loadEnded(2), [
      disposes(1),
      loaded(2, 'second.0', 1, { model: 'a' }),
      swaps('ended', 'overlap', 'a', 'a', 'second.0'),
      isReady(1, 2),
    ])
    rig.at(2, swap(2, 'a', specOf('third')), [
      swaps('started', 'overlap', 'a', 'a', 'third.0'),
      starts(3, 'third.0', { model: 'a' }),
    ])
  })

  it('may be an older generation of the same model whose leases have not ended', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.at(1, unload('a'), [])
    rig.at(2, lease(1, 'a'), [starts(2, 'a.0')])
    expect(rig.slot('a').retiring.size).toBe(1)
  })

  it('may not be another model whose leases have not ended; they have drainTimeoutMs', () => {
    const setup = { a: { slot: 's' }, b: { slot: 's' } }
    const rig = new Rig(setup, { limits: { ...LIMITS, drainTimeoutMs: 3_000 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(1, unload('a'))
    rig.at(10, lease(1, 'b'), [])
    expect(blockerOf(rig.slot('s'))).toBe('leases')
    expect(rig.slot('s').drainDeadline.atMs).toBe(3_010)
    rig.at(3_009, TICK, [])
    rig.at(3_010, TICK, [
      rejected(1, 'DRAIN_TIMEOUT', 3_000, 'leases to end', {
        numbers: { leases: 1, oldestLeaseMs: 3_010, drainTimeoutMs: 3_000 },
      }),
    ])
    rig.at(3_020, lease(2, 'b'), [])
    rig.at(3_030, release(1), [disposes(1)])
    expect(blockerOf(rig.slot('s'))).toBe('unload')
    rig.at(3_040, unloadEnded(1), [gone(1, 'a.0', 'requested'), starts(2, 'b.0')])
  })

  it('of another model whose leases end in time has no time limit left on the load that follows', () => {
    const setup = { a: { slot: 's' }, b: { slot: 's' } }
    const rig = new Rig(setup, { limits: { ...LIMITS, drainTimeoutMs: 3_000 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(1, unload('a'))
    rig.given(10, lease(1, 'b'))
    rig.at(1_000, release(1), [disposes(1)])
    rig.at(1_100, unloadEnded(1), [gone(1, 'a.0', 'requested'), starts(2, 'b.0')])
    expect(rig.slot('s').drainDeadline.atMs).toBe(Infinity)
    rig.at(3_010, TICK, [])
    rig.at(4_000, loadEnded(2), [loaded(2, 'b.0', 2_900), granted(1, 2, 2, 3_990)])
  })

  it('of another model has no time limit left when nobody waits for its leases to end any more', () => {
    const setup = { a: { slot: 's' }, b: { slot: 's' } }
    const rig = new Rig(setup, { limits: { ...LIMITS, drainTimeoutMs: 3_000 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(1, unload('a'))
    rig.given(10, lease(1, 'b'))
    rig.at(20, abort(1), [])
    expect(rig.slot('s').drainDeadline.atMs).toBe(Infinity)
    rig.at(30, lease(2, 'a'), [starts(2, 'a.0')])
    rig.at(3_010, TICK, [])
  })

  it('may be in use by an overlap of its own model only', () => {
    const setup = { a: { slot: 's', bytes: [100, 60] } }
    const rig = new Rig(setup, { limits: LIMITS })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(1_000, unload('a'))
    rig.at(1_000, lease(1, 'a', { selector: '1' }), [starts(2, 'a.1', { bytes: 60, isFallback: false })])
  })
})

describe('what can never fit', () => {
  it('fails at once with the numbers', () => {
    const rig = new Rig({ a: { bytes: [101] } }, { memoryBudgetBytes: 100 })
    rig.at(0, lease(1, 'a'), [
      rejected(1, 'MEMORY_BUDGET', 0, 'nothing', { numbers: { neededBytes: 101, budgetBytes: 100 } }),
    ])
    expect(rig.slot('a').incoming).toBeUndefined()
    expect(rig.state.queued.size).toBe(0)
    expect(rig.state.backOff.size).toBe(0)
    expect(rig.wakeAtMs).toBe(Infinity)
  })

  it('is what exceeds the budget, not what fills it', () => {
    const rig = new Rig({ a: { bytes: [100] } }, { memoryBudgetBytes: 100 })
    rig.at(0, lease(1, 'a'), [starts(1, 'a.0')])
  })

  it('gives way to a fallback that fits', () => {
    const rig = new Rig({ a: { bytes: [200, 150, 60] } }, { memoryBudgetBytes: 100 })
    rig.at(0, lease(1, 'a'), [
      warns('a', 'fallback', 'a.0 could not be loaded; a.1 is tried instead'),
      warns('a', 'fallback', 'a.1 could not be loaded; a.2 is tried instead'),
      starts(1, 'a.2', { bytes: 60 }),
    ])
    expect(rig.slot('a').plan.atMs, 'no room was looked for').toBe(Infinity)
  })

  it('is known by what was measured', () => {
    const rig = new Rig({ a: { bytes: [100] } }, { memoryBudgetBytes: 150 })
    rig.resident(0, 'a', 160)
    rig.given(0, unload('a'))
    rig.given(0, unloadEnded(1))
    rig.at(0, lease(1, 'a'), [
      rejected(1, 'MEMORY_BUDGET', 0, 'nothing', { numbers: { neededBytes: 160, budgetBytes: 150 } }),
    ])
  })

  it('is refused while other loads are on their way, and when its swap has the door closed', () => {
    const rig = new Rig({ a: {}, b: { bytes: [200] } }, { memoryBudgetBytes: 150, maxParallelLoads: 1 })
    rig.given(0, lease(1, 'a'))
    rig.at(0, lease(2, 'b'), [
      rejected(2, 'MEMORY_BUDGET', 0, 'nothing', { numbers: { neededBytes: 200, budgetBytes: 150 } }),
    ])
    rig.given(0, loadEnded(1))
    rig.at(1, swap(3, 'a', specOf('new', [151])), [
      swaps('started', 'drain', 'a', 'a', 'new.0'),
      rejected(3, 'MEMORY_BUDGET', 0, 'nothing', { numbers: { neededBytes: 151, budgetBytes: 150 } }),
      swaps('given-up', 'drain', 'a', 'a', 'new.0'),
    ])
    expect(rig.generation(1).phase).toBe('ready')
  })
})

describe('room in the memory', () => {
  it('is made by evicting what is idle; the load starts when that is gone', () => {
    const rig = new Rig({ a: {}, b: {} }, { memoryBudgetBytes: 150, limits: LIMITS })
    rig.resident(0, 'a')
    rig.at(1_000, lease(1, 'b'), [disposes(1)])
    expect(blockerOf(rig.slot('b'))).toBe('memory')
    expect(rig.generation(1).reason).toBe('evicted')
    rig.at(1_001, unloadEnded(1), [gone(1, 'a.0', 'evicted'), starts(2, 'b.0')])
  })

  it('is waited for when nothing is idle: who comes hears so, and the first release makes it', () => {
    const rig = new Rig({ a: {}, b: {}, c: {} }, { memoryBudgetBytes: 200, limits: LIMITS })
    rig.resident(0, 'a')
    rig.resident(0, 'b')
    rig.hold(0, 'a')
    rig.hold(0, 'b')
    rig.at(1_000, lease(1, 'c', { deadlineMs: 2_000 }), [])
    expect(blockerOf(rig.slot('c'))).toBe('memory')
    rig.at(1_500, release(2), [disposes(2)])
    rig.at(1_600, unloadEnded(2), [gone(2, 'b.0', 'evicted'), starts(3, 'c.0')])
    const refused = new Rig({ a: {}, b: {} }, { memoryBudgetBytes: 100, limits: LIMITS })
    refused.resident(0, 'a')
    refused.hold(0, 'a')
    refused.given(0, lease(1, 'b', { deadlineMs: 2_000 }))
    refused.at(2_000, TICK, [rejected(1, 'DEADLINE_EXCEEDED', 2_000, 'memory', { retryAfterMs: 1_000 })])
  })

  it('is not made twice: what is on its way out is counted', () => {
    const rig = new Rig({ a: {}, b: {}, c: {} }, { memoryBudgetBytes: 200, limits: LIMITS })
    rig.resident(0, 'a')
    rig.resident(0, 'b')
    rig.at(1_000, lease(1, 'c'), [disposes(1)])
    rig.at(1_001, TICK, [])
    rig.at(1_002, lease(2, 'c'), [])
    expect(rig.generation(2).phase).toBe('ready')
  })

  it('is kept for the one that it was made for', () => {
    const rig = new Rig({ x: {}, c: { bytes: [150] }, d: {} }, { memoryBudgetBytes: 200, limits: LIMITS })
    rig.resident(0, 'x')
    rig.at(1_000, lease(1, 'c'), [disposes(1)])
    // There would be room for `d` at this moment, but not for both.
    rig.at(1_001, lease(2, 'd'), [])
    expect(blockerOf(rig.slot('d'))).toBe('memory')
    rig.at(1_002, unloadEnded(1), [gone(1, 'x.0', 'evicted'), starts(2, 'c.0', { bytes: 150 })])
    rig.given(1_003, loadEnded(2, 100))
    expect(rig.slot('d').incoming?.phase.type).toBe('loading')
  })

  it('is kept also while what frees it was begun by somebody else', () => {
    const rig = new Rig({ x: {}, c: { bytes: [150] }, d: {} }, { memoryBudgetBytes: 200, limits: LIMITS })
    rig.resident(0, 'x')
    rig.given(0, unload('x'))
    rig.at(1, lease(1, 'c'), [])
    rig.at(2, lease(2, 'd'), [])
    rig.at(3, unloadEnded(1), [gone(1, 'x.0', 'requested'), starts(2, 'c.0', { bytes: 150 })])
  })

  it('is taken by those behind a load for which none can be made yet', () => {
    const rig = new Rig({ x: {}, c: {}, d: { bytes: [50] } }, { memoryBudgetBytes: 150, limits: LIMITS })
    rig.resident(0, 'x')
    rig.hold(0, 'x')
    rig.at(1_000, lease(1, 'c'), [])
    rig.at(1_001, lease(2, 'd'), [starts(2, 'd.0', { bytes: 50 })])
  })

  it('is counted with loads that start in the same step', () => {
    const rig = new Rig({ a: {}, b: {} }, { memoryBudgetBytes: 150 })
    rig.given(0, { type: 'configure-runtime', limits: { maxParallelLoads: 0 } })
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'b'))
    rig.at(1, { type: 'configure-runtime', limits: { maxParallelLoads: 2 } }, [starts(1, 'a.0')])
    expect(blockerOf(rig.slot('b'))).toBe('memory')
  })

  it('taken meanwhile makes a drain of an overlap', () => {
    const rig = new Rig(
      { a: { bytes: [100, 60] }, b: { bytes: [60] } },
      { memoryBudgetBytes: 200, maxParallelLoads: 1 },
    )
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.at(1_000, lease(1, 'b'), [starts(2, 'b.0', { bytes: 60 })])
    rig.given(1_000, lease(2, 'b'))
    rig.given(1_001, { type: 'configure-runtime', limits: { memoryBudgetBytes: 160 + 60 } })
    rig.at(1_002, lease(3, 'a', { selector: '1' }), [swaps('started', 'overlap', 'a', 'a', 'a.1')])
    rig.given(1_003, { type: 'configure-runtime', limits: { memoryBudgetBytes: 219 } })
    rig.at(1_004, loadEnded(2, 60), [
      loaded(2, 'b.0', 4, { memoryBytes: 60 }),
      granted(1, 2, 2, 4),
      granted(2, 3, 2, 4),
    ])
    expect(rig.slot('a').incoming?.mode).toBe('drain')
    expect(blockerOf(rig.slot('a'))).toBe('leases')
    expect(rig.slot('a').drain).toBeDefined()
    rig.at(1_010, release(1), [disposes(1)])
    rig.at(1_011, unloadEnded(1), [
      gone(1, 'a.0', 'swapped'),
      starts(3, 'a.1', { bytes: 60, isFallback: false }),
    ])
  })
})

describe('a load for which there is no room', () => {
  const three = { a: {}, b: {}, c: {} }
  const options = { memoryBudgetBytes: 200, limits: { ...LIMITS, accessTimeoutMs: 100_000 } }

  /** a and b are in use; c waits from 2,000 ms on. a was used least recently. */
  function waiting(): Rig {
    const rig = new Rig(three, options)
    rig.resident(0, 'a')
    rig.resident(0, 'b')
    rig.hold(10, 'a')
    rig.hold(20, 'b')
    rig.given(2_000, lease(1, 'c'))
    return rig
  }

  it('closes the door of a resident in use after maxSwapWaitMs, until that is idle', () => {
    const rig = waiting()
    expect(rig.slot('c').plan.atMs).toBe(7_000)
    rig.at(6_999, TICK, [])
    expect(rig.slot('a').drain).toBeUndefined()
    rig.at(7_000, TICK, [])
    expect(rig.slot('a').drain).toEqual({ beneficiary: rig.slot('c'), sinceMs: 7_000 })
    expect(rig.slot('a').drainDeadline.atMs).toBe(37_000)
    expect(rig.slot('b').drain).toBeUndefined()
    rig.at(7_001, lease(2, 'a'), [])
    rig.at(7_002, lease(3, 'b'), [granted(3, 3, 2)])
    rig.at(7_100, release(1), [disposes(1)])
    expect(rig.generation(1).reason).toBe('evicted')
    expect(rig.slot('a').drain).toBeUndefined()
    rig.at(7_200, unloadEnded(1), [gone(1, 'a.0', 'evicted'), starts(3, 'c.0')])
    expect(blockerOf(rig.slot('a')), 'it comes back in its turn').toBe('memory')
  })

  it('closes no second door while one is closed for it', () => {
    const rig = waiting()
    rig.given(7_000, TICK)
    rig.at(8_000, TICK, [])
    rig.given(8_000, lease(2, 'c'))
    expect(rig.slot('b').drain).toBeUndefined()
  })

  it('is its turn then: room is no longer given to those behind it', () => {
    const rig = new Rig({ ...three, d: { bytes: [20] } }, { ...options, memoryBudgetBytes: 250 })
    rig.resident(0, 'a')
    rig.resident(0, 'b')
    rig.hold(10, 'a')
    rig.hold(20, 'b')
    rig.given(2_000, lease(1, 'c'))
    rig.given(7_000, TICK)
    rig.at(7_001, lease(2, 'd'), [])
    expect(blockerOf(rig.slot('d'))).toBe('memory')
  })

  it('opens the door again after drainTimeoutMs, and waits for maxSwapWaitMs before the next', () => {
    const rig = waiting()
    rig.given(7_000, TICK)
    rig.given(7_001, lease(2, 'a'))
    rig.at(36_999, TICK, [])
    rig.at(37_000, TICK, [granted(2, 3, 1)])
    expect(rig.slot('a').drain).toBeUndefined()
    expect(rig.slot('a').drainDeadline.atMs).toBe(Infinity)
    expect(rig.slot('c').plan.atMs).toBe(42_000)
    rig.at(41_999, TICK, [])
    expect(rig.slot('b').drain).toBeUndefined()
    rig.at(42_000, TICK, [])
    expect(rig.slot('b').drain).toBeDefined()
  })

  it('opens every door that was closed for it when it is given up', () => {
    const rig = new Rig({ ...three, c: { bytes: [200] } }, options)
    rig.resident(0, 'a')
    rig.resident(0, 'b')
    rig.hold(10, 'a')
    rig.hold(20, 'b')
    rig.given(2_000, lease(1, 'c'))
    rig.given(7_000, TICK)
    expect([rig.slot('a').drain, rig.slot('b').drain].map((it) => it?.beneficiary.name)).toEqual(['c', 'c'])
    rig.given(7_001, lease(2, 'a'))
    rig.given(7_001, lease(3, 'b'))
    rig.at(7_002, abort(1), [granted(2, 3, 1), granted(3, 4, 2)])
    expect([rig.slot('a').drain, rig.slot('b').drain]).toEqual([undefined, undefined])
    expect([rig.slot('a').drainDeadline.atMs, rig.slot('b').drainDeadline.atMs]).toEqual([Infinity, Infinity])
  })

  it('opens the door again when room was made elsewhere and it starts', () => {
    const rig = waiting()
    rig.given(7_000, TICK)
    rig.at(7_001, lease(2, 'a'), [])
    rig.at(7_010, release(2), [disposes(2)])
    rig.at(7_020, unloadEnded(2), [gone(2, 'b.0', 'evicted'), starts(3, 'c.0'), granted(2, 3, 1)])
    expect(rig.slot('a').drain).toBeUndefined()
    expect(rig.slot('a').drainDeadline.atMs).toBe(Infinity)
  })

  it('keeps the door closed when a load ends that it was not closed for', () => {
    const rig = new Rig({ ...three, d: { bytes: [300] } }, options)
    rig.resident(0, 'a')
    rig.resident(0, 'b')
    rig.hold(10, 'a')
    rig.hold(20, 'b')
    rig.given(2_000, lease(1, 'c'))
    rig.given(7_000, TICK)
    rig.at(7_001, lease(2, 'd'), [
      rejected(2, 'MEMORY_BUDGET', 0, 'nothing', { numbers: { neededBytes: 300, budgetBytes: 200 } }),
    ])
    expect(rig.slot('a').drain).toEqual({ beneficiary: rig.slot('c'), sinceMs: 7_000 })
  })

  it('keeps the time limit of the door when a load of the slot behind it is dropped', () => {
    const rig = new Rig({ ...three, a: { bytes: [100, 60] } }, { ...options, memoryBudgetBytes: 260 })
    rig.resident(0, 'a')
    rig.resident(0, 'b')
    rig.hold(10, 'a')
    rig.hold(20, 'b')
    rig.given(2_000, lease(1, 'c'))
    rig.given(7_000, TICK)
    rig.given(7_001, lease(2, 'a', { selector: '1' }))
    expect(rig.slot('a').incoming).toBeDefined()
    rig.given(7_002, abort(2))
    expect(rig.slot('a').incoming).toBeUndefined()
    expect(rig.slot('a').drain?.sinceMs).toBe(7_000)
    expect(rig.slot('a').drainDeadline.atMs).toBe(37_000)
  })

  it('closes the doors of as many as it needs, and no door if all of them would not do', () => {
    const rig = new Rig({ ...three, c: { bytes: [200] } }, options)
    rig.resident(0, 'a')
    rig.resident(0, 'b')
    rig.hold(10, 'a')
    rig.hold(20, 'b')
    rig.given(0, { type: 'pin', model: 'b', pinned: true })
    rig.given(2_000, lease(1, 'c'))
    rig.given(7_000, TICK)
    expect([rig.slot('a').drain, rig.slot('b').drain]).toEqual([undefined, undefined])
  })

  it('evicts an idle one together with the doors that it closes', () => {
    const rig = new Rig({ ...three, c: { bytes: [200] } }, options)
    rig.resident(0, 'a')
    rig.resident(0, 'b')
    rig.hold(10, 'a')
    rig.given(2_000, lease(1, 'c'))
    rig.at(7_000, TICK, [disposes(2)])
    expect(rig.generation(2).reason).toBe('evicted')
    expect(rig.slot('a').drain).toBeDefined()
    rig.at(7_100, release(1), [disposes(1)])
    rig.given(7_101, unloadEnded(1))
    rig.at(7_102, unloadEnded(2), [gone(2, 'b.0', 'evicted'), starts(3, 'c.0', { bytes: 200 })])
  })

  it('gives up the door of one that is pinned meanwhile', () => {
    const rig = waiting()
    rig.given(7_000, TICK)
    rig.given(7_001, lease(2, 'a'))
    rig.at(7_002, { type: 'pin', model: 'a', pinned: true }, [granted(2, 3, 1)])
    rig.given(7_003, release(1))
    rig.at(7_004, release(3), [])
    expect(rig.generation(1).phase).toBe('ready')
    expect(rig.slot('b').drain?.beneficiary.name, 'the other one has to make the room').toBe('c')
    rig.given(7_005, { type: 'pin', model: 'b', pinned: false })
    expect(rig.slot('b').drain?.sinceMs).toBe(7_002)
  })

  it('waits for runs behind the door as for leases', () => {
    const rig = new Rig({ a: {}, c: {} }, { ...options, memoryBudgetBytes: 100 })
    rig.resident(0, 'a')
    rig.given(0, runStarted(1, 5))
    rig.given(2_000, lease(1, 'c'))
    rig.at(7_000, TICK, [])
    rig.at(7_500, runEnded(1, 5), [disposes(1)])
  })

  it('takes one whose door is closed, and which somebody waits for, when it is idle', () => {
    const rig = new Rig({ a: {}, c: {} }, { ...options, memoryBudgetBytes: 100 })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(2_000, lease(1, 'c'))
    rig.given(7_000, TICK)
    rig.at(7_001, load(2, 'a'), [])
    rig.at(7_002, release(1), [disposes(1)])
  })
})

describe('the bound on waiting', () => {
  it('is read when it is needed: it can be configured', () => {
    const rig = new Rig({ a: {}, b: {} }, { memoryBudgetBytes: 100, limits: LIMITS })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(2_000, lease(1, 'b'))
    rig.given(2_001, configure('b', { maxSwapWaitMs: 100 }))
    expect(rig.slot('b').plan.atMs).toBe(2_100)
  })
})
