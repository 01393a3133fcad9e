import { describe, expect, it } from 'vitest'
import {
  configure,
  granted,
  isReady,
  lease,
  load,
  loaded,
  loadEnded,
  release,
  Rig,
  runStarted,
  starts,
  TICK,
  use,
  warns,
} from '../../test/support/rig.ts'
import { hasFreePlace } from './leases.ts'

describe('a free place', () => {
  it('is counted by kind, up to the limit in force', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 2, maxConcurrentUses: 1 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    expect(hasFreePlace(rig.generation(1), 'lease')).toBe(true)
    rig.hold(0, 'a')
    expect(hasFreePlace(rig.generation(1), 'lease')).toBe(false)
    expect(hasFreePlace(rig.generation(1), 'use')).toBe(true)
    rig.hold(0, 'a', 1, 'use')
    expect(hasFreePlace(rig.generation(1), 'use')).toBe(false)
  })

  it('that comes with a raised limit is given at once; a lowered limit revokes nothing', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 1 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    for (let ticket = 1; ticket <= 3; ticket++) rig.given(0, lease(ticket, 'a'))
    rig.at(5, configure('a', { maxConcurrent: 3 }), [granted(1, 2, 1), granted(2, 3, 1)])
    rig.at(6, configure('a', { maxConcurrent: 1 }), [])
    expect(rig.generation(1).leases.lease).toBe(3)
    rig.at(7, release(1), [])
    rig.at(8, release(2), [])
    rig.at(9, release(3), [granted(3, 4, 1)])
  })
})

describe('a grant', () => {
  it('says how much of the wait was the load', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 1 } })
    rig.given(100, lease(1, 'a'))
    rig.given(150, lease(2, 'a'))
    rig.at(400, loadEnded(1), [loaded(1, 'a.0', 300), granted(1, 1, 1, 300)])
    rig.at(500, release(1), [granted(2, 2, 1, 250)])
    rig.given(600, release(2))
    rig.at(700, lease(3, 'a'), [granted(3, 3, 1, 0)])
  })

  it('stops the idle clock, and notes the use', () => {
    const rig = new Rig({ a: { keepAliveMs: 1_000 } })
    rig.resident(0, 'a')
    expect(rig.generation(1).idle.atMs).toBe(1_000)
    rig.at(900, lease(1, 'a'), [granted(1, 1, 1)])
    expect(rig.generation(1).idle.atMs).toBe(Infinity)
    expect(rig.generation(1)).toMatchObject({ useCount: 1, lastUsedAtMs: 900 })
    expect(rig.model('a').lastAccessAtMs).toBe(900)
    expect(rig.state.leases.get(1)).toMatchObject({ id: 1, kind: 'lease', grantedAtMs: 900 })
  })
})

