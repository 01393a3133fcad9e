import { describe, expect, it } from 'vitest'
import {
  abort,
  abortsLoad,
  close,
  CLOSED,
  configure,
  failed,
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
  runStarted,
  specOf,
  starts,
  swap,
  swaps,
  TICK,
  use,
} from '../../test/support/rig.ts'
import { noteHold } from './pace.ts'

const RETRY = { retryAfterMs: 1_000 }

describe('who comes', () => {
  it('is granted a free place in the same step', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.at(10, lease(1, 'a'), [granted(1, 1, 1)])
    rig.at(10, use(2, 'a'), [granted(2, 2, 1)])
    expect(rig.generation(1)).toMatchObject({ leases: { lease: 1, use: 1 }, useCount: 2, lastUsedAtMs: 10 })
    expect(rig.model('a').lastAccessAtMs).toBe(10)
    expect(rig.state.tickets.size).toBe(0)
  })

  it('to an empty slot starts one load, for which all that come later wait', () => {
    const rig = new Rig({ a: {} })
    rig.at(0, lease(1, 'a'), [starts(1, 'a.0')])
    rig.at(10, lease(2, 'a'), [])
    rig.at(20, use(3, 'a'), [])
    rig.at(30, load(4, 'a'), [])
    expect(rig.slot('a').waiting).toBe(4)
    rig.at(100, loadEnded(1), [
      loaded(1, 'a.0', 100),
      granted(1, 1, 1, 100),
      granted(2, 2, 1, 90),
      granted(3, 3, 1, 80),
      isReady(4, 1),
    ])
    expect(rig.slot('a').waiting).toBe(0)
  })

  it('waits for a place when all are taken, and is given the next in the step that frees it', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 1 } })
    rig.resident(0, 'a')
    const [held] = rig.hold(0, 'a')
    rig.at(10, lease(1, 'a'), [])
    rig.at(11, lease(2, 'a'), [])
    rig.at(25, release(held as number), [granted(1, 2, 1)])
    rig.at(26, release(2), [granted(2, 3, 1)])
  })

  it('is refused a place with the numbers, if it does not want to wait for one', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 2, maxConcurrentUses: 1 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a', 2)
    rig.hold(0, 'a', 1, 'use')
    rig.at(5, lease(1, 'a', { whenFull: 'reject' }), [
      rejected(1, 'CONCURRENCY_LIMIT', 0, 'nothing', { ...RETRY, numbers: { held: 2, limit: 2 } }),
    ])
    rig.at(5, use(2, 'a', { whenFull: 'reject' }), [
      rejected(2, 'CONCURRENCY_LIMIT', 0, 'nothing', { ...RETRY, numbers: { held: 1, limit: 1 } }),
    ])
    rig.at(5, lease(3, 'a', { whenFull: 'wait' }), [])
    expect(rig.slot('a').waiting).toBe(1)
  })

  it('waits for a load even if it does not want to wait for a place', () => {
    const rig = new Rig({ a: {} })
    rig.at(0, lease(1, 'a', { whenFull: 'reject' }), [starts(1, 'a.0')])
    expect(rig.slot('a').waiting).toBe(1)
  })

  it('for an unknown model is a fault of ours', () => {
    const rig = new Rig({ a: {} })
    expect(() => rig.given(0, lease(1, 'b'))).toThrow('the scheduler knows no model b')
    expect(() => rig.given(0, swap(1, 'b', specOf('b')))).toThrow('the scheduler knows no model b')
  })

  it('waits behind a closed door, although the resident is the one that it wants', () => {
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' } })
    rig.resident(0, 'a')
    const [held] = rig.hold(0, 'a')
    rig.given(0, lease(1, 'b'))
    rig.at(5_000, TICK, [swaps('started', 'drain', 's', 'a', 'b.0')])
    rig.at(5_001, lease(2, 'a', { whenFull: 'reject' }), [])
    rig.at(5_001, load(3, 'a'), [])
    expect(rig.slot('s').waiting).toBe(3)
    expect(rig.state.leases.has(held as number)).toBe(true)
  })
})

