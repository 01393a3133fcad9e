import { describe, expect, it } from 'vitest'
import { lease, rejected, release, Rig, TICK, use } from '../../test/support/rig.ts'
import { DEFAULT_LIMITS } from '../config/limits.ts'
import { Deadlines, type Deadline } from './deadlines.ts'
import type { Ticket } from './state.ts'
import { WaitQueue, type Waiter } from '../kernel/wait-queue.ts'

// What it costs when very many wait, counted in looks at what waits: never in time.

/** A ticket that counts how often it is looked at. */
class CountedWaiter implements Waiter {
  static looks = 0
  readonly #priority: number
  readonly #tenant: string
  readonly #arrivedAtMs: number
  #place: Waiter['place']

  constructor(priority: number, tenant: string, arrivedAtMs: number) {
    this.#priority = priority
    this.#tenant = tenant
    this.#arrivedAtMs = arrivedAtMs
  }

  get priority(): number {
    CountedWaiter.looks++
    return this.#priority
  }

  get tenant(): string {
    CountedWaiter.looks++
    return this.#tenant
  }

  get arrivedAtMs(): number {
    CountedWaiter.looks++
    return this.#arrivedAtMs
  }

  get place(): Waiter['place'] {
    CountedWaiter.looks++
    return this.#place
  }

  set place(place: Waiter['place']) {
    this.#place = place
  }
}

function looksOf(step: () => unknown): number {
  CountedWaiter.looks = 0
  step()
  return CountedWaiter.looks
}

describe('a queue of 100,000', () => {
  it('looks at each of those that wait a constant number of times', () => {
    const queue = new WaitQueue({ weightOf: () => 1, agingMs: () => 5_000 })
    const waiters = Array.from(
      { length: 100_000 },
      (_, index) => new CountedWaiter(index % 10, `t${index % 100}`, index / 100),
    )
    expect(looksOf(() => waiters.forEach((waiter) => queue.add(waiter)))).toBeLessThan(100_000 * 15)
    expect(looksOf(() => queue.add(new CountedWaiter(1, 't1', 1_000)))).toBeLessThan(15)
    expect(looksOf(() => queue.take(1_000))).toBeLessThan(20)
    expect(looksOf(() => queue.remove(waiters[50_000] as Waiter))).toBeLessThan(10)
    expect(looksOf(() => queue.urgencyMs())).toBeLessThan(15)
    expect(looksOf(() => queue.displacedBy(new CountedWaiter(0, 't1', 1_000)))).toBeLessThan(10)
    const takeAll = (): void => {
      while (queue.take(1_000) !== undefined);
    }
    expect(looksOf(takeAll)).toBeLessThan(100_000 * 20)
  })
})

describe('100,000 deadlines', () => {
  it('are armed, moved and disarmed with a logarithmic number of comparisons', () => {
    const deadlines = new Deadlines()
    let looks = 0
    const all = Array.from({ length: 100_000 }, (_, ticket) => {
      const deadline = deadlines.create({ type: 'ticket', ticket })
      let { atMs } = deadline
      Object.defineProperty(deadline, 'atMs', {
        get: () => {
          looks++
          return atMs
        },
        set: (value: number) => {
          atMs = value
        },
      })
      return deadline
    })
    // Far apart from the order of their numbers.
    all.forEach((deadline, index) => deadlines.arm(deadline, (index * 7_919) % 100_003))
    const most = 4 * Math.ceil(Math.log2(100_000))
    for (const index of [0, 1, 50_000, 99_999]) {
      for (const step of [
        () => deadlines.arm(all[index] as Deadline, 1),
        () => deadlines.arm(all[index] as Deadline, 1e9),
        () => deadlines.disarm(all[index] as Deadline),
        () => deadlines.takeDue('firm', 1e12),
      ]) {
        looks = 0
        step()
        expect(looks).toBeLessThanOrEqual(most)
      }
    }
  })
})

/** Everything that the scheduler keeps of a waiting ticket counts how often it is looked at. */
function countLooks(tickets: Iterable<Ticket>): () => number {
  let looks = 0
  const count = (owner: object, name: string): void => {
    let value = Reflect.get(owner, name) as unknown
    Object.defineProperty(owner, name, {
      get: () => {
        looks++
        return value
      },
      set: (next: unknown) => {
        value = next
      },
    })
  }
  for (const ticket of tickets) {
    for (const name of ['id', 'place', 'arrivedAtMs', 'tenant', 'priority', 'demand']) count(ticket, name)
    count(ticket.deadline, 'atMs')
  }
  return () => {
    const counted = looks
    looks = 0
    return counted
  }
}

describe('100,000 waiting tickets', () => {
  it('are not walked over when one comes, leaves, runs out of time or is served', () => {
    const rig = new Rig({ a: {} }, { limits: { maxConcurrent: 1, maxQueue: Infinity, accessTimeoutMs: 1e9 } })
    rig.resident(0, 'a')
    rig.hold(0, 'a')
    for (let ticket = 1; ticket <= 100_000; ticket++) {
      const options = { tenant: `t${ticket % 50}`, deadlineMs: 1_000 + ((ticket * 7_919) % 100_003) }
      rig.given(0, ticket % 2 === 0 ? lease(ticket, 'a', options) : use(ticket, 'a', options))
    }
    expect(rig.slot('a').waiting).toBe(50_000 + (50_000 - DEFAULT_LIMITS.maxConcurrentUses))
    const looks = countLooks(rig.state.tickets.values())
    // A heap of 100,000 is 17 deep; each step looks at two children and at what moves.
    const most = 20 * Math.ceil(Math.log2(100_000))
    rig.given(0, lease(100_001, 'a', { deadlineMs: 500 }))
    expect(looks()).toBeLessThan(most)
    rig.given(0, { type: 'abort', ticket: 50_000 })
    expect(looks()).toBeLessThan(most)
    rig.at(500, TICK, [rejected(100_001, 'DEADLINE_EXCEEDED', 500, 'a free place', { retryAfterMs: 1_000 })])
    expect(looks()).toBeLessThan(most)
    expect(rig.given(501, release(1))).toHaveLength(1)
    expect(looks()).toBeLessThan(most)
  })
})
