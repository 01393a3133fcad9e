import { describe, expect, it } from 'vitest'
import { lease, load, loadEnded, loadFailed, Rig, use } from '../../test/support/rig.ts'
import {
  candidatesOf,
  demandFor,
  demandsOf,
  mostUrgent,
  oldestArrivalMs,
  satisfies,
  waitingFor,
} from './demand.ts'
import type { Demand } from './state.ts'

function demandOf(rig: Rig, model: string, selector?: string): Demand {
  return demandFor(rig.state, rig.model(model), selector)
}

describe('a demand', () => {
  it('is one for each model and selector', () => {
    const rig = new Rig({ a: { bytes: [100, 60] }, b: {} })
    expect(demandOf(rig, 'a')).toBe(demandOf(rig, 'a'))
    expect(demandOf(rig, 'a', '1')).toBe(demandOf(rig, 'a', '1'))
    expect(demandOf(rig, 'a', '1')).not.toBe(demandOf(rig, 'a'))
    expect(demandOf(rig, 'a')).toMatchObject({ model: { name: 'a' }, selector: undefined })
    expect(demandOf(rig, 'a', '1').selector).toBe('1')
    expect(candidatesOf(demandOf(rig, 'a')).map(({ id }) => id)).toEqual(['a.0', 'a.1'])
    expect(candidatesOf(demandOf(rig, 'a', '1')).map(({ id }) => id)).toEqual(['a.1'])
  })

  it('ages its tickets by the maxSwapWaitMs of the slot, as it is now', () => {
    const rig = new Rig({ a: {} }, { limits: { maxSwapWaitMs: 10 } })
    rig.given(0, lease(1, 'a', { priority: 2 }))
    expect(demandOf(rig, 'a').queues.lease.urgencyMs()).toBe(20)
    rig.slot('a').limits.maxSwapWaitMs = 100
    expect(demandOf(rig, 'a').queues.lease.urgencyMs()).toBe(200)
  })

  it('shares by the weights of the tenants', () => {
    const rig = new Rig({ a: {} }, { weightOf: (tenant) => (tenant === 'big' ? 2 : 1) })
    for (const [index, tenant] of ['big', 'big', 'big', 'big', 'small', 'small'].entries())
      rig.given(0, lease(index, 'a', { tenant }))
    const { queues } = demandOf(rig, 'a')
    const order = Array.from({ length: 6 }, () => queues.lease.take(0)?.tenant)
    expect(order).toEqual(['big', 'small', 'big', 'big', 'small', 'big'])
  })

  it('counts those who wait, of all kinds', () => {
    const rig = new Rig({ a: {} })
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'a'))
    rig.given(0, use(3, 'a'))
    rig.given(0, load(4, 'a'))
    expect(waitingFor(demandOf(rig, 'a'))).toBe(4)
    expect(waitingFor(demandOf(rig, 'a', '0'))).toBe(0)
  })

  it('is found by its slot', () => {
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' }, c: {} })
    const all = [demandOf(rig, 'a'), demandOf(rig, 'a', '0'), demandOf(rig, 'b')]
    demandOf(rig, 'c')
    expect([...demandsOf(rig.slot('s'))]).toEqual(all)
  })

  it('knows who has waited longest, of any kind', () => {
    const rig = new Rig({ a: {} })
    expect(oldestArrivalMs(demandOf(rig, 'a'))).toBe(Infinity)
    rig.given(30, load(1, 'a'))
    expect(oldestArrivalMs(demandOf(rig, 'a'))).toBe(30)
    const late = new Rig({ a: {} })
    late.given(5, use(1, 'a'))
    late.given(7, lease(2, 'a', { priority: 0 }))
    late.given(9, load(3, 'a'))
    expect(oldestArrivalMs(demandOf(late, 'a'))).toBe(5)
    const lease1 = new Rig({ a: {} })
    lease1.given(3, lease(1, 'a'))
    lease1.given(4, use(2, 'a'))
    expect(oldestArrivalMs(demandOf(lease1, 'a'))).toBe(3)
  })
})

