import { describe, expect, it } from 'vitest'
import { WaitQueue, type QueuePolicy, type Waiter } from './wait-queue.ts'

const AGING_MS = 5_000

function newQueue(weights: Readonly<Record<string, number>> = {}): WaitQueue {
  return new WaitQueue({ weightOf: (tenant) => weights[tenant] ?? 1, agingMs: () => AGING_MS })
}

/** `a:2@30` is a ticket of tenant a on level 2 that came at 30 ms. */
function waiterOf(text: string): Waiter & { text: string } {
  const [, tenant = '', priority, arrivedAtMs] = /^([a-z]*)\d*:(\d)@(\d+)$/.exec(text) ?? []
  return { text, tenant, priority: Number(priority), arrivedAtMs: Number(arrivedAtMs), place: undefined }
}

function fill(queue: WaitQueue, ...texts: string[]): Waiter[] {
  return texts.map((text) => {
    const waiter = waiterOf(text)
    queue.add(waiter)
    return waiter
  })
}

function takeAll(queue: WaitQueue, nowMs: number): string[] {
  const taken: string[] = []
  for (let waiter = queue.take(nowMs); waiter; waiter = queue.take(nowMs)) taken.push(textOf(waiter))
  return taken
}

function textOf(waiter: Waiter | undefined): string {
  return (waiter as (Waiter & { text: string }) | undefined)?.text ?? 'nobody'
}

describe('who is next', () => {
  it('is the first that came, among those of one priority and tenant', () => {
    const queue = newQueue()
    fill(queue, 'a1:1@0', 'a2:1@0', 'a3:1@7')
    expect(takeAll(queue, 7)).toEqual(['a1:1@0', 'a2:1@0', 'a3:1@7'])
  })

  it('is the one of the highest priority: 0', () => {
    const queue = newQueue()
    fill(queue, 'a:9@0', 'a:1@1', 'a:0@2', 'a:5@3')
    expect(takeAll(queue, 3)).toEqual(['a:0@2', 'a:1@1', 'a:5@3', 'a:9@0'])
  })

  it('is nobody, where nobody waits', () => {
    const queue = newQueue()
    expect(queue.take(0)).toBeUndefined()
    fill(queue, 'a:3@0')
    takeAll(queue, 0)
    expect(queue.take(1e9)).toBeUndefined()
  })

  it('is no tenant that comes late before one that has waited while others were served out of turn', () => {
    const queue = newQueue()
    const [a1, a2, a3] = fill(queue, 'a1:1@0', 'a2:1@0', 'a3:1@0', 'a4:1@0', 'b1:1@0', 'b2:1@0', 'b3:1@0')
    for (const waiter of [a1, a2, a3]) queue.takeOut(waiter as Waiter)
    expect(textOf(queue.take(0))).toBe('b1:1@0')
    fill(queue, 'c1:1@1')
    expect(takeAll(queue, 1)).toEqual(['b2:1@0', 'b3:1@0', 'c1:1@1', 'a4:1@0'])
  })

  it('turns from tenant to tenant, beginning with the one that came first', () => {
    const queue = newQueue()
    fill(queue, 'b1:1@0', 'b2:1@0', 'b3:1@0', 'a1:1@1', 'a2:1@1', 'c1:1@2')
    expect(takeAll(queue, 2)).toEqual(['b1:1@0', 'a1:1@1', 'c1:1@2', 'b2:1@0', 'a2:1@1', 'b3:1@0'])
  })

  it('is of a tenant of weight 3 three times as often as of one of weight 1', () => {
    const queue = newQueue({ a: 3 })
    fill(queue, 'b1:1@0', 'b2:1@0', 'b3:1@0')
    fill(queue, 'a1:1@0', 'a2:1@0', 'a3:1@0', 'a4:1@0', 'a5:1@0', 'a6:1@0', 'a7:1@0', 'a8:1@0')
    const order = takeAll(queue, 0).map((text) => text[0])
    expect(order.slice(0, 8).join('')).toBe('baaabaaa')
  })

  it('reads weight and aging each time: they can be configured while somebody waits', () => {
    let weight = 1
    let agingMs = Infinity
    const policy: QueuePolicy = {
      weightOf: (tenant) => (tenant === 'a' ? weight : 1),
      agingMs: () => agingMs,
    }
    const queue = new WaitQueue(policy)
    fill(queue, 'a1:1@0', 'a2:1@0', 'a3:1@0', 'b1:1@0', 'b2:1@0', 'x:9@0')
    weight = 4
    expect(textOf(queue.take(0))).toBe('a1:1@0')
    expect(textOf(queue.take(0))).toBe('b1:1@0')
    expect(textOf(queue.take(0))).toBe('a2:1@0')
    expect(textOf(queue.take(0))).toBe('a3:1@0')
    agingMs = 10
    fill(queue, 'b3:0@90')
    expect(textOf(queue.take(90))).toBe('b2:1@0')
    expect(takeAll(queue, 90)).toEqual(['x:9@0', 'b3:0@90'])
  })

  it('is not of a tenant for the turns that it did not take while it was away', () => {
    const queue = newQueue()
    fill(queue, 'b1:1@0', 'b2:1@0', 'b3:1@0', 'b4:1@0')
    queue.take(0)
    queue.take(0)
    // In turn with b from now on, not two turns ahead of it.
    fill(queue, 'a1:1@1', 'a2:1@1', 'a3:1@1')
    expect(takeAll(queue, 1)).toEqual(['b3:1@0', 'a1:1@1', 'b4:1@0', 'a2:1@1', 'a3:1@1'])
  })

  it('is not of a tenant again that comes back at once after each turn, before those whom it left waiting', () => {
    const queue = newQueue()
    fill(queue, 'b1:1@0', 'b2:1@0', 'b3:1@0')
    const order = [textOf(queue.take(0))]
    for (let turn = 1; turn <= 4; turn++) {
      fill(queue, `a${turn}:1@${turn}`)
      order.push(textOf(queue.take(turn)))
    }
    expect(order).toEqual(['b1:1@0', 'b2:1@0', 'a1:1@1', 'b3:1@0', 'a2:1@2'])
  })

  it('is not of a tenant for ever that comes when nobody waits, before one that had many turns then', () => {
    const queue = newQueue()
    fill(queue, 'b1:1@0', 'b2:1@0')
    takeAll(queue, 0)
    fill(queue, 'a1:1@1', 'a2:1@1', 'b3:1@1')
    expect(takeAll(queue, 1)).toEqual(['a1:1@1', 'b3:1@1', 'a2:1@1'])
  })
})

