import { describe, expect, it } from 'vitest'
import {
  abort,
  configure,
  disposes,
  gone,
  granted,
  isReady,
  lease,
  load,
  loaded,
  loadEnded,
  loadFailed,
  lost,
  pin,
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
} from '../../test/support/rig.ts'

const error = new Error('no such file')
const SHARED = { a: { slot: 's' }, b: { slot: 's' }, c: { slot: 's' } }
const LIMITS = { minResidencyMs: 1_000, maxSwapWaitMs: 5_000 }

describe('against thrash', () => {
  it('a resident that nobody holds or wants stays for minResidencyMs', () => {
    const rig = new Rig(SHARED, { limits: LIMITS })
    rig.resident(100, 'a')
    rig.at(200, lease(1, 'b'), [])
    expect(rig.wakeAtMs).toBe(1_100)
    rig.at(1_099, TICK, [])
    rig.at(1_100, TICK, [swaps('started', 'drain', 's', 'a', 'b.0'), disposes(1)])
    rig.at(1_150, unloadEnded(1), [gone(1, 'a.0', 'swapped'), starts(2, 'b.0')])
    rig.at(1_200, loadEnded(2), [
      loaded(2, 'b.0', 50),
      swaps('ended', 'drain', 's', 'a', 'b.0'),
      granted(1, 1, 2, 1_000),
    ])
  })

  it('a resident that has been there for long goes at once', () => {
    const rig = new Rig(SHARED, { limits: LIMITS })
    rig.resident(0, 'a')
    rig.at(1_000, lease(1, 'b'), [swaps('started', 'drain', 's', 'a', 'b.0'), disposes(1)])
  })

  it('a resident in use goes on serving those who want it, together', () => {
    const rig = new Rig(SHARED, { limits: { ...LIMITS, maxConcurrent: 2 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.at(2_000, lease(1, 'b'), [])
    rig.at(3_000, lease(2, 'a'), [granted(2, 2, 1)])
    rig.at(3_500, release(1), [])
    rig.at(4_000, release(2), [swaps('started', 'drain', 's', 'a', 'b.0'), disposes(1)])
  })

  it('a resident with a run in it is in use', () => {
    const rig = new Rig(SHARED, { limits: LIMITS })
    rig.resident(0, 'a')
    rig.given(0, runStarted(1, 7))
    rig.at(2_000, lease(1, 'b'), [])
    rig.at(2_500, runEnded(1, 7), [swaps('started', 'drain', 's', 'a', 'b.0'), disposes(1)])
  })
})

describe('against starvation', () => {
  it('a ticket of another key waits at most maxSwapWaitMs before the door closes', () => {
    const rig = new Rig(SHARED, { limits: LIMITS })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.at(2_000, lease(1, 'b'), [])
    rig.at(6_999, TICK, [])
    rig.at(6_999, lease(2, 'a'), [granted(2, 2, 1)])
    rig.at(7_000, TICK, [swaps('started', 'drain', 's', 'a', 'b.0')])
    expect(rig.slot('s').drain).toEqual({ beneficiary: rig.slot('s'), sinceMs: 7_000 })
    rig.at(7_001, lease(3, 'a'), [])
    rig.at(7_100, release(1), [])
    rig.at(7_200, release(2), [disposes(1)])
    rig.at(7_300, unloadEnded(1), [gone(1, 'a.0', 'swapped'), starts(2, 'b.0')])
  })

  it('counts from the ticket that has waited longest, and not before minResidencyMs', () => {
    const rig = new Rig(SHARED, { limits: { minResidencyMs: 9_000, maxSwapWaitMs: 5_000 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.at(1_000, lease(1, 'b'), [])
    rig.at(3_000, lease(2, 'b', { priority: 0 }), [])
    expect(rig.slot('s').plan.atMs).toBe(9_000)
    rig.given(3_000, configure('s', { minResidencyMs: 0 }))
    expect(rig.slot('s').plan.atMs).toBe(6_000)
    rig.given(3_000, abort(1))
    expect(rig.slot('s').plan.atMs).toBe(8_000)
  })

  it('the most urgent of those who want something else is next', () => {
    const rig = new Rig(SHARED, { limits: LIMITS })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(2_000, lease(1, 'b', { priority: 3 }))
    rig.given(2_100, lease(2, 'c'))
    rig.at(2_200, release(1), [swaps('started', 'drain', 's', 'a', 'c.0'), disposes(1)])
  })

  it('nobody is waited for any more when the last of them leaves: the look at the slot is called off', () => {
    const rig = new Rig(SHARED, { limits: LIMITS })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, lease(1, 'b'))
    expect(rig.slot('s').plan.atMs).toBe(5_000)
    rig.given(1, abort(1))
    expect(rig.slot('s').plan.atMs).toBe(Infinity)
    rig.at(9_000, TICK, [])
  })
})

describe('a drain', () => {
  it('whose last waiter leaves is called off, and the door opens', () => {
    const rig = new Rig(SHARED, { limits: LIMITS })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, lease(1, 'b'))
    rig.given(5_000, TICK)
    rig.at(5_100, lease(2, 'a'), [])
    rig.at(5_200, abort(1), [swaps('given-up', 'drain', 's', 'a', 'b.0'), granted(2, 2, 1)])
    expect(rig.slot('s').drain).toBeUndefined()
    expect(rig.slot('s').drainDeadline.atMs).toBe(Infinity)
  })

  it('whose last waiter runs out of time is called off as well', () => {
    const rig = new Rig(SHARED, { limits: LIMITS })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, lease(1, 'b', { deadlineMs: 6_000 }))
    rig.given(5_000, TICK)
    rig.at(6_000, TICK, [
      rejected(1, 'DEADLINE_EXCEEDED', 6_000, 'leases to end', { retryAfterMs: 1_000 }),
      swaps('given-up', 'drain', 's', 'a', 'b.0'),
    ])
    expect(rig.state.queued.size).toBe(0)
  })

  it('that does not end within drainTimeoutMs is given up with the numbers, and the resident serves on', () => {
    const rig = new Rig(SHARED, { limits: { ...LIMITS, drainTimeoutMs: 3_000 } })
    rig.resident(0, 'a')
    rig.hold(10, 'a')
    rig.hold(20, 'a', 1, 'use')
    rig.given(0, lease(1, 'b'))
    rig.given(5_020, TICK)
    rig.given(5_500, lease(2, 'a'))
    expect(rig.slot('s').drainDeadline.atMs).toBe(8_020)
    rig.at(8_019, TICK, [])
    rig.at(8_020, TICK, [
      rejected(1, 'DRAIN_TIMEOUT', 8_000, 'leases to end', {
        numbers: { leases: 2, oldestLeaseMs: 8_010, drainTimeoutMs: 3_000 },
      }),
      swaps('given-up', 'drain', 's', 'a', 'b.0'),
      granted(2, 3, 1),
    ])
    expect(rig.slot('s').drain).toBeUndefined()
  })

  it('says how long an old one was held only of leases in its slot', () => {
    const rig = new Rig({ ...SHARED, other: {} }, { limits: { ...LIMITS, drainTimeoutMs: 3_000 } })
    rig.resident(0, 'other')
    rig.hold(0, 'other')
    rig.resident(0, 'a')
    rig.given(0, runStarted(2, 1))
    rig.given(100, lease(1, 'b'))
    rig.at(5_100, TICK, [swaps('started', 'drain', 's', 'a', 'b.0')])
    rig.at(8_100, TICK, [
      rejected(1, 'DRAIN_TIMEOUT', 8_000, 'leases to end', {
        numbers: { leases: 0, oldestLeaseMs: 0, drainTimeoutMs: 3_000 },
      }),
      swaps('given-up', 'drain', 's', 'a', 'b.0'),
    ])
  })
})

describe('another dtype of the same model', () => {
  it('loads beside the one in use as soon as that has been there for minResidencyMs', () => {
    const rig = new Rig({ a: { bytes: [100, 60] } }, { limits: LIMITS })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.at(200, lease(1, 'a', { selector: '1' }), [])
    rig.at(1_000, TICK, [
      swaps('started', 'overlap', 'a', 'a', 'a.1'),
      starts(2, 'a.1', { bytes: 60, isFallback: false }),
    ])
    rig.at(1_100, lease(2, 'a'), [granted(2, 2, 1)])
    rig.at(1_200, loadEnded(2, 60), [
      loaded(2, 'a.1', 200, { memoryBytes: 60, isFallback: false }),
      swaps('ended', 'overlap', 'a', 'a', 'a.1'),
      granted(1, 3, 2, 1_000),
    ])
    expect(rig.generation(1).phase).toBe('draining')
  })

  it('drains where the budget does not hold both', () => {
    const rig = new Rig({ a: { bytes: [100, 60] } }, { limits: LIMITS, memoryBudgetBytes: 159 })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.at(2_000, lease(1, 'a', { selector: '1' }), [])
    rig.at(7_000, TICK, [swaps('started', 'drain', 'a', 'a', 'a.1')])
  })

  it('loads beside where the budget just holds both', () => {
    const rig = new Rig({ a: { bytes: [100, 60] } }, { limits: LIMITS, memoryBudgetBytes: 160 })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.at(2_000, lease(1, 'a', { selector: '1' }), [
      swaps('started', 'overlap', 'a', 'a', 'a.1'),
      starts(2, 'a.1', { bytes: 60, isFallback: false }),
    ])
  })

  it('loads beside where idle residents of other slots can make the room', () => {
    const rig = new Rig({ a: { bytes: [100, 60] }, other: {} }, { limits: LIMITS, memoryBudgetBytes: 200 })
    rig.resident(0, 'other')
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.at(2_000, lease(1, 'a', { selector: '1' }), [
      swaps('started', 'overlap', 'a', 'a', 'a.1'),
      disposes(1),
    ])
    rig.at(2_100, unloadEnded(1), [
      gone(1, 'other.0', 'evicted'),
      starts(3, 'a.1', { bytes: 60, isFallback: false }),
    ])
  })

  it('counts as room what is on its way out', () => {
    const rig = new Rig({ a: { bytes: [100, 60] }, other: {} }, { limits: LIMITS, memoryBudgetBytes: 200 })
    rig.resident(0, 'other')
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(1_000, unload('other'))
    rig.at(2_000, lease(1, 'a', { selector: '1' }), [swaps('started', 'overlap', 'a', 'a', 'a.1')])
    rig.at(2_100, unloadEnded(1), [
      gone(1, 'other.0', 'requested'),
      starts(3, 'a.1', { bytes: 60, isFallback: false }),
    ])
  })
})

describe('a pinned model', () => {
  it('is not displaced by another one, however long that waits', () => {
    const rig = new Rig({ a: { slot: 's', isPinned: true }, b: { slot: 's' } }, { limits: LIMITS })
    rig.resident(0, 'a')
    rig.at(2_000, lease(1, 'b'), [])
    rig.at(20_000, TICK, [])
    rig.at(32_000, TICK, [rejected(1, 'ACCESS_TIMEOUT', 30_000, 'a free place', { retryAfterMs: 1_000 })])
    rig.at(33_000, lease(2, 'b'), [])
    rig.at(33_001, pin('a', false), [swaps('started', 'drain', 's', 'a', 'b.0'), disposes(1)])
  })

  it('is replaced by another dtype of its own where that can be done beside it, and only there', () => {
    const setup = { a: { bytes: [100, 60], isPinned: true } }
    const roomy = new Rig(setup, { limits: LIMITS })
    roomy.resident(0, 'a')
    roomy.at(1_000, lease(1, 'a', { selector: '1' }), [
      swaps('started', 'overlap', 'a', 'a', 'a.1'),
      starts(2, 'a.1', { bytes: 60, isFallback: false }),
    ])
    const narrow = new Rig(setup, { limits: LIMITS, memoryBudgetBytes: 100 })
    narrow.resident(0, 'a')
    narrow.at(1_000, lease(1, 'a', { selector: '1' }), [])
    narrow.at(20_000, TICK, [])
    expect(narrow.generation(1).phase).toBe('ready')
  })

  it('may displace one that is not', () => {
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's', isPinned: true } }, { limits: LIMITS })
    rig.resident(0, 'a')
    rig.at(1_000, lease(1, 'b'), [swaps('started', 'drain', 's', 'a', 'b.0'), disposes(1)])
  })
})

