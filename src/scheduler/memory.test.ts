import { describe, expect, it } from 'vitest'
import {
  abort,
  disposes,
  gone,
  granted,
  lease,
  load,
  loaded,
  loadEnded,
  lost,
  pin,
  release,
  Rig,
  starts,
  unload,
  unloadEnded,
  warns,
} from '../../test/support/rig.ts'
import { bytesBeingFreed, committedBytes, couldEvict, estimateOf, evictFor, victimsInUse } from './memory.ts'

const LIMITS = { minResidencyMs: 1_000 }
const FIVE = { a: {}, b: {}, c: {}, d: {}, e: {} }

function budget(memoryBudgetBytes: number): {
  type: 'configure-runtime'
  limits: { memoryBudgetBytes: number }
} {
  return { type: 'configure-runtime', limits: { memoryBudgetBytes } }
}

/** Who would go for the sake of slot `e`, in the order of going. */
function evicted(rig: Rig, shortfallBytes: number): string[] | false {
  rig.state.effects = []
  if (!evictFor(rig.state, shortfallBytes, rig.slot('e'))) return false
  return rig.state.effects.flatMap((effect) =>
    effect.type === 'dispose' ? [rig.generation(effect.generation).demand.model.name] : [],
  )
}

describe('what is counted', () => {
  it('for a variant is the estimate, until it was measured', () => {
    const rig = new Rig({ a: {} })
    const variant = { id: 'a.0', label: 'a.0', estimateBytes: 77 }
    expect(estimateOf(rig.state, variant)).toBe(77)
    rig.resident(0, 'a', 130)
    expect(estimateOf(rig.state, variant)).toBe(130)
  })

  it('are residents, loads, and what has not ended yet', () => {
    const rig = new Rig({ a: {}, b: {}, c: {}, d: {}, e: {} }, { maxParallelLoads: 2 })
    rig.resident(0, 'a', 1)
    rig.resident(0, 'b', 20)
    rig.given(0, unload('b'))
    rig.given(0, lease(1, 'c'))
    rig.given(0, abort(1))
    rig.given(0, lease(2, 'd'))
    rig.given(0, lease(3, 'e'))
    expect(committedBytes(rig.state)).toBe(1 + 20 + 100 + 100 + 100)
    expect(bytesBeingFreed(rig.state)).toBe(20 + 100)
    rig.given(0, lease(4, 'a'))
    rig.given(0, unload('a'))
    expect(bytesBeingFreed(rig.state), 'what is held is not on its way out').toBe(120)
    rig.given(0, lost(1, undefined))
    expect(bytesBeingFreed(rig.state)).toBe(121)
    expect(rig.slot('a').retiring.size).toBe(1)
  })

  it('is not a load that has not begun', () => {
    const rig = new Rig({ a: {}, b: {} }, { maxParallelLoads: 1 })
    rig.given(0, lease(1, 'a'))
    rig.given(0, lease(2, 'b'))
    expect(committedBytes(rig.state)).toBe(100)
  })
})