describe('ageing', () => {
  it('raises a ticket one level when it has waited agingMs, and not a millisecond earlier', () => {
    const early = newQueue()
    fill(early, 'a1:1@0', 'b1:0@4999')
    expect(textOf(early.take(4_999))).toBe('b1:0@4999')
    const due = newQueue()
    fill(due, 'a1:1@0', 'b1:0@4999')
    // Both on level 0 now; the lane of b was there first.
    expect(takeAll(due, 5_000)).toEqual(['b1:0@4999', 'a1:1@0'])
  })

  it('goes on level by level, each counted from the last', () => {
    const queue = newQueue()
    fill(queue, 'a1:3@100')
    expect(queue.urgencyMs()).toBe(100 + 3 * AGING_MS)
    fill(queue, 'a2:1@10099')
    expect(queue.urgencyMs()).toBe(10_099 + AGING_MS)
    // Risen from 3 to 2 at 5,100; to 1 at 10,100, behind a2, which was there before.
    expect(takeAll(queue, 10_100)).toEqual(['a2:1@10099', 'a1:3@100'])
  })

  it('raises by several levels at once when nobody came for long', () => {
    const queue = newQueue()
    fill(queue, 'x1:9@0', 'x2:8@0')
    fill(queue, 'y1:0@45000')
    expect(takeAll(queue, 45_000)).toEqual(['x2:8@0', 'y1:0@45000', 'x1:9@0'])
  })

  it('puts a ticket in the line of its level by the time of its rise, before those who come later', () => {
    const queue = newQueue()
    fill(queue, 'a1:2@0')
    fill(queue, 'a2:1@6000')
    expect(takeAll(queue, 6_000)).toEqual(['a1:2@0', 'a2:1@6000'])
  })

  it('stops at level 0', () => {
    const queue = newQueue()
    fill(queue, 'a1:0@0', 'a2:1@0')
    expect(takeAll(queue, 1e9)).toEqual(['a1:0@0', 'a2:1@0'])
  })

  it('happens as well when somebody comes', () => {
    const queue = newQueue()
    const [first] = fill(queue, 'a1:2@0')
    expect(first?.place?.level).toBe(2)
    fill(queue, 'a2:2@5000')
    expect(first?.place?.level).toBe(1)
    expect(first?.place?.enteredAtMs).toBe(5_000)
  })

  it('lets nobody wait for ever behind a stream of a higher priority', () => {
    const queue = newQueue()
    fill(queue, 'x:9@0')
    for (let nowMs = 0; nowMs <= 50_000; nowMs += 500) {
      fill(queue, `s:0@${nowMs}`)
      if (textOf(queue.take(nowMs)) !== 'x:9@0') continue
      expect(nowMs).toBe(45_000)
      return
    }
    expect.unreachable('x was never next')
  })
})