describe('a deadline of the caller', () => {
  it('that has passed is refused without a word of trying again', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.at(0, lease(1, 'a', { deadlineMs: 0 }), [rejected(1, 'DEADLINE_EXCEEDED', 0, 'nothing')])
    rig.at(0, lease(2, 'a', { deadlineMs: -1 }), [rejected(2, 'DEADLINE_EXCEEDED', 0, 'nothing')])
    rig.at(0, lease(3, 'a', { deadlineMs: 1 }), [granted(3, 1, 1)])
  })

  it('comes before the access timeout when it is the earlier one', () => {
    const rig = new Rig({ a: {} })
    rig.at(0, lease(1, 'a', { deadlineMs: 500 }), [starts(1, 'a.0')])
    expect(rig.wakeAtMs).toBe(500)
    rig.at(499, TICK, [])
    rig.at(500, TICK, [rejected(1, 'DEADLINE_EXCEEDED', 500, 'the load', RETRY)])
  })

  it('is refused at once when the expected wait for a place exceeds it, and with the wait', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 1 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    for (let count = 0; count < 32; count++) noteHold(rig.slot('a').pace, 'lease', 100.5)
    rig.at(0, lease(1, 'a', { deadlineMs: 100 }), [
      rejected(1, 'OVERLOADED', 0, 'nothing', { ...RETRY, numbers: { expectedWaitMs: 101 } }),
    ])
    rig.at(0, lease(2, 'a', { deadlineMs: 100.5 }), [])
    rig.at(0, lease(3, 'a'), [])
    rig.at(0, lease(4, 'a', { deadlineMs: 301 }), [
      rejected(4, 'OVERLOADED', 0, 'nothing', { ...RETRY, numbers: { expectedWaitMs: 302 } }),
    ])
  })

  it('is not held against the expected wait before that is known, nor where there is a free place or a load', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 1 } })
    rig.resident(0, 'a')
    const [held] = rig.hold(0, 'a')
    for (let count = 0; count < 31; count++) noteHold(rig.slot('a').pace, 'lease', 1_000)
    rig.at(0, lease(1, 'a', { deadlineMs: 1 }), [])
    rig.given(0, abort(1))
    noteHold(rig.slot('a').pace, 'lease', 1_000)
    rig.given(0, release(held as number))
    rig.at(0, lease(2, 'a', { deadlineMs: 1 }), [granted(2, 2, 1)])
  })
})

describe('how long a ticket may wait', () => {
  it('is accessTimeoutMs for the whole of acquiring, whatever it waits for', () => {
    const rig = new Rig({ a: {} }, { limits: { accessTimeoutMs: 2_000 } })
    rig.at(100, lease(1, 'a'), [starts(1, 'a.0')])
    rig.at(2_099, TICK, [])
    rig.at(2_100, TICK, [rejected(1, 'ACCESS_TIMEOUT', 2_000, 'the load', RETRY)])
  })

  it('is longer by the loading timeout for a load that was asked for', () => {
    const rig = new Rig({ a: {} }, { limits: { accessTimeoutMs: 2_000, loadingTimeoutMs: 50_000 } })
    rig.given(0, load(1, 'a'))
    expect(rig.state.tickets.get(1)?.accessAtMs).toBe(52_000)
    rig.given(0, lease(2, 'a'))
    expect(rig.state.tickets.get(2)?.accessAtMs).toBe(2_000)
  })

  it('is waitTimeoutMs for a load that somebody else began', () => {
    const rig = new Rig({ a: {} }, { limits: { waitTimeoutMs: 300 } })
    rig.at(0, lease(1, 'a'), [starts(1, 'a.0')])
    rig.at(10, lease(2, 'a'), [])
    rig.at(309, TICK, [])
    rig.at(310, TICK, [rejected(2, 'WAIT_TIMEOUT', 300, 'the load', RETRY)])
    expect(rig.state.tickets.has(1), 'it began the load itself').toBe(true)
  })

  it('is not waitTimeoutMs where the load that is on its way is another one', () => {
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' } }, { limits: { waitTimeoutMs: 300 } })
    rig.at(0, lease(1, 'a'), [starts(1, 'a.0')])
    rig.at(10, lease(2, 'b'), [])
    expect(rig.state.tickets.get(2)?.waitAtMs).toBe(Infinity)
  })

  it('stays as it was when the limits are configured while it waits', () => {
    const rig = new Rig({ a: {} }, { limits: { accessTimeoutMs: 2_000 } })
    rig.given(0, lease(1, 'a'))
    rig.given(0, configure('a', { accessTimeoutMs: 10 }))
    rig.at(1_999, TICK, [])
    rig.at(2_000, TICK, [rejected(1, 'ACCESS_TIMEOUT', 2_000, 'the load', RETRY)])
  })
})

