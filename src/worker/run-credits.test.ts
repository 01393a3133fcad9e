import fc from '../../test/support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import { RunCredits, type CreditHolder } from './run-credits.ts'

/** A resident that does with its credits what a thread does, when the test says so. */
class Holder implements CreditHolder {
  readonly credits: RunCredits
  readonly maxRuns: number
  granted = 0
  recalls = 0
  active = 0

  constructor(credits: RunCredits, maxRuns = Infinity) {
    this.credits = credits
    this.maxRuns = maxRuns
  }

  activeRuns(): number {
    return this.active
  }

  grant(runs: number): void {
    this.granted += runs
  }

  recall(): void {
    this.recalls++
  }

  /** Gives back what was recalled, as far as no run uses it. */
  obey(): void {
    const runs = Math.min(this.recalls, this.granted - this.active)
    if (runs === 0) return
    this.recalls -= runs
    this.granted -= runs
    this.credits.returned(this, runs)
  }

  endRun(): void {
    this.active--
    this.obey()
    this.credits.runEnded(this)
  }
}

function rig(total: number, count: number): Holder[] {
  const credits = new RunCredits(total)
  return Array.from({ length: count }, () => new Holder(credits))
}

describe('the runs of the machine', () => {
  it('all go to the only one that asks', () => {
    const [a] = rig(4, 1) as [Holder]
    a.credits.asked(a)
    expect(a.granted).toBe(4)
  })

  it('are in use from the first request of a resident until it has left', () => {
    const credits = new RunCredits(2)
    const holder = new Holder(credits)
    expect(credits.areInUse).toBe(false)
    credits.asked(holder)
    expect(credits.areInUse).toBe(true)
    credits.leave(holder)
    expect(credits.areInUse).toBe(false)
  })

  it('are not more for a resident than it can be in', () => {
    const credits = new RunCredits(2)
    const [narrow, wide] = [new Holder(credits, 1), new Holder(credits)]
    credits.want(narrow)
    credits.want(narrow)
    credits.want(wide)
    expect([narrow.granted, wide.granted]).toEqual([1, 1])
    // It asked for more than it could use; what was recalled from it is its again when there is something free.
    credits.want(wide)
    narrow.recalls = 1
    narrow.obey()
    expect([narrow.granted, wide.granted]).toEqual([1, 1])
    credits.leave(wide)
    expect(narrow.granted).toBe(1)
  })

  it('are not asked for again by a request to whoever has some', () => {
    const [a, b] = rig(2, 2) as [Holder, Holder]
    a.credits.asked(a)
    a.credits.asked(a)
    expect([a.granted, a.recalls, b.granted]).toEqual([2, 0, 0])
  })

  it('are shared with the second one, whose half comes when a run has ended', () => {
    const [a, b] = rig(2, 2) as [Holder, Holder]
    a.credits.asked(a)
    a.active = 2
    b.credits.asked(b)
    expect([a.recalls, b.granted]).toEqual([1, 0])
    a.obey()
    expect(b.granted).toBe(0)
    a.endRun()
    expect([a.granted, b.granted]).toEqual([1, 1])
  })

  it('stay shared while both are at work', () => {
    const [a, b] = rig(2, 2) as [Holder, Holder]
    a.credits.asked(a)
    b.credits.asked(b)
    a.obey()
    a.active = b.active = 1
    a.credits.want(a)
    b.credits.want(b)
    expect([a.recalls, b.recalls]).toEqual([0, 0])
  })

  it('come back from whoever has nothing to do', () => {
    const [a, b] = rig(2, 2) as [Holder, Holder]
    a.credits.asked(a)
    b.credits.asked(b)
    a.obey()
    a.active = b.active = 1
    a.credits.want(a)
    b.endRun()
    expect(b.recalls).toBe(1)
    b.obey()
    expect([a.granted, b.granted]).toEqual([2, 0])
  })

  it('go round where there are more models than runs', () => {
    const holders = rig(1, 3)
    const [a, b, c] = holders as [Holder, Holder, Holder]
    const served: string[] = []
    for (const holder of holders) holder.credits.asked(holder)
    for (let turn = 0; turn < 6; turn++) {
      const holder = holders.find(({ granted }) => granted === 1) as Holder
      served.push('abc'[holders.indexOf(holder)] as string)
      holder.active = 1
      // It has more to do and another one waits: its run ends, the credit goes, and it asks again.
      holder.endRun()
      holder.credits.want(holder)
    }
    expect(served.join('')).toBe('abcabc')
    expect([a, b, c].reduce((sum, { granted }) => sum + granted, 0)).toBe(1)
  })

  it('that were recalled for one that has none go there, though others have waited for more', () => {
    const [a, b] = rig(2, 2) as [Holder, Holder]
    a.credits.asked(a)
    a.active = 2
    a.credits.want(a)
    b.credits.asked(b)
    a.endRun()
    expect([a.granted, b.granted]).toEqual([1, 1])
  })

  it('come from whoever ends a run first, not only from whom they were recalled', () => {
    const [a, b, c] = rig(2, 3) as [Holder, Holder, Holder]
    a.credits.asked(a)
    b.credits.asked(b)
    a.obey()
    a.active = b.active = 1
    c.credits.asked(c)
    // The one that was asked is in a long run; the other one's runs are short.
    const quick = a.recalls > 0 ? b : a
    quick.endRun()
    quick.obey()
    expect(c.granted).toBe(1)
  })

  it('of a resident that is being ended are free but for those that a run uses, and it gets no more', () => {
    const [a, b] = rig(2, 2) as [Holder, Holder]
    a.credits.asked(a)
    a.active = 1
    a.credits.want(a)
    a.credits.stopped(a)
    // What it sent before it heard of its end.
    a.credits.returned(a, 1)
    a.credits.want(a)
    b.credits.asked(b)
    expect(b.granted).toBe(1)
    b.credits.want(b)
    a.credits.leave(a)
    expect([a.recalls, b.granted]).toEqual([0, 2])
  })

  it('are free again when a resident ends with some, and it waits no more', () => {
    const [a, b, c] = rig(1, 3) as [Holder, Holder, Holder]
    a.credits.asked(a)
    a.active = 1
    b.credits.asked(b)
    c.credits.asked(c)
    b.credits.leave(b)
    a.credits.leave(a)
    expect([b.granted, c.granted]).toEqual([0, 1])
  })
})

