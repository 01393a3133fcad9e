import { describe, expect, it } from 'vitest'
import {
  abort,
  abortsLoad,
  cancelLoading,
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
  lost,
  rejected,
  release,
  Rig,
  specOf,
  starts,
  swap,
  swaps,
  TICK,
  unload,
  unloadEnded,
  warns,
} from '../../test/support/rig.ts'

const error = new Error('no such file')
const TWO = { a: { bytes: [100, 60] } }

describe('a load', () => {
  it('becomes the resident, with what was measured', () => {
    const rig = new Rig({ a: { keepAliveMs: 7_000 } })
    rig.given(10, lease(1, 'a', { selector: '0' }))
    expect(rig.slot('a').incoming).toMatchObject({
      mode: 'fill',
      origin: 'tickets',
      plannedAtMs: 10,
      index: 0,
      phase: { type: 'loading', generation: 1, startedAtMs: 10, progress: 0, bytes: 100 },
      failures: [],
    })
    rig.at(260, loadEnded(1, 130), [loaded(1, 'a.0', 250, { memoryBytes: 130 }), granted(1, 1, 1, 250)])
    const { current, incoming, pace } = rig.slot('a')
    expect(incoming).toBeUndefined()
    expect(pace.loadMs).toBe(250)
    expect(current).toBe(rig.generation(1))
    expect(current).toMatchObject({
      generation: 1,
      demand: { selector: '0' },
      variant: { id: 'a.0' },
      isFallback: false,
      bytes: 130,
      readyAtMs: 260,
      phase: 'ready',
      reason: undefined,
      keepAliveMs: 7_000,
      lastUsedAtMs: 260,
      runs: new Map(),
    })
    expect(rig.state.measuredBytes.get('a.0')).toBe(130)
    expect(rig.wakeAtMs).toBe(Infinity)
  })

  it('that nobody holds starts with the idle clock', () => {
    const rig = new Rig({ a: { keepAliveMs: 7_000 } })
    rig.given(0, load(1, 'a'))
    rig.at(50, loadEnded(1), [loaded(1, 'a.0', 50), isReady(1, 1)])
    expect(rig.wakeAtMs).toBe(7_050)
    rig.at(7_049, TICK, [])
    rig.at(7_050, TICK, [disposes(1)])
  })

  it('reports its progress; that of an old one is nobody’s', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a'))
    rig.at(5, { type: 'load-progress', generation: 1, fraction: 0.4 }, [])
    rig.at(5, { type: 'load-progress', generation: 9, fraction: 0.9 }, [])
    expect(rig.slot('a').incoming?.phase).toMatchObject({ progress: 0.4 })
  })

  it('is counted next time with what it took', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a', 130)
    rig.given(0, unload('a'))
    rig.given(0, unloadEnded(1))
    rig.given(0, lease(1, 'a'))
    expect(rig.slot('a').incoming?.phase).toMatchObject({ bytes: 130 })
  })

  it('that succeeds forgets the last error and the back-off', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a'))
    rig.given(0, loadFailed(1, error))
    expect(rig.model('a').lastError).toBe(error)
    rig.given(0, load(2, 'a'))
    rig.given(0, loadEnded(2))
    expect(rig.model('a').lastError).toBeUndefined()
    expect(rig.state.backOff.size).toBe(0)
  })
})