describe('priorities', () => {
  it.each([
    [undefined, 1],
    [0, 0],
    [3.9, 3],
    [-5, 0],
    [9, 9],
    [1_000, 9],
    [Infinity, 9],
    [NaN, 0],
  ])('%s is level %i', (priority, level) => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a', { priority }))
    expect(rig.state.tickets.get(1)?.priority).toBe(level)
  })

  it('decide who is served first', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 1 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, lease(1, 'a', { priority: 2 }))
    rig.given(0, lease(2, 'a'))
    rig.at(1, release(1), [granted(2, 2, 1)])
    rig.at(2, release(2), [granted(1, 3, 1)])
  })
})

describe('a full queue', () => {
  it('refuses, with the numbers', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 1, maxQueue: 2 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, lease(1, 'a'))
    rig.at(0, lease(2, 'a'), [])
    rig.at(0, lease(3, 'a'), [
      rejected(3, 'QUEUE_FULL', 0, 'nothing', { ...RETRY, numbers: { waiting: 2, limit: 2 } }),
    ])
    expect(rig.slot('a').waiting).toBe(2)
  })

  it('does not hold up those for whom there is a place', () => {
    const rig = new Rig({ a: {} }, { limits: { maxQueue: 0 } })
    rig.resident(0, 'a')
    rig.at(0, lease(1, 'a'), [granted(1, 1, 1)])
  })

  it('of length 0 lets nobody wait, not even for a load', () => {
    const rig = new Rig({ a: {} }, { limits: { maxQueue: 0 } })
    rig.at(0, lease(1, 'a'), [
      rejected(1, 'QUEUE_FULL', 0, 'nothing', { ...RETRY, numbers: { waiting: 0, limit: 0 } }),
    ])
  })

  it('lets the least urgent go for one that is more urgent', () => {
    const rig = new Rig({ a: {} }, { limits: { maxQueue: 2 } })
    rig.given(0, lease(1, 'a', { priority: 4 }))
    rig.given(0, lease(2, 'a', { priority: 3 }))
    rig.at(7, lease(3, 'a'), [
      rejected(1, 'QUEUE_FULL', 7, 'the load', { ...RETRY, numbers: { waiting: 2, limit: 2 } }),
    ])
    expect([...rig.state.tickets.keys()]).toEqual([2, 3])
  })

  it('looks for the least urgent among all models, selectors and kinds of the slot', () => {
    const setup = { a: { slot: 's', bytes: [100, 60] }, b: { slot: 's' } }
    const rig = new Rig(setup, { limits: { maxQueue: 4 } })
    rig.given(0, lease(1, 'a', { priority: 3 }))
    rig.given(0, lease(2, 'b', { priority: 3 }))
    rig.given(0, use(3, 'a', { priority: 5, selector: '1' }))
    rig.given(0, use(4, 'b', { priority: 4 }))
    const numbers = { waiting: 4, limit: 4 }
    rig.at(0, use(5, 'b', { priority: 2 }), [
      rejected(3, 'QUEUE_FULL', 0, 'another load', { ...RETRY, numbers }),
    ])
    rig.at(0, use(6, 'a', { priority: 2 }), [
      rejected(4, 'QUEUE_FULL', 0, 'another load', { ...RETRY, numbers }),
    ])
    // Of two on the same level the first that was found goes.
    rig.at(0, use(7, 'a', { priority: 2 }), [rejected(1, 'QUEUE_FULL', 0, 'the load', { ...RETRY, numbers })])
  })

  it('does not let go of one who asked for a load', () => {
    const rig = new Rig({ a: {} }, { limits: { maxQueue: 1 } })
    rig.given(0, load(1, 'a', { priority: 9 }))
    rig.at(0, lease(2, 'a', { priority: 0 }), [
      rejected(2, 'QUEUE_FULL', 0, 'nothing', { ...RETRY, numbers: { waiting: 1, limit: 1 } }),
    ])
    rig.at(0, load(3, 'a'), [])
  })
})

