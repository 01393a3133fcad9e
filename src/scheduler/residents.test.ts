import { describe, expect, it } from 'vitest'
import {
  configure,
  disposes,
  gone,
  granted,
  kills,
  lease,
  loadEnded,
  loadFailed,
  lost,
  pin,
  release,
  revoked,
  Rig,
  runEnded,
  runStarted,
  starts,
  stopsRun,
  TICK,
  unload,
  unloadEnded,
  warns,
} from '../../test/support/rig.ts'
import { isQuiet, isUnloading } from './residents.ts'

const error = new Error('the thread died')

describe('a resident', () => {
  it('is quiet when nobody holds it and nothing runs in it', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    expect(isQuiet(rig.generation(1))).toBe(true)
    rig.hold(0, 'a')
    expect(isQuiet(rig.generation(1))).toBe(false)
    rig.given(0, release(1))
    rig.hold(0, 'a', 1, 'use')
    expect(isQuiet(rig.generation(1))).toBe(false)
    rig.given(0, release(2))
    rig.given(0, runStarted(1, 1))
    expect(isQuiet(rig.generation(1))).toBe(false)
    rig.given(0, runEnded(1, 1))
    expect(isQuiet(rig.generation(1))).toBe(true)
  })

  it('goes by the order ready, draining, disposing, gone, and notes the reason', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, runStarted(1, 1))
    rig.at(1, unload('a'), [])
    expect(rig.slot('a').current).toBeUndefined()
    expect(rig.generation(1)).toMatchObject({ phase: 'draining', reason: 'requested' })
    expect(isUnloading(rig.slot('a'))).toBe(false)
    rig.at(2, release(1), [])
    rig.at(3, runEnded(1, 1), [disposes(1)])
    expect(rig.generation(1).phase).toBe('disposing')
    expect(isUnloading(rig.slot('a'))).toBe(true)
    expect(rig.generation(1).end.atMs).toBe(10_003)
    rig.at(4, unloadEnded(1), [gone(1, 'a.0', 'requested')])
    expect(rig.state.residents.size).toBe(0)
    expect(rig.slot('a').retiring.size).toBe(0)
    expect(rig.model('a').lastUnloadReason).toBe('requested')
    expect(rig.wakeAtMs).toBe(Infinity)
    expect(isUnloading(rig.slot('a'))).toBe(false)
  })

  it('that is unloaded is given to nobody new: who comes waits for the next generation', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(1, unload('a'))
    rig.at(2, lease(1, 'a'), [starts(2, 'a.0')])
    rig.at(3, loadEnded(2), [
      {
        type: 'loaded',
        generation: 2,
        model: 'a',
        label: 'a.0',
        durationMs: 1,
        memoryBytes: 100,
        isFallback: false,
      },
      granted(1, 2, 2, 1),
    ])
    rig.at(4, release(1), [disposes(1)])
    expect(rig.slot('a').current?.generation).toBe(2)
  })

  it('that does not say it has ended, or ended while it was ready, is not forgotten', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.at(0, unloadEnded(1), [])
    expect(rig.slot('a').current?.phase).toBe('ready')
    rig.hold(0, 'a')
    rig.given(0, unload('a'))
    rig.at(0, unloadEnded(1), [])
    expect(rig.generation(1).phase).toBe('draining')
  })

  it('is unloading while an aborted load of its slot has not ended', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a'))
    rig.given(0, { type: 'abort', ticket: 1 })
    expect(isUnloading(rig.slot('a'))).toBe(true)
    rig.given(0, loadFailed(1, error))
    expect(isUnloading(rig.slot('a'))).toBe(false)
  })
})

describe('one that does not close', () => {
  it('is killed after ten seconds and written off two seconds later', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.at(0, unload('a'), [disposes(1)])
    rig.at(9_999, TICK, [])
    rig.at(10_000, TICK, [kills(1, 'a', 'stuck')])
    expect(rig.generation(1)).toMatchObject({ phase: 'killing', reason: 'requested' })
    expect(rig.state.backOff.size, 'the key is not to blame').toBe(0)
    rig.at(11_999, TICK, [])
    rig.at(12_000, TICK, [
      warns('a', 'abandoned', 'generation 1 did not end in time; its memory is no longer counted'),
      gone(1, 'a.0', 'requested'),
    ])
    expect(rig.wakeAtMs).toBe(Infinity)
    rig.at(12_001, unloadEnded(1), [])
  })

  it('may still end while it is being killed', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.given(0, unload('a'))
    rig.given(10_000, TICK)
    rig.at(10_001, unloadEnded(1), [gone(1, 'a.0', 'requested')])
    expect(rig.wakeAtMs).toBe(Infinity)
  })
})