describe('a load that takes too long', () => {
  it('is aborted at loadingTimeoutMs, not a millisecond earlier, and all who wait hear it', () => {
    const rig = new Rig({ a: {} }, { limits: { loadingTimeoutMs: 500, accessTimeoutMs: 9_000 } })
    rig.given(0, lease(1, 'a'))
    rig.given(100, lease(2, 'a'))
    expect(rig.wakeAtMs).toBe(500)
    rig.at(499, TICK, [])
    const timeout = new Error('a.0 was not loaded within 500 ms')
    rig.at(500, TICK, [
      abortsLoad(1),
      failed(1, 'a.0', 500, timeout),
      rejected(1, 'LOADING_TIMEOUT', 500, 'the load', { retryAfterMs: 10_000 }),
      rejected(2, 'LOADING_TIMEOUT', 400, 'the load', { retryAfterMs: 10_000 }),
    ])
    expect(rig.model('a').lastError).toEqual(timeout)
    expect(rig.state.backOff.get('a.0')).toMatchObject({ failures: 1 })
    expect([...rig.slot('a').aborting.values()]).toMatchObject([
      { generation: 1, model: 'a', bytes: 100, deadline: { atMs: 2_500 } },
    ])
  })

  it('is over even if it ends in the moment of its limit: what came is given back', () => {
    const rig = new Rig({ a: {} }, { limits: { loadingTimeoutMs: 500 } })
    rig.given(0, lease(1, 'a'))
    rig.at(500, loadEnded(1), [
      abortsLoad(1),
      failed(1, 'a.0', 500, new Error('a.0 was not loaded within 500 ms')),
      rejected(1, 'LOADING_TIMEOUT', 500, 'the load', { retryAfterMs: 10_000 }),
      disposes(1),
    ])
    expect(rig.slot('a').aborting.size, 'its memory counts until it is gone').toBe(1)
    rig.at(510, unloadEnded(1), [])
    expect(rig.slot('a').aborting.size).toBe(0)
    expect(rig.wakeAtMs).toBe(Infinity)
  })

  it('makes room for the next candidate, which has a limit of its own, once it has ended', () => {
    const rig = new Rig(TWO, { limits: { loadingTimeoutMs: 500, accessTimeoutMs: 9_000 } })
    rig.given(0, lease(1, 'a'))
    rig.at(500, TICK, [
      abortsLoad(1),
      failed(1, 'a.0', 500, new Error('a.0 was not loaded within 500 ms')),
      warns('a', 'fallback', 'a.0 could not be loaded; a.1 is tried instead'),
    ])
    expect(rig.slot('a').incoming?.phase).toEqual({ type: 'queued', blockedBy: 'unload', nextDrainAtMs: 0 })
    rig.at(600, loadFailed(1, new Error('aborted')), [starts(2, 'a.1', { bytes: 60 })])
    rig.at(1_099, TICK, [])
    rig.at(1_100, loadEnded(2), [
      abortsLoad(2),
      failed(2, 'a.1', 500, new Error('a.1 was not loaded within 500 ms')),
      rejected(1, 'LOADING_TIMEOUT', 1_100, 'the load', { retryAfterMs: 10_000 }),
      disposes(2),
    ])
  })

  it('is given up waiting for two seconds after it was aborted', () => {
    const rig = new Rig(TWO, { limits: { loadingTimeoutMs: 500 } })
    rig.given(0, lease(1, 'a'))
    rig.given(500, TICK)
    rig.at(2_499, TICK, [])
    rig.at(2_500, TICK, [
      warns('a', 'abandoned', 'generation 1 did not end in time; its memory is no longer counted'),
      starts(2, 'a.1', { bytes: 60 }),
    ])
    rig.at(2_501, loadEnded(1), [disposes(1)])
    rig.at(2_502, loadFailed(1, error), [])
    rig.at(2_503, unloadEnded(1), [])
  })

  it('runs on when those who waited ran out of time before it', () => {
    const rig = new Rig({ a: {} }, { limits: { accessTimeoutMs: 100 } })
    rig.given(0, lease(1, 'a'))
    rig.at(100, TICK, [rejected(1, 'ACCESS_TIMEOUT', 100, 'the load', { retryAfterMs: 1_000 })])
    expect(rig.slot('a').incoming?.phase.type).toBe('loading')
    rig.at(5_000, loadEnded(1), [loaded(1, 'a.0', 5_000)])
    rig.at(5_000, lease(2, 'a'), [granted(2, 1, 1)])
  })
})