describe('pressure', () => {
  it('to shed refuses what is less urgent than by default, though there is a place', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.at(0, { type: 'pressure', level: 'shed' }, [])
    rig.at(0, lease(1, 'a', { priority: 2 }), [rejected(1, 'OVERLOADED', 0, 'nothing', RETRY)])
    rig.at(0, lease(2, 'a', { priority: 1 }), [granted(2, 1, 1)])
    rig.at(0, lease(3, 'a'), [granted(3, 2, 1)])
  })

  it('to reject refuses every use, and ends by itself', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.given(0, { type: 'pressure', level: 'reject' })
    rig.at(0, lease(1, 'a', { priority: 0 }), [rejected(1, 'OVERLOADED', 0, 'nothing', RETRY)])
    rig.at(0, load(2, 'a'), [isReady(2, 1)])
    rig.given(0, { type: 'pressure', level: 'none' })
    rig.at(0, lease(3, 'a', { priority: 9 }), [granted(3, 1, 1)])
  })
})

describe('an explicit load', () => {
  it('is ready at once where the model is, and sets its keep-alive from then on', () => {
    const rig = new Rig({ a: { keepAliveMs: 60_000 } })
    rig.resident(0, 'a')
    rig.at(5, load(1, 'a'), [isReady(1, 1)])
    expect(rig.generation(1).keepAliveMs).toBe(60_000)
    rig.at(10, load(2, 'a', { keepAliveMs: 9_000 }), [isReady(2, 1)])
    expect(rig.generation(1).idle.atMs).toBe(9_010)
    rig.at(20, load(3, 'a', { keepAliveMs: -1 }), [isReady(3, 1)])
    expect(rig.generation(1).idle.atMs).toBe(Infinity)
    expect(rig.state.tickets.size).toBe(0)
    expect(rig.generation(1).useCount, 'it is no use').toBe(0)
  })

  it('waits as all others, takes no place, and sets the keep-alive when it ends', () => {
    const rig = new Rig({ a: { keepAliveMs: 60_000 } }, { limits: { maxQueue: 0 } })
    rig.at(0, load(1, 'a', { keepAliveMs: 7_000 }), [starts(1, 'a.0')])
    rig.at(0, load(2, 'a'), [])
    rig.at(40, loadEnded(1), [loaded(1, 'a.0', 40), isReady(1, 1), isReady(2, 1)])
    expect(rig.generation(1)).toMatchObject({ idle: { atMs: 7_040 }, leases: { lease: 0, use: 0 } })
  })

  it('overrides the back-off', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a'))
    rig.given(0, loadFailed(1, new Error('x')))
    rig.at(1, load(2, 'a'), [starts(2, 'a.0')])
  })
})

