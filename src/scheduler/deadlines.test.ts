import { describe, expect, it } from 'vitest'
import { Deadlines, type Deadline } from './deadlines.ts'

function take(deadlines: Deadlines, kind: 'firm' | 'idle', nowMs: number): unknown {
  return deadlines.takeDue(kind, nowMs)?.expiry
}

describe('deadlines', () => {
  it('are not armed when they are made', () => {
    const deadlines = new Deadlines()
    expect(deadlines.create({ type: 'grace' })).toEqual({
      atMs: Infinity,
      sequence: 0,
      expiry: { type: 'grace' },
      heapIndex: -1,
    })
    expect(deadlines.nextAtMs).toBe(Infinity)
    expect(deadlines.size).toBe(0)
    expect(take(deadlines, 'firm', 1e12)).toBeUndefined()
  })

  it('are due at their time and not a millisecond earlier, and come once', () => {
    const deadlines = new Deadlines()
    const deadline = deadlines.create({ type: 'ticket', ticket: 7 })
    deadlines.arm(deadline, 100)
    expect(deadlines.nextAtMs).toBe(100)
    expect(take(deadlines, 'firm', 99)).toBeUndefined()
    expect(deadlines.size).toBe(1)
    expect(take(deadlines, 'firm', 100)).toEqual({ type: 'ticket', ticket: 7 })
    expect(deadline.atMs).toBe(Infinity)
    expect(deadlines.size).toBe(0)
    expect(take(deadlines, 'firm', 100)).toBeUndefined()
  })

  it('come in the order of their times; of those at one time the first made is first, however they were armed', () => {
    const deadlines = new Deadlines()
    const [a, b, c] = ['a', 'b', 'c'].map((slot) => deadlines.create({ type: 'plan', slot })) as [
      Deadline,
      Deadline,
      Deadline,
    ]
    deadlines.arm(c, 5)
    deadlines.arm(b, 9)
    deadlines.arm(a, 9)
    expect(deadlines.inOrder()).toEqual([c, a, b])
    expect(deadlines.takeDue('firm', 9)).toBe(c)
    expect(deadlines.takeDue('firm', 9)).toBe(a)
    expect(deadlines.takeDue('firm', 9)).toBe(b)
  })

  it('move when they are armed again: there is never a second one for the same thing', () => {
    const deadlines = new Deadlines()
    const moved = deadlines.create({ type: 'plan', slot: 'moved' })
    const other = deadlines.create({ type: 'plan', slot: 'other' })
    deadlines.arm(moved, 10)
    deadlines.arm(other, 20)
    deadlines.arm(moved, 30)
    expect(deadlines.size).toBe(2)
    expect(deadlines.nextAtMs).toBe(20)
    deadlines.arm(moved, 5)
    expect(deadlines.nextAtMs).toBe(5)
    deadlines.arm(moved, 30)
    expect(deadlines.takeDue('firm', 29)).toBe(other)
    expect(deadlines.takeDue('firm', 29)).toBeUndefined()
    expect(deadlines.takeDue('firm', 30)).toBe(moved)
  })

  it('are disarmed as often as one likes, and by Infinity', () => {
    const deadlines = new Deadlines()
    const deadline = deadlines.create({ type: 'grace' })
    deadlines.disarm(deadline)
    deadlines.arm(deadline, 1)
    deadlines.disarm(deadline)
    deadlines.disarm(deadline)
    expect(deadline.atMs).toBe(Infinity)
    expect(deadlines.size).toBe(0)
    deadlines.arm(deadline, 1)
    deadlines.arm(deadline, Infinity)
    expect(deadline.atMs).toBe(Infinity)
    expect(deadlines.size).toBe(0)
    expect(take(deadlines, 'firm', 1e12)).toBeUndefined()
  })

  it('of idleness are kept apart, so that they can come last; the wake-up is for both', () => {
    const deadlines = new Deadlines()
    const idle = deadlines.create({ type: 'idle', generation: 1 })
    const firm = deadlines.create({ type: 'abandon', generation: 1 })
    deadlines.arm(idle, 10)
    expect(deadlines.nextAtMs).toBe(10)
    deadlines.arm(firm, 20)
    expect(deadlines.size).toBe(2)
    expect(deadlines.nextAtMs).toBe(10)
    deadlines.arm(idle, 30)
    expect(deadlines.nextAtMs).toBe(20)
    expect(deadlines.inOrder()).toEqual([firm, idle])
    expect(deadlines.takeDue('firm', 99)).toBe(firm)
    expect(deadlines.takeDue('firm', 99)).toBeUndefined()
    expect(deadlines.takeDue('idle', 99)).toBe(idle)
    expect(deadlines.takeDue('idle', 99)).toBeUndefined()
  })
})