describe('a load that fails', () => {
  it('tells all who wait why, and when to come back', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a'))
    rig.given(0, load(2, 'a'))
    rig.at(20, loadFailed(1, error), [
      failed(1, 'a.0', 20, error),
      rejected(1, 'MODEL_LOAD', 20, 'the load', { cause: error, retryAfterMs: 10_000 }),
      rejected(2, 'MODEL_LOAD', 20, 'the load', { cause: error, retryAfterMs: 10_000 }),
    ])
    expect(rig.model('a').lastError).toBe(error)
    expect(rig.slot('a').incoming).toBeUndefined()
    expect(rig.wakeAtMs).toBe(Infinity)
    rig.at(21, loadFailed(1, error), [])
  })

  it('tries the fallbacks in order, in the same slot', () => {
    const rig = new Rig({ a: { bytes: [100, 60, 30] } })
    rig.given(0, lease(1, 'a'))
    rig.at(10, loadFailed(1, error), [
      failed(1, 'a.0', 10, error),
      warns('a', 'fallback', 'a.0 could not be loaded; a.1 is tried instead'),
      starts(2, 'a.1', { bytes: 60 }),
    ])
    const second = new Error('nor this')
    rig.at(15, loadFailed(2, second), [
      failed(2, 'a.1', 5, second),
      warns('a', 'fallback', 'a.1 could not be loaded; a.2 is tried instead'),
      starts(3, 'a.2', { bytes: 30 }),
    ])
    expect(rig.slot('a').incoming?.failures).toEqual([
      { variant: expect.objectContaining({ id: 'a.0' }) as unknown, error, timedOut: false },
      { variant: expect.objectContaining({ id: 'a.1' }) as unknown, error: second, timedOut: false },
    ])
    rig.at(20, loadEnded(3, 30), [loaded(3, 'a.2', 5, { memoryBytes: 30 }), granted(1, 1, 3, 20)])
    expect(rig.generation(3)).toMatchObject({ isFallback: true, variant: { id: 'a.2' } })
    expect(rig.state.backOff.size, 'that a fallback serves does not clear the back-off').toBe(2)
  })

  it('has no fallback for an explicit dtype', () => {
    const rig = new Rig(TWO)
    rig.given(0, lease(1, 'a', { selector: '0' }))
    rig.at(10, loadFailed(1, error), [
      failed(1, 'a.0', 10, error),
      rejected(1, 'MODEL_LOAD', 10, 'the load', { cause: error, retryAfterMs: 10_000 }),
    ])
  })

  it('does not try a fallback whose back-off is in force, but for an explicit load', () => {
    const failedBefore = (): Rig => {
      const rig = new Rig({ a: { bytes: [100, 60, 30] } })
      rig.given(0, lease(1, 'a', { selector: '1' }))
      rig.given(0, loadFailed(1, error))
      return rig
    }
    const rig = failedBefore()
    rig.given(5, lease(2, 'a'))
    rig.at(5, loadFailed(2, error), [
      failed(2, 'a.0', 0, error),
      warns('a', 'fallback', 'a.0 could not be loaded; a.2 is tried instead'),
      starts(3, 'a.2', { bytes: 30 }),
    ])
    const explicit = failedBefore()
    explicit.given(5, load(2, 'a'))
    explicit.at(5, loadFailed(2, error), [
      failed(2, 'a.0', 0, error),
      warns('a', 'fallback', 'a.0 could not be loaded; a.1 is tried instead'),
      starts(3, 'a.1', { bytes: 60 }),
    ])
  })

  it('begins with the first candidate that has no back-off', () => {
    const rig = new Rig(TWO)
    rig.given(0, lease(1, 'a', { selector: '0' }))
    rig.given(0, loadFailed(1, error))
    rig.at(5, lease(2, 'a'), [starts(2, 'a.1', { bytes: 60 })])
    rig.given(5, loadFailed(2, error))
    rig.at(10_000, lease(3, 'a'), [starts(3, 'a.0')])
  })

  it('waits longer each time, by key', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, load(1, 'a'))
    rig.given(0, loadFailed(1, error))
    rig.given(1, load(2, 'a'))
    rig.at(1, loadFailed(2, error), [
      failed(2, 'a.0', 0, error),
      rejected(2, 'MODEL_LOAD', 0, 'the load', { cause: error, retryAfterMs: 20_000 }),
    ])
  })
})

describe('a load that was aborted', () => {
  it('has its memory counted until it has ended, and keeps the slot till then', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a'))
    rig.given(10, abort(1))
    rig.at(20, lease(2, 'a'), [])
    expect(rig.slot('a').incoming?.phase).toMatchObject({ blockedBy: 'unload' })
    rig.at(30, loadFailed(1, error), [starts(2, 'a.0')])
    expect(rig.state.backOff.size, 'it did not fail').toBe(0)
    expect(rig.model('a').lastError).toBeUndefined()
  })

  it('and succeeded all the same is given back', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a'))
    rig.given(10, abort(1))
    rig.given(20, lease(2, 'a'))
    rig.at(30, loadEnded(1), [disposes(1)])
    expect(rig.state.measuredBytes.size).toBe(0)
    rig.at(40, unloadEnded(1), [starts(2, 'a.0')])
  })
})