describe('urgency', () => {
  it('is never, where nobody waits', () => {
    expect(newQueue().urgencyMs()).toBe(Infinity)
  })

  it('is when the most urgent ticket reaches level 0', () => {
    const queue = newQueue()
    fill(queue, 'a:4@0')
    expect(queue.urgencyMs()).toBe(20_000)
    fill(queue, 'a:1@20', 'a:1@21')
    expect(queue.urgencyMs()).toBe(5_020)
    const [first] = fill(queue, 'a:0@30')
    expect(queue.urgencyMs()).toBe(30)
    queue.remove(first as Waiter)
    expect(queue.urgencyMs()).toBe(5_020)
  })
})

describe('leaving', () => {
  it('can be done from any place, once, and is answered', () => {
    const queue = newQueue()
    const [first, second, third] = fill(queue, 'a1:1@0', 'a2:1@0', 'a3:1@0') as [Waiter, Waiter, Waiter]
    expect(queue.remove(second)).toBe(true)
    expect(second.place).toBeUndefined()
    expect(queue.remove(second)).toBe(false)
    expect(queue.size).toBe(2)
    expect([...queue]).toEqual([first, third])
    expect(takeAll(queue, 0)).toEqual(['a1:1@0', 'a3:1@0'])
    expect(first.place).toBeUndefined()
    expect(queue.remove(first)).toBe(false)
    expect(queue.size).toBe(0)
  })

  it('does not touch one who waits in another queue', () => {
    const queue = newQueue()
    const other = newQueue()
    fill(queue, 'a:1@0')
    const [waiter] = fill(other, 'a:1@0') as [Waiter]
    expect(queue.remove(waiter)).toBe(false)
    expect([queue.size, other.size]).toEqual([1, 1])
    const [high] = fill(other, 'a:9@0') as [Waiter]
    expect(queue.remove(high)).toBe(false)
    const [stranger] = fill(other, 'z:1@0') as [Waiter]
    expect(queue.remove(stranger)).toBe(false)
    expect(other.size).toBe(3)
  })

  it('leaves no line of a tenant behind', () => {
    const queue = newQueue()
    const [a] = fill(queue, 'a:1@0') as [Waiter]
    fill(queue, 'b1:1@0')
    queue.remove(a)
    expect(takeAll(queue, 0)).toEqual(['b1:1@0'])
  })
})

describe('order of arrival', () => {
  it('is kept over all levels and tenants', () => {
    const queue = newQueue()
    expect(queue.oldest).toBeUndefined()
    const all = fill(queue, 'a:5@0', 'b:0@1', 'a:1@2') as [Waiter, Waiter, Waiter]
    expect(queue.size).toBe(3)
    expect([...queue]).toEqual(all)
    expect(queue.oldest).toBe(all[0])
    // A rise changes the order in which they are served, not the one in which they came.
    fill(queue, 'c:0@90000')
    expect(queue.oldest).toBe(all[0])
    queue.remove(all[0])
    expect(queue.oldest).toBe(all[1])
  })
})

describe('a full queue', () => {
  it('displaces nobody for a newcomer of a lower priority than all that wait', () => {
    const queue = newQueue()
    fill(queue, 'a:0@0', 'a:1@0')
    expect(queue.displacedBy(waiterOf('b:2@1'))).toBeUndefined()
  })

  it('displaces the last that came on the lowest level for a newcomer of a higher priority', () => {
    const queue = newQueue()
    fill(queue, 'a1:3@0', 'a2:3@0', 'a3:1@0')
    expect(textOf(queue.displacedBy(waiterOf('a:2@1')))).toBe('a2:3@0')
    expect(queue.size, 'it is for the caller to take it out').toBe(3)
  })

  it('displaces nobody where nobody waits', () => {
    const queue = newQueue()
    expect(queue.displacedBy(waiterOf('a:0@0'))).toBeUndefined()
    fill(queue, 'a:1@0')
    queue.take(0)
    expect(queue.displacedBy(waiterOf('a:0@0'))).toBeUndefined()
  })

  it('does not look at a level that has emptied', () => {
    const queue = newQueue()
    const [low] = fill(queue, 'a:7@0', 'b1:2@0') as [Waiter]
    queue.remove(low)
    expect(textOf(queue.displacedBy(waiterOf('c:1@0')))).toBe('b1:2@0')
    expect(queue.displacedBy(waiterOf('c:3@0'))).toBeUndefined()
  })

  it('takes from the tenant that holds the most for its weight', () => {
    const queue = newQueue({ big: 4 })
    fill(queue, 'small1:1@0', 'small2:1@0', 'big1:1@0', 'big2:1@0', 'big3:1@0', 'big4:1@0', 'big5:1@0')
    // 2 / 1 against 5 / 4.
    expect(textOf(queue.displacedBy(waiterOf('c:0@1')))).toBe('small2:1@0')
    expect(textOf(queue.displacedBy(waiterOf('c:1@1')))).toBe('small2:1@0')
  })

  it('takes from the one that holds the most, whoever came first', () => {
    const queue = newQueue()
    fill(queue, 'a1:1@0', 'b1:1@0', 'b2:1@0', 'c1:1@0')
    expect(textOf(queue.displacedBy(waiterOf('d:0@1')))).toBe('b2:1@0')
  })

  it('takes from the first of tenants that hold equally much', () => {
    const queue = newQueue()
    fill(queue, 'b1:1@0', 'b2:1@0', 'a1:1@0', 'a2:1@0')
    expect(textOf(queue.displacedBy(waiterOf('c:0@1')))).toBe('b2:1@0')
  })

  it('takes on the same level only from a tenant that holds more than the newcomer’s would', () => {
    const queue = newQueue()
    fill(queue, 'a1:1@0', 'a2:1@0', 'b1:1@0')
    expect(textOf(queue.displacedBy(waiterOf('c:1@1')))).toBe('a2:1@0')
    // b would have two as well then: nothing is won by the exchange.
    expect(queue.displacedBy(waiterOf('b:1@1'))).toBeUndefined()
    expect(queue.displacedBy(waiterOf('a:1@1'))).toBeUndefined()
  })

  it('counts a newcomer by the weight of its tenant', () => {
    const queue = newQueue({ heavy: 2 })
    fill(queue, 'a1:1@0', 'heavy1:1@0')
    // heavy would hold 2 / 2, no less than a: no exchange.
    expect(queue.displacedBy(waiterOf('heavy:1@1'))).toBeUndefined()
    fill(queue, 'a2:1@0')
    expect(textOf(queue.displacedBy(waiterOf('heavy:1@1')))).toBe('a2:1@0')
  })
})