describe('eviction', () => {
  it('takes the least recently used first, and no more than are needed', () => {
    const rig = new Rig(FIVE, { limits: LIMITS })
    for (const model of ['a', 'b', 'c']) rig.resident(0, model)
    for (const [lease, model] of ['b', 'c', 'a'].entries()) {
      rig.hold(100 + lease, model)
      rig.given(200 + lease, release(lease + 1))
    }
    expect(evicted(rig, 200)).toEqual(['b', 'c'])
    expect(rig.generation(1).phase).toBe('ready')
  })

  it('of equally old ones takes the one that was loaded first', () => {
    const rig = new Rig(FIVE, { limits: LIMITS })
    for (const model of ['c', 'a', 'b']) rig.resident(0, model)
    rig.state.nowMs = 1_000
    expect(evicted(rig, 101)).toEqual(['c', 'a'])
  })

  it('of equally valuable ones takes the one whose load began first, not the one whose load ended first', () => {
    const rig = new Rig(FIVE, { limits: LIMITS })
    rig.given(0, load(1, 'a'))
    rig.given(0, load(2, 'b'))
    rig.given(100, loadEnded(2))
    rig.given(100, loadEnded(1))
    rig.state.nowMs = 2_000
    expect(evicted(rig, 100)).toEqual(['a'])
  })

  it('counts one that is slow to load as used later by the time that its load takes', () => {
    const rig = new Rig(FIVE, { limits: LIMITS })
    rig.given(0, load(1, 'a'))
    rig.given(700, loadEnded(1))
    rig.resident(1_000, 'b')
    rig.state.nowMs = 5_000
    rig.generation(1).lastUsedAtMs = 400
    expect(couldEvict(rig.state, 100, rig.slot('e'))).toBe(true)
    expect(evicted(rig, 100), 'a: 400 + 700; b: 1,000 + 0').toEqual(['b'])
  })

  it('takes none when all of them would not do', () => {
    const rig = new Rig(FIVE, { limits: LIMITS })
    rig.resident(0, 'a')
    rig.resident(0, 'b')
    rig.state.nowMs = 1_000
    expect(couldEvict(rig.state, 201, rig.slot('e'))).toBe(false)
    expect(evicted(rig, 201)).toBe(false)
    expect(couldEvict(rig.state, 200, rig.slot('e'))).toBe(true)
    expect(evicted(rig, 200)).toEqual(['a', 'b'])
  })

  it('spares what is in use, pinned, of the slot that wants the room, or on its way out already', () => {
    const rig = new Rig({ ...FIVE, f: {} }, { limits: LIMITS })
    for (const model of ['a', 'b', 'c', 'd', 'e', 'f']) rig.resident(0, model)
    rig.hold(0, 'a')
    rig.given(0, { type: 'run-started', generation: 2, run: 1 })
    rig.given(0, pin('c', true))
    rig.given(0, unload('d'))
    rig.state.nowMs = 1_000
    expect(couldEvict(rig.state, 101, rig.slot('e'))).toBe(false)
    expect(evicted(rig, 101)).toBe(false)
    expect(evicted(rig, 100)).toEqual(['f'])
  })

  it('spares one that was never used until it has been there for minResidencyMs', () => {
    const rig = new Rig(FIVE, { limits: LIMITS })
    rig.resident(500, 'a')
    rig.state.nowMs = 1_499
    expect(evicted(rig, 100)).toBe(false)
    rig.state.nowMs = 1_500
    expect(evicted(rig, 100)).toEqual(['a'])
    const used = new Rig(FIVE, { limits: LIMITS })
    used.resident(500, 'a')
    used.hold(500, 'a')
    used.given(501, release(1))
    expect(evicted(used, 100)).toEqual(['a'])
  })

  it('spares one that somebody waits for', () => {
    const rig = new Rig({ ...FIVE, b: { slot: 'a' } }, { limits: LIMITS })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, lease(1, 'b'))
    rig.given(5_000, { type: 'tick' })
    expect(rig.slot('a').drain).toBeDefined()
    // As if its lease had just ended. Only who waits for it counts, not who waits for another model of its slot.
    rig.generation(1).leases.lease = 0
    expect(couldEvict(rig.state, 100, rig.slot('e'))).toBe(true)
    rig.generation(1).leases.lease = 1
    rig.given(5_001, lease(2, 'a'))
    rig.generation(1).leases.lease = 0
    expect(couldEvict(rig.state, 100, rig.slot('e'))).toBe(false)
  })
})