describe('cancelling the load', () => {
  it('rejects all who wait for it, and ends it', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a'))
    rig.given(5, load(2, 'a'))
    rig.at(10, cancelLoading('a'), [
      rejected(1, 'LOAD_CANCELLED', 10, 'the load'),
      rejected(2, 'LOAD_CANCELLED', 5, 'the load'),
      abortsLoad(1),
      failed(1, 'a.0', 10, undefined, { wasAborted: true }),
    ])
    expect(rig.slot('a').incoming).toBeUndefined()
  })

  it('spares those who want the same model in other words: they load it afresh', () => {
    const rig = new Rig(TWO)
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'a', { selector: '1' }))
    rig.given(10, cancelLoading('a'))
    expect([...rig.state.tickets.keys()]).toEqual([2])
    rig.at(20, loadFailed(1, error), [starts(2, 'a.1', { bytes: 60, isFallback: false })])
  })

  it('without a load, or with one of another model, has no effect', () => {
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' } })
    rig.at(0, cancelLoading('a'), [])
    rig.at(0, cancelLoading('unheard of'), [])
    rig.given(0, lease(1, 'b'))
    rig.at(1, cancelLoading('a'), [])
    expect(rig.slot('s').incoming?.phase.type).toBe('loading')
  })

  it('of a swap rejects the one who asked for it', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.given(0, swap(1, 'a', specOf('new')))
    rig.at(10, cancelLoading('a'), [
      abortsLoad(2),
      failed(2, 'new.0', 10, undefined, { wasAborted: true, model: 'a' }),
      rejected(1, 'LOAD_CANCELLED', 10, 'the load'),
      swaps('given-up', 'overlap', 'a', 'a', 'new.0'),
    ])
    rig.at(11, lease(2, 'a'), [granted(2, 1, 1)])
  })
})