describe('idleness', () => {
  it('unloads at the end of the keep-alive and not a millisecond earlier', () => {
    const rig = new Rig({ a: { keepAliveMs: 1_000 } })
    rig.resident(0, 'a')
    rig.hold(100, 'a')
    rig.given(400, release(1))
    rig.at(1_399, TICK, [])
    rig.at(1_400, TICK, [disposes(1)])
    expect(rig.generation(1).reason).toBe('idle')
    rig.at(1_500, unloadEnded(1), [gone(1, 'a.0', 'idle')])
    expect(rig.model('a').lastUnloadReason).toBe('idle')
  })

  it('comes after all else: a request that arrives with the idle timer is served', () => {
    const rig = new Rig({ a: { keepAliveMs: 1_000 } })
    rig.resident(0, 'a')
    rig.at(1_000, lease(1, 'a'), [granted(1, 1, 1)])
    rig.at(1_001, TICK, [])
    expect(rig.slot('a').current?.generation).toBe(1)
  })

  it('begins at the end of the last run as well', () => {
    const rig = new Rig({ a: { keepAliveMs: 1_000 } })
    rig.resident(0, 'a')
    rig.given(10, runStarted(1, 1))
    rig.given(20, runStarted(1, 2))
    expect(rig.generation(1).idle.atMs).toBe(Infinity)
    rig.given(500, runEnded(1, 1))
    expect(rig.generation(1).idle.atMs).toBe(Infinity)
    rig.given(600, runEnded(1, 2))
    expect(rig.generation(1).idle.atMs).toBe(1_600)
    expect(rig.generation(1).lastUsedAtMs).toBe(600)
  })

  it('is off with a keep-alive of -1; with 0 it goes when it is idle', () => {
    const rig = new Rig({ never: { keepAliveMs: -1 }, now: { keepAliveMs: 0 } })
    rig.resident(0, 'never')
    expect(rig.wakeAtMs).toBe(Infinity)
    rig.given(0, lease(1, 'now'))
    rig.given(5, loadEnded(2))
    rig.at(9, release(1), [disposes(2)])
  })

  it('is off while the model is pinned, and starts when it is no longer', () => {
    const rig = new Rig({ a: { keepAliveMs: 1_000 }, b: { keepAliveMs: 1_000, isPinned: true } })
    rig.resident(0, 'a')
    rig.resident(0, 'b')
    expect(rig.generation(2).idle.atMs).toBe(Infinity)
    rig.given(500, pin('a', true))
    expect(rig.generation(1).idle.atMs).toBe(Infinity)
    rig.at(5_000, pin('b', false), [])
    expect(rig.generation(2).idle.atMs).toBe(6_000)
    rig.at(6_000, TICK, [disposes(2)])
  })

  it('does not begin by unpinning while it is in use', () => {
    const rig = new Rig({ a: { keepAliveMs: 1_000 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, pin('a', true))
    rig.given(0, pin('a', false))
    expect(rig.generation(1).idle.atMs).toBe(Infinity)
  })

  it('does not begin with the end of a run of a resident that is on its way out', () => {
    const rig = new Rig({ a: { keepAliveMs: 1_000 } })
    rig.resident(0, 'a')
    rig.given(0, runStarted(1, 1))
    rig.given(0, unload('a'))
    rig.at(1, runEnded(1, 1), [disposes(1)])
    expect(rig.generation(1).idle.atMs).toBe(Infinity)
    rig.at(1_001, TICK, [])
  })
})

describe('a resident that is lost', () => {
  it('revokes its leases at once with the cause; the next request loads it again', () => {
    const rig = new Rig({ a: {}, b: {} })
    rig.resident(0, 'a')
    rig.resident(0, 'b')
    rig.hold(0, 'a', 2)
    rig.hold(0, 'b')
    rig.hold(0, 'a', 1, 'use')
    rig.given(0, runStarted(1, 1))
    rig.at(500, lost(1, error), [
      revoked(1, 'lost', error),
      revoked(2, 'lost', error),
      revoked(4, 'lost', error),
      kills(1, 'a', 'lost', error),
    ])
    expect(rig.generation(1)).toMatchObject({
      phase: 'killing',
      reason: 'lost',
      leases: { lease: 0, use: 0 },
      runs: new Map(),
      end: { atMs: 2_500 },
    })
    expect(rig.slot('a').current).toBeUndefined()
    expect(rig.model('a').lastError).toBe(error)
    expect([...rig.state.leases.keys()]).toEqual([3])
    rig.at(501, release(1), [])
    rig.at(501, runEnded(1, 1), [])
    rig.at(501, lease(1, 'a'), [])
    rig.at(510, unloadEnded(1), [gone(1, 'a.0', 'lost'), starts(3, 'a.0')])
  })

  it('again soon after its load waits for a back-off', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.given(10, lost(1, error))
    rig.given(10, unloadEnded(1))
    rig.resident(20, 'a')
    rig.given(30, lost(2, error))
    rig.given(30, unloadEnded(2))
    rig.at(31, lease(1, 'a'), [
      {
        type: 'reject',
        ticket: 1,
        rejection: {
          code: 'MODEL_LOAD',
          waitedMs: 0,
          waitingFor: 'a free place',
          cause: error,
          retryAfterMs: 9_999,
        },
      },
    ])
  })

  it('while it drains is killed; its reason stays the first', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(1, unload('a'))
    rig.at(2, lost(1, error), [revoked(1, 'lost', error), kills(1, 'a', 'lost', error)])
    rig.at(3, unloadEnded(1), [gone(1, 'a.0', 'requested')])
  })

  it('while a newer generation serves leaves that alone', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, unload('a'))
    rig.resident(1, 'a')
    rig.at(2, lost(1, error), [revoked(1, 'lost', error), kills(1, 'a', 'lost', error)])
    rig.at(3, lease(1, 'a'), [granted(1, 2, 2)])
  })

  it('twice, or not known, changes nothing', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.given(0, lost(1, error))
    rig.at(1, lost(1, new Error('again')), [])
    expect(rig.model('a').lastError).toBe(error)
    expect(rig.state.backOff.get('a.0')?.losses).toBe(1)
    rig.at(1, lost(9, error), [])
  })

  it('and preloaded is loaded again by itself when its back-off ends', () => {
    const rig = new Rig({ a: { isPreloaded: true }, b: {} })
    rig.resident(0, 'a')
    rig.given(10, lost(1, error))
    rig.at(10, unloadEnded(1), [gone(1, 'a.0', 'lost'), starts(2, 'a.0')])
    rig.given(20, loadEnded(2))
    rig.given(30, lost(2, error))
    expect(rig.model('a').retry.atMs).toBe(10_030)
    rig.given(31, unloadEnded(2))
    rig.at(10_029, TICK, [])
    rig.at(10_030, TICK, [starts(3, 'a.0')])
    rig.resident(10_040, 'b')
    rig.given(10_050, lost(4, error))
    expect(rig.model('b').retry.atMs).toBe(Infinity)
  })

  it('has the leases that were watched no longer warned of', () => {
    const rig = new Rig({ a: {} }, { limits: { useTimeoutMs: 60_000 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, runStarted(1, 1))
    rig.given(5, lost(1, error))
    rig.given(5, unloadEnded(1))
    expect(rig.wakeAtMs).toBe(Infinity)
  })

  it('behind a closed door leaves no door', () => {
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, lease(1, 'b'))
    rig.given(5_000, TICK)
    rig.given(5_001, lost(1, error))
    expect(rig.slot('s').drain).toBeUndefined()
    expect(rig.slot('s').drainDeadline.atMs).toBe(Infinity)
    rig.at(5_002, unloadEnded(1), [gone(1, 'a.0', 'lost'), starts(2, 'b.0')])
  })
})

