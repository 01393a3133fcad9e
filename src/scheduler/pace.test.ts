import { describe, expect, it } from 'vitest'
import { configure, lease, Rig, use } from '../../test/support/rig.ts'
import { demandFor } from './demand.ts'
import { COMPLETIONS_TO_BELIEVE, expectedWaitMs, limitOf, newPace, noteHold, retryAfterMs } from './pace.ts'

describe('the measured pace', () => {
  it('is nothing at first', () => {
    expect(newPace()).toEqual({
      holdMs: { lease: 0, use: 0 },
      measured: { lease: 0, use: 0 },
      loadMs: undefined,
    })
  })

  it('is the plain mean of the first 32 completions', () => {
    const pace = newPace()
    noteHold(pace, 'lease', 100)
    expect(pace.holdMs.lease).toBe(100)
    noteHold(pace, 'lease', 200)
    expect(pace.holdMs.lease).toBe(150)
    noteHold(pace, 'lease', 300)
    expect(pace.holdMs.lease).toBe(200)
    expect(pace.measured.lease).toBe(3)
  })

  it('follows a change with 1/32 for each completion after those', () => {
    const pace = newPace()
    for (let count = 0; count < 1_000; count++) noteHold(pace, 'use', 320)
    expect(pace.measured.use).toBe(32)
    noteHold(pace, 'use', 0)
    expect(pace.holdMs.use).toBe(310)
    expect(pace.measured.use).toBe(32)
  })

  it('is kept apart for leases and uses', () => {
    const pace = newPace()
    noteHold(pace, 'use', 10)
    expect(pace.holdMs).toEqual({ lease: 0, use: 10 })
    expect(pace.measured).toEqual({ lease: 0, use: 1 })
  })
})

describe('the limit of a slot', () => {
  it('is maxConcurrent for leases and maxConcurrentUses for uses', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 3, maxConcurrentUses: 7 } })
    expect(limitOf(rig.slot('a'), 'lease')).toBe(3)
    expect(limitOf(rig.slot('a'), 'use')).toBe(7)
  })
})

describe('the expected wait', () => {
  it('is unknown until 32 completions were measured', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 2 } })
    const slot = rig.slot('a')
    const demand = demandFor(rig.state, rig.model('a'), undefined)
    for (let count = 1; count < COMPLETIONS_TO_BELIEVE; count++) noteHold(slot.pace, 'lease', 100)
    expect(expectedWaitMs(slot, demand, 'lease')).toBeUndefined()
    noteHold(slot.pace, 'lease', 100)
    expect(expectedWaitMs(slot, demand, 'lease')).toBe(50)
    expect(expectedWaitMs(slot, demand, 'use')).toBeUndefined()
  })

  it('is the work ahead by the measured rate, for one more in the queue of its kind', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 2, maxConcurrentUses: 1 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a', 2)
    for (let ticket = 1; ticket <= 3; ticket++) rig.given(0, lease(ticket, 'a'))
    const slot = rig.slot('a')
    const demand = demandFor(rig.state, rig.model('a'), undefined)
    for (let count = 0; count < COMPLETIONS_TO_BELIEVE; count++) {
      noteHold(slot.pace, 'lease', 100)
      noteHold(slot.pace, 'use', 10)
    }
    expect(expectedWaitMs(slot, demand, 'lease')).toBe(200)
    expect(expectedWaitMs(slot, demand, 'use')).toBe(10)
  })
})

describe('when to come back', () => {
  it('is in a second at the least', () => {
    expect(retryAfterMs(new Rig({ a: {} }).slot('a'))).toBe(1_000)
  })

  it('is when all that wait in the slot, of every model and kind, are served by the measured rate', () => {
    const rig = new Rig(
      { a: { slot: 's' }, b: { slot: 's' } },
      { limits: { maxConcurrent: 2, maxConcurrentUses: 4 } },
    )
    rig.resident(0, 'a')
    rig.hold(0, 'a', 2)
    rig.hold(0, 'a', 4, 'use')
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'b'))
    rig.given(0, lease(3, 'b', { selector: '0' }))
    rig.given(0, use(4, 'b'))
    const { pace } = rig.slot('s')
    pace.holdMs.lease = 1_000.25
    pace.holdMs.use = 400
    // (3 waiting + 1) / 2 × 1,000.25 + (1 + 1) / 4 × 400, rounded up.
    expect(retryAfterMs(rig.slot('s'))).toBe(2_201)
    rig.given(0, configure('s', { maxConcurrent: 4 }))
    expect(rig.slot('s').limits.maxConcurrent).toBe(4)
  })

  it('counts the load that is on its way with the time that the last one took', () => {
    const rig = new Rig({ a: {} })
    rig.slot('a').pace.loadMs = 7_000
    expect(retryAfterMs(rig.slot('a'))).toBe(1_000)
    rig.given(0, lease(1, 'a'))
    expect(retryAfterMs(rig.slot('a'))).toBe(7_000)
    rig.slot('a').pace.loadMs = undefined
    expect(retryAfterMs(rig.slot('a'))).toBe(1_000)
  })
})