describe('a swap to a new version', () => {
  it('loads beside the old one, which serves on, and replaces it', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.at(10, swap(1, 'a', specOf('new')), [
      swaps('started', 'overlap', 'a', 'a', 'new.0'),
      starts(2, 'new.0', { model: 'a' }),
    ])
    rig.at(20, lease(2, 'a'), [granted(2, 2, 1)])
    rig.at(30, loadEnded(2), [
      loaded(2, 'new.0', 20, { model: 'a' }),
      swaps('ended', 'overlap', 'a', 'a', 'new.0'),
      isReady(1, 2),
    ])
    expect(rig.generation(1)).toMatchObject({ phase: 'draining', reason: 'swapped' })
    rig.at(31, lease(3, 'a'), [granted(3, 3, 2)])
    rig.at(40, release(1), [])
    rig.at(50, release(2), [disposes(1)])
    rig.at(60, unloadEnded(1), [gone(1, 'a.0', 'swapped')])
  })

  it('that nobody holds disposes of the old one at once', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.given(10, swap(1, 'a', specOf('new')))
    rig.at(30, loadEnded(2), [
      disposes(1),
      loaded(2, 'new.0', 20, { model: 'a' }),
      swaps('ended', 'overlap', 'a', 'a', 'new.0'),
      isReady(1, 2),
    ])
  })

  it('that fails leaves the old one serving, and is told why', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(10, swap(1, 'a', specOf('new')))
    rig.at(30, loadFailed(2, error), [
      failed(2, 'new.0', 20, error, { model: 'a' }),
      rejected(1, 'MODEL_LOAD', 20, 'the load', { cause: error, retryAfterMs: 10_000 }),
      swaps('given-up', 'overlap', 'a', 'a', 'new.0'),
    ])
    rig.at(31, lease(2, 'a'), [granted(2, 2, 1)])
    expect(rig.model('a').spec.candidates(undefined)[0]?.id).toBe('a.0')
  })

  it('tries the fallbacks of the new version', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.given(10, swap(1, 'a', specOf('new', [100, 60])))
    rig.at(30, loadFailed(2, error), [
      failed(2, 'new.0', 20, error, { model: 'a' }),
      warns('a', 'fallback', 'new.0 could not be loaded; new.1 is tried instead'),
      starts(3, 'new.1', { bytes: 60, model: 'a' }),
    ])
  })

  it('that had to make room and fails loads the old one again', () => {
    const rig = new Rig({ a: {} }, { memoryBudgetBytes: 150 })
    rig.resident(0, 'a')
    rig.at(10, swap(1, 'a', specOf('new')), [swaps('started', 'drain', 'a', 'a', 'new.0'), disposes(1)])
    rig.at(20, unloadEnded(1), [gone(1, 'a.0', 'swapped'), starts(2, 'new.0', { model: 'a' })])
    rig.at(30, loadFailed(2, error), [
      failed(2, 'new.0', 10, error, { model: 'a' }),
      rejected(1, 'MODEL_LOAD', 20, 'the load', { cause: error, retryAfterMs: 10_000 }),
      swaps('given-up', 'drain', 'a', 'a', 'new.0'),
      starts(3, 'a.0'),
    ])
    expect(rig.slot('a').incoming?.origin).toBe('restore')
    rig.at(40, loadEnded(3), [loaded(3, 'a.0', 10)])
  })

  it('whose asker ran out of time replaces the old one all the same', () => {
    const rig = new Rig({ a: {} }, { limits: { accessTimeoutMs: 0, loadingTimeoutMs: 100 } })
    rig.resident(0, 'a')
    rig.given(0, swap(1, 'a', specOf('new', [100, 60])))
    rig.given(90, loadFailed(2, error))
    rig.at(100, TICK, [rejected(1, 'ACCESS_TIMEOUT', 100, 'the load', { retryAfterMs: 1_000 })])
    rig.at(150, loadEnded(3, 60), [
      disposes(1),
      loaded(3, 'new.1', 60, { model: 'a', memoryBytes: 60 }),
      swaps('ended', 'overlap', 'a', 'a', 'new.1'),
    ])
  })

  it('whose asker ran out of time fails in silence', () => {
    const rig = new Rig({ a: {} }, { limits: { accessTimeoutMs: 0, loadingTimeoutMs: 100 } })
    rig.resident(0, 'a')
    rig.given(0, swap(1, 'a', specOf('new', [100, 60])))
    rig.given(90, loadFailed(2, error))
    rig.given(100, TICK)
    rig.at(150, loadFailed(3, error), [
      failed(3, 'new.1', 60, error, { model: 'a' }),
      swaps('given-up', 'overlap', 'a', 'a', 'new.1'),
    ])
  })
})