describe('a back-off', () => {
  it('of every candidate tells those who come why, and when to come back', () => {
    const rig = new Rig({ a: { bytes: [100, 60] } })
    rig.given(0, lease(1, 'a'))
    rig.given(0, loadFailed(1, error))
    const second = new Error('nor this')
    rig.given(500, loadFailed(2, second))
    rig.at(9_000, lease(2, 'a'), [
      rejected(2, 'MODEL_LOAD', 0, 'a free place', { cause: error, retryAfterMs: 1_000 }),
    ])
    rig.at(10_000, lease(3, 'a'), [starts(3, 'a.0')])
  })

  it('of one does not keep those from loading who want another', () => {
    const rig = new Rig(SHARED)
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'b', { priority: 5 }))
    rig.at(0, loadFailed(1, error), [
      {
        type: 'load-failed',
        generation: 1,
        model: 'a',
        label: 'a.0',
        durationMs: 0,
        wasAborted: false,
        error,
      },
      rejected(1, 'MODEL_LOAD', 0, 'the load', { cause: error, retryAfterMs: 10_000 }),
      starts(2, 'b.0'),
    ])
    // Those who come for `a` meanwhile hear of its back-off when the slot is looked at again.
    rig.at(1, lease(3, 'a', { priority: 0 }), [])
    rig.at(2, loadEnded(2), [
      loaded(2, 'b.0', 2),
      granted(2, 1, 2, 2),
      rejected(3, 'MODEL_LOAD', 1, 'a free place', { cause: error, retryAfterMs: 9_998 }),
    ])
  })

  it('of a model that shares its slot leaves the resident one alone', () => {
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's', isPreloaded: true } })
    rig.given(0, lease(1, 'b'))
    rig.given(0, loadFailed(1, error))
    rig.resident(0, 'a')
    const retryAtMs = rig.model('b').retry.atMs
    rig.at(2_000, lease(2, 'b'), [
      rejected(2, 'MODEL_LOAD', 0, 'a free place', { cause: error, retryAfterMs: 8_000 }),
    ])
    expect(rig.model('b').retry.atMs).toBe(retryAtMs)
    expect(rig.slot('s').current?.phase).toBe('ready')
  })

  it('is overridden by an explicit load, for all who wait with it', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a'))
    rig.given(0, loadFailed(1, error))
    rig.at(1, load(2, 'a'), [starts(2, 'a.0')])
    expect(rig.slot('a').incoming?.ignoresBackOff).toBe(true)
    rig.at(2, lease(3, 'a'), [])
    rig.at(3, loadEnded(2), [loaded(2, 'a.0', 2), granted(3, 1, 2, 1), isReady(2, 2)])
  })
})