it('no more runs than there are, none lost, and whoever waits is served, in any order of events', () => {
  const step = fc.record({ what: fc.constantFrom('work', 'end', 'obey', 'leave'), who: fc.nat({ max: 3 }) })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 80 }), (total, steps) => {
      const holders = rig(total, 4)
      const credits = (holders[0] as Holder).credits
      const wants = new Set<Holder>()
      const begin = (holder: Holder): void => {
        if (holder.active < holder.granted) {
          holder.active++
          wants.delete(holder)
        } else {
          wants.add(holder)
          credits.want(holder)
        }
      }
      for (const { what, who } of steps) {
        const holder = holders[who] as Holder
        if (what === 'work') begin(holder)
        else if (what === 'end' && holder.active > 0) holder.endRun()
        else if (what === 'obey') holder.obey()
        else if (what === 'leave') {
          wants.delete(holder)
          Object.assign(holder, { granted: 0, active: 0, recalls: 0 })
          credits.leave(holder)
        }
        expect(holders.reduce((sum, { granted }) => sum + granted, 0)).toBeLessThanOrEqual(total)
      }
      // All runs end and everybody obeys: then whoever waits can work, and every run of the machine can be had.
      for (let round = 0; round < 20; round++) {
        for (const holder of holders) {
          if (wants.has(holder)) begin(holder)
          while (holder.active > 0) holder.endRun()
          holder.obey()
        }
      }
      expect(wants.size).toBe(0)
      for (const holder of holders.slice(1)) credits.leave(holder)
      const [last] = holders as [Holder]
      credits.want(last)
      expect(last.granted).toBe(total)
    }),
    { numRuns: 500 },
  )
})