describe('a release', () => {
  it('starts the idle clock with the last lease', () => {
    const rig = new Rig({ a: { keepAliveMs: 1_000 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a', 2)
    rig.at(300, release(1), [])
    expect(rig.generation(1).idle.atMs).toBe(Infinity)
    rig.at(500, release(2), [])
    expect(rig.generation(1).idle.atMs).toBe(1_500)
    expect(rig.generation(1)).toMatchObject({ leases: { lease: 0, use: 0 }, lastUsedAtMs: 500 })
    expect(rig.model('a').lastAccessAtMs).toBe(500)
  })

  it('that comes a second time has no effect', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 2 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a', 2)
    rig.at(1, release(1), [])
    rig.at(2, release(1), [])
    rig.at(2, release(77), [])
    expect(rig.generation(1)).toMatchObject({ leases: { lease: 1, use: 0 }, lastUsedAtMs: 1 })
    expect(rig.slot('a').pace.measured.lease).toBe(1)
  })

  it('measures how long the lease was held, by kind', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    rig.hold(10, 'a')
    rig.hold(20, 'a', 1, 'use')
    rig.given(110, release(1))
    rig.given(220, release(2))
    expect(rig.slot('a').pace).toMatchObject({
      holdMs: { lease: 100, use: 200 },
      measured: { lease: 1, use: 1 },
    })
  })

  it('decides the keep-alive by the wish of the use that ends last; without one the default is restored', () => {
    const rig = new Rig({ a: { keepAliveMs: 5_000 } })
    rig.resident(0, 'a')
    rig.given(0, lease(1, 'a', { keepAliveMs: 60_000 }))
    rig.given(0, lease(2, 'a', { keepAliveMs: 100 }))
    rig.given(10, release(1))
    expect(rig.generation(1).keepAliveMs).toBe(60_000)
    rig.given(20, release(2))
    expect(rig.generation(1).keepAliveMs).toBe(100)
    expect(rig.generation(1).idle.atMs).toBe(120)
    rig.given(30, lease(3, 'a'))
    rig.given(40, release(3))
    expect(rig.generation(1).idle.atMs).toBe(5_040)
  })

  it('of a wish of 0 unloads at once, of -1 never', () => {
    const rig = new Rig({ a: { keepAliveMs: 5_000 } })
    rig.resident(0, 'a')
    rig.given(0, lease(1, 'a', { keepAliveMs: -1 }))
    rig.given(10, release(1))
    expect(rig.generation(1).idle.atMs).toBe(Infinity)
    rig.given(20, lease(2, 'a', { keepAliveMs: 0 }))
    rig.at(30, release(2), [{ type: 'dispose', generation: 1 }])
  })

  it('while a run goes on does not start the idle clock', () => {
    const rig = new Rig({ a: { keepAliveMs: 1_000 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(1, runStarted(1, 1))
    rig.given(2, release(1))
    expect(rig.generation(1).idle.atMs).toBe(Infinity)
  })
})

describe('serving', () => {
  it('gives the places of each kind apart: a full kind does not hold up the other', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 1, maxConcurrentUses: 2 } })
    for (let ticket = 1; ticket <= 3; ticket++) rig.given(0, lease(ticket, 'a'))
    for (let ticket = 4; ticket <= 6; ticket++) rig.given(0, use(ticket, 'a'))
    rig.given(0, load(7, 'a', { keepAliveMs: 4_000 }))
    rig.given(0, load(8, 'a'))
    rig.at(0, loadEnded(1), [
      loaded(1, 'a.0', 0),
      granted(1, 1, 1),
      granted(4, 2, 1),
      granted(5, 3, 1),
      isReady(7, 1),
      isReady(8, 1),
    ])
    expect(rig.generation(1).keepAliveMs).toBe(4_000)
    expect(rig.slot('a').waiting).toBe(3)
  })

  it('goes by urgency among those who asked in different words for what is there', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 1 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, lease(1, 'a', { priority: 3 }))
    rig.given(1, lease(2, 'a', { selector: '0', priority: 2 }))
    rig.given(2, lease(3, 'a', { selector: '0', priority: 3 }))
    rig.at(3, release(1), [granted(2, 2, 1)])
    rig.at(4, release(2), [granted(1, 3, 1)])
    rig.at(5, release(3), [granted(3, 4, 1)])
  })

  it('passes by those who want something else', () => {
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' } }, { limits: { maxConcurrent: 1 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, lease(1, 'b', { priority: 0 }))
    rig.given(0, load(2, 'b', { priority: 0 }))
    rig.given(1, lease(3, 'a'))
    rig.at(2, release(1), [granted(3, 2, 1)])
    expect(rig.slot('s').waiting).toBe(2)
  })

  it('does not stop at those who ask in other words for a kind that is full', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 1, maxConcurrentUses: 1 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.hold(0, 'a', 1, 'use')
    rig.given(0, use(1, 'a', { priority: 0 }))
    rig.given(0, lease(2, 'a', { selector: '0' }))
    rig.at(1, release(1), [granted(2, 3, 1)])
  })

  it('does not let those who only want it loaded wait for those who want a place', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrentUses: 1 } })
    rig.given(0, use(1, 'a', { priority: 0 }))
    rig.given(0, use(2, 'a', { priority: 0 }))
    rig.given(0, load(3, 'a', { selector: '0' }))
    rig.at(0, loadEnded(1), [loaded(1, 'a.0', 0), granted(1, 1, 1), isReady(3, 1)])
  })

  it('notes the access to the model of the ticket', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a'))
    rig.given(70, loadEnded(1))
    expect(rig.model('a').lastAccessAtMs).toBe(70)
  })
})

describe('a lease that is held for long', () => {
  it('is warned of after useTimeoutMs, once, and keeps its right', () => {
    const rig = new Rig({ a: {} }, { limits: { useTimeoutMs: 1_000 } })
    rig.resident(0, 'a')
    rig.hold(10, 'a')
    rig.at(1_009, TICK, [])
    rig.at(1_010, TICK, [
      warns(
        'a',
        'long-lease',
        'a lease has been held for 1000 ms; a run would have been stopped, a lease is only reported',
      ),
    ])
    expect(rig.wakeAtMs).toBe(Infinity)
    expect(rig.state.leases.size).toBe(1)
  })

  it('is not warned of after its release', () => {
    const rig = new Rig({ a: {} }, { limits: { useTimeoutMs: 1_000 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(500, release(1))
    expect(rig.wakeAtMs).toBe(Infinity)
  })

  it('is not warned of without such a limit, nor is a use', () => {
    const rig = new Rig({ a: {}, b: {} }, { limits: { useTimeoutMs: 1_000 } })
    rig.given(0, configure('b', { useTimeoutMs: Infinity }))
    rig.resident(0, 'a')
    rig.resident(0, 'b')
    rig.hold(0, 'b')
    rig.hold(0, 'a', 1, 'use')
    expect([...rig.state.leases.values()].map(({ deadline }) => deadline)).toEqual([undefined, undefined])
    expect(rig.wakeAtMs).toBe(Infinity)
  })
})

describe('a new load', () => {
  it('is not planned while there is a place', () => {
    const rig = new Rig({ a: {} })
    rig.at(0, lease(1, 'a'), [starts(1, 'a.0')])
    rig.given(0, loadEnded(1))
    rig.at(0, lease(2, 'a', { selector: '0' }), [granted(2, 2, 1)])
    expect(rig.slot('a').incoming).toBeUndefined()
  })
})