describe('a group', () => {
  it('loads together, in both directions', () => {
    const models = { 'en-de': { group: 'g' }, 'de-en': { group: 'g' }, other: { group: 'h' }, none: {} }
    for (const [asked, along] of [
      ['en-de', 'de-en'],
      ['de-en', 'en-de'],
    ] as const) {
      const rig = new Rig(models)
      rig.at(0, lease(1, asked), [starts(1, `${asked}.0`), starts(2, `${along}.0`)])
      expect(rig.slot(along).incoming?.origin).toBe('group')
      rig.at(5, loadEnded(2), [loaded(2, `${along}.0`, 5)])
    }
  })

  it('that came along goes on when nobody waits for it, and a model without a group comes alone', () => {
    const rig = new Rig({ a: { group: 'g' }, b: { group: 'g' }, c: {} }, { maxParallelLoads: 1 })
    rig.at(0, lease(1, 'a'), [starts(1, 'a.0')])
    rig.at(1, loadEnded(1), [loaded(1, 'a.0', 1), granted(1, 1, 1, 1), starts(2, 'b.0')])
    rig.given(2, loadEnded(2))
    rig.at(3, lease(2, 'c'), [starts(3, 'c.0')])
  })

  it('does not load again what is there or on its way, nor what has a back-off', () => {
    const rig = new Rig({ a: { group: 'g' }, b: { group: 'g' }, c: { group: 'g' }, d: { group: 'g' } })
    rig.given(0, lease(1, 'd'))
    rig.given(0, loadEnded(1))
    rig.given(0, loadFailed(2, error))
    rig.given(0, loadFailed(3, error))
    rig.given(0, loadEnded(4))
    expect([rig.slot('d').current, rig.slot('c').current].map((it) => it?.demand.model.name)).toEqual([
      'd',
      'c',
    ])
    rig.given(0, unload('d'))
    rig.given(0, unloadEnded(1))
    rig.at(10, lease(2, 'd'), [starts(5, 'd.0')])
  })

  it('comes along with what fallback it has, while not all of its candidates have a back-off', () => {
    const rig = new Rig({ a: { group: 'g' }, b: { group: 'g', bytes: [100, 60] } })
    rig.given(0, lease(1, 'b', { selector: '0' }))
    rig.given(0, loadFailed(1, error))
    rig.given(0, loadEnded(2))
    expect(rig.slot('a').current?.generation, 'a came along').toBe(2)
    rig.given(0, unload('a'))
    rig.given(0, unloadEnded(2))
    rig.at(1, lease(2, 'a'), [starts(3, 'a.0'), starts(4, 'b.1', { bytes: 60 })])
  })

  it('does not come along with a model that is tried again, or loaded again after a swap', () => {
    const retried = new Rig({ a: { group: 'g', isPreloaded: true }, b: { group: 'g' } })
    retried.given(0, load(1, 'a'))
    retried.given(0, loadFailed(1, error))
    retried.given(0, loadEnded(2))
    retried.given(0, unload('b'))
    retried.given(0, unloadEnded(2))
    retried.at(10_000, TICK, [starts(3, 'a.0')])
  })

  it('does not come along with a swap', () => {
    const rig = new Rig({ a: { group: 'g' }, b: { group: 'g' } })
    rig.at(0, swap(1, 'a', specOf('new')), [starts(1, 'new.0', { model: 'a' })])
  })
})

describe('a preloaded model', () => {
  it('is tried again by itself when its back-off ends', () => {
    const rig = new Rig({ a: { isPreloaded: true } })
    rig.given(0, load(1, 'a'))
    rig.given(100, loadFailed(1, error))
    expect(rig.wakeAtMs).toBe(10_100)
    rig.at(10_099, TICK, [])
    rig.at(10_100, TICK, [starts(2, 'a.0')])
    expect(rig.slot('a').incoming?.origin).toBe('retry')
    rig.given(10_200, loadFailed(2, error))
    expect(rig.wakeAtMs).toBe(30_200)
  })

  it('is not tried again by itself once somebody else loads it', () => {
    const rig = new Rig({ a: { isPreloaded: true } })
    rig.given(0, load(1, 'a'))
    rig.given(0, loadFailed(1, error))
    rig.at(1, load(2, 'a'), [starts(2, 'a.0')])
    expect(rig.model('a').retry.atMs).toBe(Infinity)
  })

  it('waits for the back-off of its first choice, though its fallback failed last', () => {
    const rig = new Rig({ a: { isPreloaded: true, bytes: [100, 60] } })
    rig.given(0, load(1, 'a'))
    rig.given(0, loadFailed(1, error))
    rig.given(500, loadFailed(2, error))
    expect(rig.model('a').retry.atMs).toBe(10_000)
  })

  it('is tried again at once when the back-off of its first choice ended while the fallback was being loaded', () => {
    const rig = new Rig({ a: { isPreloaded: true, bytes: [100, 60] } })
    rig.given(0, load(1, 'a'))
    rig.given(0, loadFailed(1, error))
    rig.given(15_000, loadFailed(2, error))
    expect(rig.model('a').retry.atMs).toBe(15_000)
    rig.at(15_000, TICK, [starts(3, 'a.0')])
  })

  it('only: another one that failed is not tried again before somebody asks', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, load(1, 'a'))
    rig.given(0, loadFailed(1, error))
    expect(rig.wakeAtMs).toBe(Infinity)
  })

  it('that was lost is loaded again at once, the second time after a back-off', () => {
    const rig = new Rig({ a: { isPreloaded: true } })
    rig.resident(0, 'a')
    rig.given(10, lost(1, error))
    expect(rig.model('a').retry.atMs).toBe(10)
    rig.at(10, unloadEnded(1), [gone(1, 'a.0', 'lost'), starts(2, 'a.0')])
  })
})