describe('a swap that is asked for', () => {
  it('of an empty slot is a load of the new version', () => {
    const rig = new Rig({ a: {} })
    rig.at(0, swap(1, 'a', specOf('new')), [starts(1, 'new.0', { model: 'a' })])
    expect(rig.slot('a').waiting, 'it stands in no queue').toBe(0)
    rig.at(5, loadEnded(1), [loaded(1, 'new.0', 5, { model: 'a' }), isReady(1, 1)])
    expect(rig.model('a').spec.candidates(undefined)[0]?.id).toBe('new.0')
  })

  it('does not stand in a queue and so cannot be displaced from a full one', () => {
    const rig = new Rig({ a: {} }, { limits: { maxQueue: 0 } })
    rig.at(0, swap(1, 'a', specOf('new')), [starts(1, 'new.0', { model: 'a' })])
  })

  it('takes the place of one that has not begun', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a'))
    rig.at(1, swap(2, 'a', specOf('new')), [])
    rig.at(3, swap(3, 'a', specOf('newer')), [rejected(2, 'LOAD_CANCELLED', 2, 'another load')])
    expect(rig.slot('a').pendingSwap?.id).toBe(3)
    rig.at(9, loadEnded(1), [
      loaded(1, 'a.0', 9),
      granted(1, 1, 1, 9),
      swaps('started', 'overlap', 'a', 'a', 'newer.0'),
      starts(2, 'newer.0', { model: 'a' }),
    ])
  })

  it('has the time of a load, and no limit on its patience with one', () => {
    const limits = { accessTimeoutMs: 1_000, loadingTimeoutMs: 9_000, waitTimeoutMs: 10 }
    const rig = new Rig({ a: {} }, { limits })
    rig.given(0, lease(1, 'a'))
    rig.given(5, swap(2, 'a', specOf('new')))
    expect(rig.state.tickets.get(2)).toMatchObject({
      kind: 'load',
      accessAtMs: 10_005,
      waitAtMs: Infinity,
      deadlineAtMs: Infinity,
      deadline: { atMs: 10_005 },
    })
  })
})

describe('after close', () => {
  it('nobody is admitted, and nobody is told to try again', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    const [held] = rig.hold(0, 'a')
    rig.at(0, close(1_000), [])
    rig.at(1, lease(1, 'a'), [rejected(1, 'SHUTDOWN', 0, 'nothing')])
    rig.at(1, load(2, 'a'), [rejected(2, 'SHUTDOWN', 0, 'nothing')])
    rig.at(1, swap(3, 'a', specOf('new')), [rejected(3, 'SHUTDOWN', 0, 'nothing')])
    expect(rig.state.leases.has(held as number)).toBe(true)
    const empty = new Rig({ a: {} })
    empty.at(0, close(1_000), [CLOSED])
    empty.at(1, lease(1, 'a'), [rejected(1, 'SHUTDOWN', 0, 'nothing')])
  })
})