describe('the most urgent demand', () => {
  it('is the one whose most urgent ticket is the most urgent of all, of any kind', () => {
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' }, c: { slot: 's' } })
    rig.given(0, lease(1, 'a', { priority: 3 }))
    rig.given(0, use(2, 'b', { priority: 2 }))
    rig.given(0, load(3, 'c', { priority: 4 }))
    const slot = rig.slot('s')
    expect(mostUrgent(slot, () => true)).toBe(demandOf(rig, 'b'))
    expect(mostUrgent(slot, (demand) => demand.model.name !== 'b')).toBe(demandOf(rig, 'a'))
    rig.given(1, load(4, 'c', { priority: 0 }))
    expect(mostUrgent(slot, () => true)).toBe(demandOf(rig, 'c'))
    expect(mostUrgent(slot, () => false)).toBeUndefined()
  })

  it('is the first of equally urgent ones, and none where nobody waits', () => {
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' } })
    demandOf(rig, 'a')
    expect(mostUrgent(rig.slot('s'), () => true)).toBeUndefined()
    rig.given(0, lease(1, 'b'))
    rig.given(0, lease(2, 'a'))
    expect(mostUrgent(rig.slot('s'), () => true)).toBe(demandOf(rig, 'a'))
  })

  it('asks nobody about a demand without tickets', () => {
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' } })
    demandOf(rig, 'a')
    rig.given(0, lease(1, 'b'))
    const asked: string[] = []
    mostUrgent(rig.slot('s'), ({ model }) => asked.push(model.name) > 0)
    expect(asked).toEqual(['b'])
  })
})

describe('a resident satisfies', () => {
  it('the demand that it was loaded for, and every other of its model whose first choice it is', () => {
    const rig = new Rig({ a: { slot: 's', bytes: [100, 60] }, b: { slot: 's' } })
    rig.resident(0, 'a')
    const resident = rig.generation(1)
    expect(satisfies(resident, demandOf(rig, 'a'))).toBe(true)
    expect(satisfies(resident, demandOf(rig, 'a', '0'))).toBe(true)
    expect(satisfies(resident, demandOf(rig, 'a', '1'))).toBe(false)
    expect(satisfies(resident, demandOf(rig, 'b'))).toBe(false)
  })

  it('as a fallback the demand without a wish, and the one that wishes for just that', () => {
    const rig = new Rig({ a: { bytes: [100, 60] } })
    rig.given(0, lease(1, 'a'))
    rig.given(0, loadFailed(1, new Error('no')))
    rig.given(0, loadEnded(2))
    const resident = rig.generation(2)
    expect(resident).toMatchObject({ isFallback: true, variant: { id: 'a.1' } })
    expect(satisfies(resident, demandOf(rig, 'a'))).toBe(true)
    expect(satisfies(resident, demandOf(rig, 'a', '1'))).toBe(true)
    expect(satisfies(resident, demandOf(rig, 'a', '0')), 'an explicit dtype is answered by no other').toBe(
      false,
    )
  })

  it('not the demand without a wish when it was loaded for an explicit one that is not the first choice', () => {
    const rig = new Rig({ a: { bytes: [100, 60] } })
    rig.given(0, lease(1, 'a', { selector: '1' }))
    rig.given(0, loadEnded(1))
    expect(satisfies(rig.generation(1), demandOf(rig, 'a'))).toBe(false)
  })

  it('no demand of another model, though the variant has the same id', () => {
    const rig = new Rig({ a: { slot: 's' }, b: { slot: 's' } })
    rig.resident(0, 'a')
    rig.model('b').spec = rig.model('a').spec
    expect(satisfies(rig.generation(1), demandOf(rig, 'b'))).toBe(false)
  })
})