describe('a run', () => {
  const limits = { useTimeoutMs: 1_000 }

  it('past useTimeoutMs is told to stop, once', () => {
    const rig = new Rig({ a: {} }, { limits })
    rig.resident(0, 'a')
    rig.at(100, runStarted(1, 1), [])
    rig.at(1_099, TICK, [])
    rig.at(1_100, TICK, [
      stopsRun(1, 1),
      warns('a', 'stuck-run', 'a run takes longer than 1000 ms; it was told to stop'),
    ])
    rig.at(2_000, runEnded(1, 1), [])
    expect(rig.wakeAtMs).toBe(Infinity)
    expect(rig.slot('a').current?.generation).toBe(1)
  })

  it('that does not stop within two seconds costs the thread and the leases', () => {
    const rig = new Rig({ a: {} }, { limits })
    rig.resident(0, 'a')
    rig.hold(0, 'a', 1, 'use')
    rig.given(100, runStarted(1, 1))
    rig.given(1_100, TICK)
    rig.at(3_099, TICK, [])
    const stuck = new Error('a run of a.0 did not stop 2000 ms after it was told to')
    rig.at(3_100, TICK, [revoked(1, 'stuck', stuck), kills(1, 'a', 'stuck', stuck)])
    expect(rig.state.backOff.get('a.0')).toMatchObject({ losses: 1, nextRetryAtMs: 3_100 })
    expect(rig.model('a').lastError).toEqual(stuck)
    rig.at(3_200, unloadEnded(1), [gone(1, 'a.0', 'stuck')])
  })

  it('has a limit of its own, as it was when it began', () => {
    const rig = new Rig({ a: {} }, { limits })
    rig.resident(0, 'a')
    rig.given(0, runStarted(1, 1))
    rig.given(300, configure('a', { useTimeoutMs: 5_000 }))
    rig.given(300, runStarted(1, 2))
    expect([...rig.generation(1).runs.values()].map(({ deadline }) => deadline.atMs)).toEqual([1_000, 5_300])
  })

  it('without a limit runs as long as it likes', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.given(0, runStarted(1, 1))
    expect(rig.wakeAtMs).toBe(Infinity)
  })

  it('is known once: a second start of it, or an end that was not started, changes nothing', () => {
    const rig = new Rig({ a: {} }, { limits })
    rig.resident(0, 'a')
    rig.given(0, runStarted(1, 1))
    rig.given(500, runStarted(1, 1))
    expect(rig.generation(1).runs.size).toBe(1)
    expect(rig.wakeAtMs).toBe(1_000)
    rig.at(600, runEnded(1, 7), [])
    expect(rig.generation(1).lastUsedAtMs).toBe(0)
    rig.at(700, runEnded(1, 1), [])
    rig.at(701, runEnded(1, 1), [])
    rig.at(701, runEnded(9, 1), [])
    rig.at(701, runStarted(9, 1), [])
    expect(rig.generation(1)).toMatchObject({ lastUsedAtMs: 700, runs: new Map() })
  })

  it('in a resident that is being killed is nobody’s', () => {
    const rig = new Rig({ a: {} }, { limits })
    rig.resident(0, 'a')
    rig.given(0, lost(1, error))
    rig.at(1, runStarted(1, 1), [])
    expect(rig.generation(1).runs.size).toBe(0)
  })

  it('keeps a resident that is on its way out from being disposed of', () => {
    const rig = new Rig({ a: {} }, { limits })
    rig.resident(0, 'a')
    rig.given(0, runStarted(1, 1))
    rig.at(1, unload('a'), [])
    rig.at(2, runEnded(1, 1), [disposes(1)])
  })

  it('that ends lets those go on who wait for the leases of others', () => {
    const rig = new Rig({ a: {}, b: {} }, { memoryBudgetBytes: 100, limits: { minResidencyMs: 0 } })
    rig.resident(0, 'a')
    rig.given(0, runStarted(1, 1))
    rig.at(1, lease(1, 'b'), [])
    rig.at(2, runEnded(1, 1), [disposes(1)])
  })
})

describe('a release after which nobody waits', () => {
  it('looks at no slot', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.hold(0, 'a', 2)
    rig.given(1, release(1))
    expect(rig.state.dirty.size).toBe(0)
    expect(rig.generation(1).leases.lease).toBe(1)
  })
})
