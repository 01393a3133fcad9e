import { describe, expect, it } from 'vitest'
import {
  abort,
  abortsLoad,
  close,
  CLOSED,
  disposes,
  failed,
  gone,
  granted,
  kills,
  lease,
  load,
  loaded,
  loadEnded,
  loadFailed,
  lost,
  rejected,
  release,
  revoked,
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

describe('close', () => {
  it('of an idle scheduler is over at once', () => {
    const rig = new Rig({ a: {} })
    rig.at(0, close(1_000), [CLOSED])
    expect(rig.state.closing?.phase).toBe('closed')
    expect(rig.wakeAtMs).toBe(Infinity)
    rig.at(1, close(0), [])
    rig.at(2, TICK, [])
  })

  it('unloads what is idle at once, and is over when that has ended', () => {
    const rig = new Rig({ a: { keepAliveMs: 60_000 }, b: {} })
    rig.resident(0, 'a')
    rig.resident(0, 'b')
    rig.at(5, close(1_000), [disposes(1), disposes(2)])
    rig.at(6, unloadEnded(2), [gone(2, 'b.0', 'shutdown')])
    rig.at(7, unloadEnded(1), [gone(1, 'a.0', 'shutdown'), CLOSED])
    expect(rig.state.deadlines.size).toBe(0)
  })

  it('lets work in flight finish: leases, runs, and those who wait', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 1 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, lease(1, 'a'))
    rig.given(0, runStarted(1, 1))
    rig.at(5, close(1_000), [])
    expect(rig.wakeAtMs).toBe(1_005)
    rig.at(10, release(1), [granted(1, 2, 1)])
    rig.at(20, release(2), [])
    expect(rig.state.closing?.phase).toBe('grace')
    rig.at(30, runEnded(1, 1), [disposes(1)])
    rig.at(40, unloadEnded(1), [gone(1, 'a.0', 'shutdown'), CLOSED])
  })

  it('lets a load finish for which somebody waits', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a'))
    rig.at(5, close(1_000), [])
    rig.at(10, loadEnded(1), [loaded(1, 'a.0', 10), granted(1, 1, 1, 10)])
    rig.at(20, release(1), [disposes(1)])
    rig.at(30, unloadEnded(1), [gone(1, 'a.0', 'shutdown'), CLOSED])
  })

  it('plans further loads within the grace for those who were admitted', () => {
    const rig = new Rig({ a: {}, b: {} }, { maxParallelLoads: 1 })
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'b'))
    rig.given(0, close(1_000))
    rig.at(10, loadEnded(1), [loaded(1, 'a.0', 10), granted(1, 1, 1, 10), starts(2, 'b.0')])
  })

  it('plans the turn of those who wait for another model in the slot', () => {
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' } }, { limits: { minResidencyMs: 0 } })
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'b'))
    rig.given(0, loadEnded(1))
    rig.given(1, close(1_000))
    rig.at(2, release(1), [swaps('started', 'drain', 's', 'a', 'b.0'), disposes(1)])
    rig.at(3, unloadEnded(1), [gone(1, 'a.0', 'swapped'), starts(2, 'b.0')])
  })

  it('after the grace ends what is left: tickets, loads, leases', () => {
    const rig = new Rig({ a: {}, b: {}, c: { slot: 'a' }, d: {} }, { limits: { maxConcurrent: 1 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, runStarted(1, 1))
    rig.resident(0, 'd')
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'b'))
    rig.given(0, lease(3, 'c'))
    rig.at(5, close(1_000), [])
    rig.at(1_004, TICK, [])
    rig.at(1_005, TICK, [
      rejected(1, 'SHUTDOWN', 1_005, 'a free place'),
      rejected(2, 'SHUTDOWN', 1_005, 'the load'),
      rejected(3, 'SHUTDOWN', 1_005, 'a free place'),
      abortsLoad(3),
      failed(3, 'b.0', 1_005, undefined, { wasAborted: true }),
      revoked(1, 'shutdown'),
      kills(1, 'a', 'shutdown'),
      disposes(2),
    ])
    expect(rig.state.closing?.phase).toBe('aborting')
    expect(rig.slot('a').plan.atMs).toBe(Infinity)
    rig.at(1_006, unloadEnded(1), [gone(1, 'a.0', 'shutdown')])
    rig.at(1_007, unloadEnded(2), [gone(2, 'd.0', 'shutdown')])
    rig.at(1_008, loadFailed(3, new Error('aborted')), [CLOSED])
    expect(rig.state.deadlines.size).toBe(0)
  })

  it('with a grace of 0 ends everything as soon as it is woken', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.at(5, close(0), [])
    rig.at(5, TICK, [revoked(1, 'shutdown'), kills(1, 'a', 'shutdown')])
  })

  it('a second time can only shorten the grace', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, close(1_000))
    rig.given(10, close(5_000))
    expect(rig.wakeAtMs).toBe(1_000)
    rig.given(10, close(100))
    expect(rig.wakeAtMs).toBe(110)
    rig.at(110, TICK, [revoked(1, 'shutdown'), kills(1, 'a', 'shutdown')])
    rig.given(111, close(100))
    expect(rig.state.closing?.deadline.atMs, 'it is past that').toBe(Infinity)
  })

  it('gives up in time what does not end', () => {
    const rig = new Rig({ a: {}, b: {} })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, lease(1, 'b'))
    rig.given(0, close(0))
    rig.given(0, TICK)
    const effects = rig.given(2_000, TICK).map((effect) => effect.type)
    expect(effects).toEqual(['warn', 'gone', 'warn', 'closed'])
  })

  it('leaves alone what is on its way out already', () => {
    const rig = new Rig({ a: {}, b: {}, c: {}, d: {} })
    for (const model of ['a', 'b', 'c', 'd']) rig.resident(0, model)
    rig.given(0, unload('a'))
    rig.given(0, lost(2, new Error('x')))
    rig.hold(0, 'c')
    rig.given(0, unload('c'))
    rig.given(0, runStarted(4, 1))
    rig.given(0, unload('d'))
    rig.given(0, close(100))
    rig.at(100, TICK, [revoked(1, 'shutdown'), kills(3, 'c', 'shutdown'), kills(4, 'd', 'shutdown')])
    rig.at(101, unloadEnded(3), [gone(3, 'c.0', 'requested')])
    rig.at(101, unloadEnded(1), [gone(1, 'a.0', 'requested')])
    rig.at(101, unloadEnded(2), [gone(2, 'b.0', 'lost')])
    rig.at(101, unloadEnded(4), [gone(4, 'd.0', 'requested'), CLOSED])
  })

  it('ends a swap, and a drain with its door', () => {
    const limits = { minResidencyMs: 0, maxSwapWaitMs: 0 }
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' }, c: {} }, { limits })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(1, lease(1, 'b'))
    rig.given(1, swap(2, 'a', specOf('new')))
    rig.resident(1, 'c')
    rig.given(1, swap(3, 'c', specOf('new')))
    expect(rig.slot('s').drain).toBeDefined()
    rig.given(1, close(10))
    rig.at(11, TICK, [
      rejected(1, 'SHUTDOWN', 10, 'leases to end'),
      rejected(2, 'SHUTDOWN', 10, 'another load'),
      rejected(3, 'SHUTDOWN', 10, 'the load'),
      swaps('given-up', 'drain', 's', 'a', 'b.0'),
      abortsLoad(3),
      failed(3, 'new.0', 10, undefined, { wasAborted: true, model: 'c' }),
      swaps('given-up', 'overlap', 'c', 'c', 'new.0'),
      revoked(1, 'shutdown'),
      kills(1, 'a', 'shutdown'),
      disposes(2),
    ])
    expect(rig.slot('s').drainDeadline.atMs).toBe(Infinity)
  })

  it('aborts a load that nobody waits for, when the work is done', () => {
    const rig = new Rig({ a: {} }, { limits: { accessTimeoutMs: 10 } })
    rig.given(0, lease(1, 'a'))
    rig.given(10, TICK)
    rig.at(20, close(1_000), [abortsLoad(1), failed(1, 'a.0', 20, undefined, { wasAborted: true })])
    rig.at(30, loadEnded(1), [disposes(1)])
    rig.at(40, unloadEnded(1), [CLOSED])
  })

  it('loads nothing again: neither a preloaded model that failed or is lost, nor what a swap displaced', () => {
    const rig = new Rig({ a: { isPreloaded: true }, b: {}, c: { isPreloaded: true } })
    rig.given(0, load(1, 'a'))
    rig.given(0, loadFailed(1, new Error('x')))
    rig.resident(0, 'b')
    rig.resident(0, 'c')
    rig.hold(0, 'b')
    rig.given(0, close(100))
    rig.given(1, lost(3, new Error('y')))
    rig.at(2, unloadEnded(3), [gone(3, 'c.0', 'lost')])
    rig.at(100, TICK, [revoked(1, 'shutdown'), kills(2, 'b', 'shutdown')])
    expect([rig.model('a').retry.atMs, rig.model('c').retry.atMs]).toEqual([Infinity, Infinity])
    rig.at(101, unloadEnded(2), [gone(2, 'b.0', 'shutdown'), CLOSED])
    expect(rig.state.deadlines.size).toBe(0)
  })

  it('loads a preloaded model no more that is lost while it is disposed', () => {
    const rig = new Rig({ a: { isPreloaded: true } })
    rig.resident(0, 'a')
    rig.at(1, close(0), [disposes(1)])
    rig.given(2, lost(1, new Error('x')))
    expect(rig.model('a').retry.atMs).toBe(Infinity)
    rig.at(3, unloadEnded(1), [gone(1, 'a.0', 'shutdown'), CLOSED])
    expect(rig.state.deadlines.size).toBe(0)
  })

  it('after which a caller leaves or releases changes nothing', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, lease(1, 'a'))
    rig.given(0, close(0))
    rig.given(0, TICK)
    rig.at(1, release(1), [])
    rig.at(1, abort(1), [])
    rig.at(2, unloadEnded(1), [gone(1, 'a.0', 'shutdown'), CLOSED])
  })
})