describe('looking ahead', () => {
  it('sees whom taking would give, and takes nobody', () => {
    const queue = newQueue({ a: 2 })
    fill(queue, 'a1:1@0', 'a2:1@0', 'b1:1@0', 'b2:1@0', 'a3:0@1', 'b3:2@1', 'a4:1@2')
    const ahead = queue.upcoming(2, 5).map(textOf)
    expect(queue.upcoming(2, 99).map(textOf)).toHaveLength(7)
    expect(queue.size).toBe(7)
    expect(takeAll(queue, 2).slice(0, 5)).toEqual(ahead)
  })

  it('sees who has risen by then', () => {
    const queue = newQueue()
    fill(queue, 'old:1@0', 'new:0@5001')
    expect(queue.upcoming(5_001, 1).map(textOf)).toEqual(['old:1@0'])
  })

  it('lets one be taken out of turn, for whom the tenant pays', () => {
    const queue = newQueue()
    const [, , third] = fill(queue, 'a1:1@0', 'a2:1@0', 'a3:1@0', 'b1:1@0', 'b2:1@0')
    expect(queue.takeOut(third as Waiter)).toBe(true)
    expect(queue.takeOut(third as Waiter)).toBe(false)
    expect(takeAll(queue, 0)).toEqual(['b1:1@0', 'a1:1@0', 'b2:1@0', 'a2:1@0'])
  })

  it('goes by what turns cost', () => {
    const queue = new WaitQueue({
      weightOf: () => 1,
      agingMs: () => AGING_MS,
      costOf: (waiter) => (waiter.tenant === 'a' ? 3 : 1),
    })
    fill(queue, 'a1:1@0', 'a2:1@0', 'b1:1@0', 'b2:1@0', 'b3:1@0', 'b4:1@0')
    const inTurn = ['a1:1@0', 'b1:1@0', 'b2:1@0', 'b3:1@0', 'a2:1@0', 'b4:1@0']
    expect(queue.upcoming(0, 9).map(textOf)).toEqual(inTurn)
    expect(takeAll(queue, 0)).toEqual(inTurn)
  })
})

describe('rising only where nobody is served', () => {
  it('leaves an old backlog behind what others have just asked for', () => {
    const queue = new WaitQueue({ weightOf: () => 1, agingMs: () => AGING_MS, risesOnlyUnserved: true })
    fill(queue, 'a1:1@0', 'a2:1@0', 'a3:1@0')
    expect(textOf(queue.take(4_000))).toBe('a1:1@0')
    fill(queue, 'b1:1@6000')
    expect(queue.upcoming(6_000, 2).map(textOf)).toContain('b1:1@6000')
  })

  it('still raises a line that had no turn', () => {
    const queue = new WaitQueue({ weightOf: () => 1, agingMs: () => AGING_MS, risesOnlyUnserved: true })
    fill(queue, 'old:1@0', 'new:0@5001')
    expect(textOf(queue.take(5_001))).toBe('old:1@0')
  })
})