describe('a swap that was asked for', () => {
  it('does not wait for its turn: only for the leases', () => {
    const rig = new Rig({ a: {} }, { limits: LIMITS, memoryBudgetBytes: 100 })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.at(1, swap(1, 'a', specOf('new')), [swaps('started', 'drain', 'a', 'a', 'new.0')])
    expect(rig.slot('a').drain).toBeDefined()
    expect(rig.slot('a').pendingSwap).toBeUndefined()
    rig.at(2, release(1), [disposes(1)])
    rig.at(3, unloadEnded(1), [gone(1, 'a.0', 'swapped'), starts(2, 'new.0', { model: 'a' })])
  })

  it('displaces another model in its slot, at once', () => {
    const rig = new Rig(SHARED, { limits: LIMITS })
    rig.resident(0, 'a')
    rig.at(1, swap(1, 'b', specOf('new')), [swaps('started', 'drain', 's', 'a', 'new.0'), disposes(1)])
  })

  it('goes before those who wait for another model, and ignores the back-off', () => {
    const rig = new Rig(SHARED, { limits: LIMITS })
    rig.resident(0, 'a')
    rig.given(0, lease(1, 'b', { priority: 0 }))
    rig.at(1, swap(2, 'a', specOf('new')), [
      swaps('started', 'overlap', 's', 'a', 'new.0'),
      starts(2, 'new.0', { model: 'a' }),
    ])
    expect(rig.slot('s').incoming).toMatchObject({
      ignoresBackOff: true,
      displaced: { model: { name: 'a' } },
    })
  })

  it('on an empty slot ignores the back-off as well', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a'))
    rig.given(0, loadFailed(1, error))
    rig.at(1, swap(2, 'a', specOf('a')), [starts(2, 'a.0')])
    expect(rig.slot('a').incoming?.ignoresBackOff).toBe(true)
  })

  it('waits for the load that is on its way', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a'))
    rig.at(1, swap(2, 'a', specOf('new')), [])
    rig.at(2, loadEnded(1), [
      loaded(1, 'a.0', 2),
      granted(1, 1, 1, 2),
      swaps('started', 'overlap', 'a', 'a', 'new.0'),
      starts(2, 'new.0', { model: 'a' }),
    ])
  })

  it('drains where the new version has no room beside the old one, though it would be another than what it replaces', () => {
    const rig = new Rig({ a: { bytes: [10] } }, { memoryBudgetBytes: 100 })
    rig.resident(0, 'a', 10)
    rig.at(0, swap(1, 'a', specOf('new', [91])), [swaps('started', 'drain', 'a', 'a', 'new.0'), disposes(1)])
    const roomy = new Rig({ a: { bytes: [10] } }, { memoryBudgetBytes: 100 })
    roomy.resident(0, 'a', 10)
    roomy.at(0, swap(1, 'a', specOf('new', [90])), [
      swaps('started', 'overlap', 'a', 'a', 'new.0'),
      starts(2, 'new.0', { model: 'a', bytes: 90 }),
    ])
  })
})

describe('a retry of a preloaded model', () => {
  it('is not made where somebody else is in its slot by then, or on the way', () => {
    const models = { a: { slot: 's', isPreloaded: true }, b: { slot: 's' } }
    const taken = new Rig(models)
    taken.given(0, load(1, 'a'))
    taken.given(0, loadFailed(1, error))
    taken.resident(1, 'b')
    taken.at(10_000, TICK, [])
    const onTheWay = new Rig(models)
    onTheWay.given(0, load(1, 'a'))
    onTheWay.given(0, loadFailed(1, error))
    onTheWay.given(1, load(2, 'b'))
    onTheWay.at(10_000, TICK, [])
    expect(onTheWay.slot('s').incoming?.demand.model.name).toBe('b')
  })

  it('is not made twice when it is lost again before its thread has ended', () => {
    const rig = new Rig({ a: { isPreloaded: true } })
    rig.resident(0, 'a')
    rig.given(5, lost(1, error))
    rig.given(6, TICK)
    rig.at(7, lost(1, error), [])
    rig.at(8, unloadEnded(1), [gone(1, 'a.0', 'lost'), starts(2, 'a.0')])
  })
})