describe('who leaves', () => {
  it('does not hurt the others that wait for the load', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'a'))
    rig.at(1, abort(1), [])
    rig.at(2, loadEnded(1), [loaded(1, 'a.0', 2), granted(2, 1, 1, 2)])
  })

  it('as the last one ends the load', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a'))
    rig.given(0, load(2, 'a'))
    rig.at(1, abort(1), [])
    rig.at(2, abort(2), [abortsLoad(1), failed(1, 'a.0', 2, undefined, { wasAborted: true })])
    expect(rig.slot('a').incoming).toBeUndefined()
    expect(rig.state.tickets.size).toBe(0)
  })

  it('does not end a load for which others wait with another selector, nor one of another model', () => {
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' } })
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'b'))
    rig.at(1, abort(2), [])
    expect(rig.slot('s').incoming?.phase.type).toBe('loading')
  })

  it('twice, or after its end, changes nothing', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.at(0, lease(1, 'a'), [granted(1, 1, 1)])
    rig.at(1, abort(1), [])
    rig.at(1, abort(99), [])
    expect(rig.state.leases.has(1)).toBe(true)
  })

  it('as the one who asked for a swap ends it, and the old version serves on', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.at(0, swap(1, 'a', specOf('new')), [
      swaps('started', 'overlap', 'a', 'a', 'new.0'),
      starts(2, 'new.0', { model: 'a' }),
    ])
    rig.at(4, abort(1), [
      abortsLoad(2),
      failed(2, 'new.0', 4, undefined, { wasAborted: true, model: 'a' }),
      swaps('given-up', 'overlap', 'a', 'a', 'new.0'),
    ])
    rig.at(5, lease(2, 'a'), [granted(2, 1, 1)])
    expect(rig.model('a').spec.candidates(undefined)[0]?.id).toBe('a.0')
  })

  it('before its swap begins leaves nothing of it', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a'))
    rig.given(0, swap(2, 'a', specOf('new')))
    rig.at(1, abort(2), [])
    expect(rig.slot('a').pendingSwap).toBeUndefined()
    expect(rig.slot('a').incoming?.demand.model.name).toBe('a')
    rig.at(2, loadEnded(1), [loaded(1, 'a.0', 2), granted(1, 1, 1, 2)])
  })

  it('as the last one ends the loads of the group that came along for it', () => {
    const rig = new Rig({ a: { group: 'g' }, b: { group: 'g' }, c: { group: 'g' }, d: { group: 'other' } })
    rig.at(0, lease(1, 'a'), [starts(1, 'a.0'), starts(2, 'b.0'), starts(3, 'c.0')])
    rig.given(0, lease(2, 'c'))
    rig.given(0, lease(3, 'd'))
    rig.at(5, abort(1), [
      abortsLoad(1),
      failed(1, 'a.0', 5, undefined, { wasAborted: true }),
      abortsLoad(2),
      failed(2, 'b.0', 5, undefined, { wasAborted: true }),
    ])
    expect(rig.slot('c').incoming?.phase.type, 'somebody waits for it by now').toBe('loading')
    expect(rig.slot('d').incoming?.phase.type).toBe('loading')
  })

  it('does not end a load of its group that was made for others', () => {
    const rig = new Rig({ a: { group: 'g' }, b: { group: 'g' } })
    rig.given(0, lease(1, 'b'))
    rig.given(0, abort(1))
    // b was first: now a is what came along.
    rig.given(1, lease(2, 'b'))
    rig.given(1, lease(3, 'a'))
    rig.given(2, abort(3))
    expect(rig.slot('b').incoming?.demand.model.name).toBe('b')
    expect(rig.state.tickets.has(2)).toBe(true)
  })

  it('does not end the load of a model without a group', () => {
    const rig = new Rig({ a: {}, b: { isPreloaded: true } })
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'b'))
    rig.given(1, abort(1))
    expect(rig.slot('b').incoming?.phase.type).toBe('loading')
  })

  it('does not end what came along for the model of another group', () => {
    const rig = new Rig({ a: { group: 'g' }, b: { group: 'g' }, c: { group: 'h' }, d: { group: 'h' } })
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'c'))
    rig.given(5, abort(1))
    expect(rig.slot('b').incoming).toBeUndefined()
    expect(rig.slot('d').incoming?.origin).toBe('group')
  })

  it('as the one who asked for a swap does not end what came along for the old version', () => {
    const rig = new Rig({ a: { group: 'g' }, b: { group: 'g' } })
    rig.given(0, lease(1, 'a'))
    rig.given(1, loadEnded(1))
    rig.given(2, swap(2, 'a', specOf('new')))
    rig.at(3, abort(2), [
      abortsLoad(3),
      failed(3, 'new.0', 1, undefined, { wasAborted: true, model: 'a' }),
      swaps('given-up', 'overlap', 'a', 'a', 'new.0'),
    ])
    expect(rig.slot('b').incoming?.phase.type).toBe('loading')
  })

  it('does not end a load of another model that goes on although those who waited ran out of time', () => {
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' } })
    rig.given(0, lease(1, 'a', { deadlineMs: 10 }))
    rig.given(10, lease(2, 'b'))
    rig.at(11, abort(2), [])
    expect(rig.slot('s').incoming?.phase.type).toBe('loading')
  })

  it('frees its place in the queue', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 1, maxQueue: 1 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, runStarted(1, 1))
    rig.given(0, lease(1, 'a'))
    rig.given(0, abort(1))
    expect(rig.slot('a').waiting).toBe(0)
    rig.at(0, lease(2, 'a'), [])
    rig.at(1, release(1), [granted(2, 2, 1)])
  })
})