describe('victims in use', () => {
  function victims(rig: Rig, shortfallBytes: number): string[] {
    return victimsInUse(rig.state, shortfallBytes, rig.slot('e')).map(({ demand }) => demand.model.name)
  }

  it('are residents that have been there for minResidencyMs, least recently used first', () => {
    const rig = new Rig(FIVE, { limits: LIMITS })
    for (const [at, model] of ['a', 'b', 'c'].entries()) rig.resident(at, model)
    rig.hold(50, 'b')
    rig.hold(60, 'a')
    rig.hold(70, 'c')
    rig.state.nowMs = 1_001
    expect(victims(rig, 100)).toEqual(['b'])
    expect(victims(rig, 101)).toEqual(['b', 'a'])
    expect(victims(rig, 201), 'c has been there for 999 ms').toEqual([])
    rig.state.nowMs = 1_002
    expect(victims(rig, 201)).toEqual(['b', 'a', 'c'])
    expect(victims(rig, 301)).toEqual([])
  })

  it('are not those that are pinned, retired, being swapped, behind a closed door, or of the slot itself', () => {
    const rig = new Rig({ ...FIVE, d2: { slot: 'd' }, b: { bytes: [100, 60] } }, { limits: LIMITS })
    for (const model of ['a', 'b', 'c', 'd', 'e']) rig.resident(0, model)
    for (const model of ['a', 'b', 'c', 'd', 'e']) rig.hold(0, model)
    rig.given(0, pin('a', true))
    rig.given(1_000, lease(1, 'b', { selector: '1' }))
    rig.given(1_000, unload('c'))
    rig.given(1_000, lease(2, 'd2'))
    rig.given(6_000, { type: 'tick' })
    expect(rig.slot('b').incoming).toBeDefined()
    expect(rig.slot('d').drain).toBeDefined()
    expect(victims(rig, 1)).toEqual([])
    rig.given(6_000, abort(1))
    rig.given(6_000, abort(2))
    rig.given(6_000, pin('a', false))
    expect(victims(rig, 300).toSorted()).toEqual(['a', 'b', 'd'])
  })

  it('are not those whose door is closed for somebody else', () => {
    const rig = new Rig({ a: {}, c: {}, e: {} }, { memoryBudgetBytes: 100, limits: LIMITS })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, lease(1, 'c'))
    rig.given(5_000, { type: 'tick' })
    expect(rig.slot('a').incoming).toBeUndefined()
    expect(victims(rig, 1)).toEqual([])
  })
})

describe('a budget that is exceeded', () => {
  it('because a load took more than was estimated makes idle ones go, but for the one that came', () => {
    const rig = new Rig(FIVE, { memoryBudgetBytes: 350, limits: { minResidencyMs: 0 } })
    rig.resident(0, 'a')
    rig.resident(1, 'b')
    rig.given(10, load(1, 'c'))
    rig.at(20, loadEnded(3, 151), [
      loaded(3, 'c.0', 10, { memoryBytes: 151 }),
      disposes(1),
      { type: 'ready', ticket: 1, generation: 3 },
    ])
    rig.given(21, load(2, 'd'))
    expect(rig.slot('d').incoming?.phase.type).toBe('queued')
  })

  it('by the very one that came is warned of: it does not go again', () => {
    const rig = new Rig(FIVE, { memoryBudgetBytes: 350, limits: { minResidencyMs: 0 } })
    rig.given(0, load(1, 'a', { deadlineMs: 5 }))
    rig.given(5, { type: 'tick' })
    rig.at(10, loadEnded(1, 1e6), [
      loaded(1, 'a.0', 10, { memoryBytes: 1e6 }),
      warns('a', 'over-budget', '1 MB over the memory budget, and nothing is idle'),
    ])
    expect(rig.generation(1).phase).toBe('ready')
  })

  it('by a lowered budget makes idle ones go until it holds, the least recently used first, and no more', () => {
    const rig = new Rig(FIVE, { limits: LIMITS })
    for (const [at, model] of ['a', 'b', 'c', 'd'].entries()) rig.resident(at, model)
    rig.hold(10, 'a')
    rig.given(20, release(1))
    rig.at(2_000, budget(400), [])
    rig.at(2_000, budget(399), [disposes(2)])
    rig.at(2_000, budget(200), [disposes(3)])
    rig.at(2_001, unloadEnded(2), [gone(2, 'b.0', 'evicted')])
  })

  it('by what is in use is warned of, with how much it is', () => {
    const rig = new Rig(FIVE, { limits: LIMITS })
    rig.resident(0, 'a', 300e6)
    rig.hold(0, 'a')
    rig.resident(0, 'b', 300e6)
    rig.at(2_000, budget(98.4e6), [
      disposes(2),
      warns('', 'over-budget', '202 MB over the memory budget, and nothing is idle'),
    ])
    const one = new Rig({ a: { bytes: [1e6] } }, { memoryBudgetBytes: 100e6, limits: LIMITS })
    one.given(0, lease(1, 'a'))
    one.at(1, loadEnded(1, 150e6), [
      loaded(1, 'a.0', 1, { memoryBytes: 150e6 }),
      warns('a', 'over-budget', '50 MB over the memory budget, and nothing is idle'),
      granted(1, 1, 1, 1),
    ])
  })

  it('that is raised again lets those start that wait for room', () => {
    const rig = new Rig({ a: {}, b: {} }, { memoryBudgetBytes: 100, limits: LIMITS })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    rig.given(0, lease(1, 'b'))
    rig.at(1, budget(200), [starts(2, 'b.0')])
  })
})
