import { describe, expect, it } from 'vitest'
import { Rig } from '../../test/support/rig.ts'
import { backOffOf, noteFailure, noteLoss, noteSuccess } from './back-off.ts'
import type { Variant } from './variant.ts'

const variant: Variant = { id: 'a.0', label: 'a.0', estimateBytes: 100 }
const error = new Error('no such file')

function delaysOf(times: number, step: (rig: Rig) => void): number[] {
  const rig = new Rig({ a: {} })
  rig.state.nowMs = 500
  return Array.from({ length: times }, () => {
    step(rig)
    return (rig.state.backOff.get(variant.id)?.nextRetryAtMs ?? NaN) - 500
  })
}

describe('after failures', () => {
  it('of one key in a row it waits 10 s, doubling to 5 min', () => {
    expect(delaysOf(8, ({ state }) => noteFailure(state, variant, error))).toEqual([
      10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000,
    ])
  })

  it('it knows the last error', () => {
    const { state } = new Rig({ a: {} })
    noteFailure(state, variant, new Error('first'))
    noteFailure(state, variant, error)
    expect(state.backOff.get('a.0')).toEqual({ failures: 2, losses: 0, nextRetryAtMs: 20_000, error })
  })

  it('it is in force until its end, not at it', () => {
    const { state } = new Rig({ a: {} })
    expect(backOffOf(state, variant)).toBeUndefined()
    noteFailure(state, variant, error)
    state.nowMs = 9_999
    expect(backOffOf(state, variant)).toMatchObject({ failures: 1 })
    state.nowMs = 10_000
    expect(backOffOf(state, variant)).toBeUndefined()
    expect(state.backOff.size, 'what is known of it stays: the next failure is the second').toBe(1)
  })

  it('it belongs to the key', () => {
    const { state } = new Rig({ a: {} })
    noteFailure(state, variant, error)
    expect(backOffOf(state, { ...variant, id: 'a.1' })).toBeUndefined()
  })

  it('a success forgets them', () => {
    const { state } = new Rig({ a: {} })
    noteSuccess(state, variant)
    noteFailure(state, variant, error)
    noteSuccess(state, variant)
    expect(state.backOff.size).toBe(0)
  })
})

describe('after losses', () => {
  it('one may be loaded again at once; if it dies again soon it waits longer each time', () => {
    const rig = new Rig({ a: {} })
    rig.resident(500, 'a')
    expect(
      delaysOf(4, ({ state }) => noteLoss(state, { ...rig.generation(1), readyAtMs: 500 }, error)),
    ).toEqual([0, 10_000, 20_000, 40_000])
  })

  it('they count from the start again when it lived for a minute', () => {
    const rig = new Rig({ a: {} })
    rig.resident(500, 'a')
    const { state } = rig
    noteLoss(state, rig.generation(1), error)
    noteLoss(state, rig.generation(1), error)
    state.nowMs = 60_499
    noteLoss(state, rig.generation(1), error)
    expect(state.backOff.get('a.0')).toEqual({ failures: 0, losses: 3, nextRetryAtMs: 80_499, error })
    state.nowMs = 60_500
    noteLoss(state, rig.generation(1), error)
    expect(state.backOff.get('a.0')).toEqual({ failures: 0, losses: 1, nextRetryAtMs: 60_500, error })
  })

  it('a load that succeeds does not wipe them out, only the failures', () => {
    const rig = new Rig({ a: {} })
    rig.resident(0, 'a')
    const { state } = rig
    noteLoss(state, rig.generation(1), error)
    noteFailure(state, variant, new Error('then it failed'))
    expect(state.backOff.get('a.0')).toMatchObject({ failures: 1, losses: 1, nextRetryAtMs: 10_000 })
    state.nowMs = 10_000
    noteSuccess(state, variant)
    expect(state.backOff.get('a.0')).toMatchObject({ failures: 0, losses: 1, nextRetryAtMs: 10_000 })
    expect(backOffOf(state, variant)).toBeUndefined()
  })
})
