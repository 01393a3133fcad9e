import { Heap } from './heap.ts'
import { LinkedList, type ListNode } from './linked-list.ts'

/**
 * Who waits, and who is next: the highest priority first, within it the tenant that has had the least for its weight, within that
 * the first that came. A ticket rises one level for each `agingMs` that it has waited, so none waits for ever. Every operation
 * is O(log tenants) or better, but for `displacedBy`, which looks at each tenant of one level.
 *
 *   level 0   tenant a: 4 7        each tenant's line is first come, first served;
 *             tenant b: 5          the heap of lines is ordered by virtual time: cost / weight for each turn
 *   level 1   tenant a: 6
 */
export interface Waiter {
  readonly priority: number
  readonly tenant: string
  readonly arrivedAtMs: number
  /** Where it stands; undefined when it does not wait. The queue's own. */
  place: Place | undefined
}

interface Place {
  level: number
  enteredAtMs: number
  lane: Lane
  inLane: ListNode<Waiter>
  inLevel: ListNode<Waiter>
  readonly inArrivals: ListNode<Waiter>
}

interface Lane {
  readonly tenant: string
  readonly waiters: LinkedList<Waiter>
  virtualTime: number
  /** Decides between lanes of the same virtual time: the one that opened first. */
  readonly sequence: number
  heapIndex: number
  /** When one of it was taken last. */
  servedAtMs: number
}

/** A line as it will be when those before `next` have been taken. */
interface LookAhead<T> extends Pick<Lane, 'virtualTime' | 'sequence' | 'heapIndex'> {
  readonly rest: Iterator<T>
  next: T
}

interface Level {
  readonly lanes: Map<string, Lane>
  readonly order: Heap<Lane>
  /** All waiters of the level by the time at which they entered it: the first is the first to rise. */
  readonly entrants: LinkedList<Waiter>
  virtualTime: number
}

export interface QueuePolicy<T extends Waiter = Waiter> {
  weightOf(tenant: string): number
  /** What a turn takes of the share of its tenant. @default 1 for each turn */
  costOf?(waiter: T): number
  /** Whether a line that had a turn within `agingMs` stays on its level, however long it is. @default false */
  readonly risesOnlyUnserved?: boolean
  /** Read at each use, since it can be configured. */
  agingMs(): number
}

export class WaitQueue<T extends Waiter = Waiter> {
  readonly #policy: QueuePolicy<T>
  readonly #levels: Level[] = []
  readonly #arrivals = new LinkedList<Waiter>()
  #nowMs = -Infinity
  #nextLane = 0

  constructor(policy: QueuePolicy<T>) {
    this.#policy = policy
  }

  get size(): number {
    return this.#arrivals.size
  }

  /** The one that came first of all that wait. */
  get oldest(): T | undefined {
    return this.#arrivals.first as T | undefined
  }

  add(waiter: T): void {
    // First the others rise as far as they should have by now, so that each line stays in order of entry.
    this.#promote(waiter.arrivedAtMs)
    waiter.place = {
      ...this.#enter(waiter, waiter.priority, waiter.arrivedAtMs),
      inArrivals: this.#arrivals.append(waiter),
    }
  }

  /** Answers whether it stood here. */
  remove(waiter: T): boolean {
    const { place } = waiter
    if (place === undefined || !this.#isMine(place)) return false
    this.#leave(place)
    this.#arrivals.unlink(place.inArrivals)
    waiter.place = undefined
    return true
  }

  /** Takes the next one out. */
  take(nowMs: number): T | undefined {
    this.#promote(nowMs)
    for (const level of this.#levels) {
      const lane = level?.order.peek()
      if (lane === undefined) continue
      const waiter = lane.waiters.first as T
      this.takeOut(waiter)
      return waiter
    }
    return undefined
  }

  /** Takes out one that is not the next: its tenant pays for the turn all the same. Answers whether it stood here. */
  takeOut(waiter: T): boolean {
    const { place } = waiter
    if (place === undefined || !this.#isMine(place)) return false
    const { lane } = place
    const level = this.#levels[place.level] as Level
    level.virtualTime = Math.max(level.virtualTime, lane.virtualTime)
    lane.virtualTime += this.#costOf(waiter)
    lane.servedAtMs = this.#nowMs
    level.order.update(lane)
    return this.remove(waiter)
  }

  /** Those that `take` would give if it were called `count` times. They stay where they are. */
  upcoming(nowMs: number, count: number): T[] {
    this.#promote(nowMs)
    const upcoming: T[] = []
    for (const level of this.#levels) {
      if (upcoming.length >= count) break
      this.#lookAhead(level, count, upcoming)
    }
    return upcoming
  }

  /**
   * How urgent the queue is, as a point in time: when its most urgent ticket reaches, or reached, level 0. What competes with
   * this queue is compared by it.
   */
  urgencyMs(): number {
    const agingMs = this.#policy.agingMs()
    let urgency = Infinity
    for (const [index, level] of this.#levels.entries()) {
      const first = level.entrants.first?.place
      if (first) urgency = Math.min(urgency, first.enteredAtMs + index * agingMs)
    }
    return urgency
  }

  /**
   * Who has to go when the queue is full and `newcomer` wants in: the last of the tenant that holds the most for its weight, on the
   * lowest level, if the newcomer has a better claim than that one; else nobody.
   */
  displacedBy(newcomer: T): T | undefined {
    const lowest = this.#levels.findLastIndex((level) => level.entrants.size > 0)
    const level = this.#levels[lowest]
    if (level === undefined || newcomer.priority > lowest) return undefined
    let greediest: Lane | undefined
    for (const lane of level.lanes.values()) {
      if (greediest === undefined || this.#shareOf(lane) > this.#shareOf(greediest)) greediest = lane
    }
    if (greediest === undefined) return undefined
    if (newcomer.priority === lowest) {
      // Same claim by priority: it takes a place only from a tenant that would still hold no less than its own.
      const own = level.lanes.get(newcomer.tenant)?.waiters.size ?? 0
      const ownShare = (own + 1) / this.#policy.weightOf(newcomer.tenant)
      if (ownShare >= this.#shareOf(greediest)) return undefined
    }
    return greediest.waiters.last as T
  }

  /** In order of arrival. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#arrivals[Symbol.iterator]() as IterableIterator<T>
  }

  #lookAhead({ lanes }: Level, count: number, into: T[]): void {
    const order = new Heap<LookAhead<T>>(byTurn)
    for (const { waiters, virtualTime, sequence } of lanes.values()) {
      const rest = waiters[Symbol.iterator]() as Iterator<T>
      order.push({ virtualTime, sequence, rest, next: rest.next().value as T, heapIndex: -1 })
    }
    for (let first = order.peek(); first !== undefined && into.length < count; first = order.peek()) {
      into.push(first.next)
      first.virtualTime += this.#costOf(first.next)
      const { done, value } = first.rest.next()
      if (done === true) {
        order.remove(first)
      } else {
        first.next = value
        order.update(first)
      }
    }
  }

  #costOf(waiter: T): number {
    return (this.#policy.costOf?.(waiter) ?? 1) / this.#policy.weightOf(waiter.tenant)
  }

  #shareOf(lane: Lane): number {
    return lane.waiters.size / this.#policy.weightOf(lane.tenant)
  }

  #isMine(place: Place): boolean {
    return this.#levels[place.level]?.lanes.get(place.lane.tenant) === place.lane
  }

  #enter(waiter: Waiter, levelIndex: number, enteredAtMs: number): Omit<Place, 'inArrivals'> {
    while (this.#levels.length <= levelIndex) this.#levels.push(newLevel())
    const level = this.#levels[levelIndex] as Level
    let lane = level.lanes.get(waiter.tenant)
    if (lane === undefined) {
      // A tenant that comes back neither saved turns up nor lost any: it starts level with the least served that waits. (At
      // the level's own time it would be ahead of those, and two callers of one tenant that take turns would keep all others out.)
      lane = {
        tenant: waiter.tenant,
        waiters: new LinkedList(),
        virtualTime: Math.max(level.virtualTime, level.order.peek()?.virtualTime ?? 0),
        sequence: this.#nextLane++,
        heapIndex: -1,
        servedAtMs: -Infinity,
      }
      level.lanes.set(waiter.tenant, lane)
      level.order.push(lane)
    }
    return {
      level: levelIndex,
      enteredAtMs,
      lane,
      inLane: lane.waiters.append(waiter),
      inLevel: level.entrants.append(waiter),
    }
  }

  #leave(place: Place): void {
    const level = this.#levels[place.level] as Level
    level.entrants.unlink(place.inLevel)
    place.lane.waiters.unlink(place.inLane)
    if (place.lane.waiters.size > 0) return
    level.lanes.delete(place.lane.tenant)
    level.order.remove(place.lane)
  }

  /** Only the order depends on it, so it is done when somebody comes or is taken: no timer is needed. */
  #promote(nowMs: number): void {
    const agingMs = this.#policy.agingMs()
    this.#nowMs = Math.max(this.#nowMs, nowMs)
    for (let index = this.#levels.length - 1; index > 0; index--) {
      const { entrants } = this.#levels[index] as Level
      for (let waiter = entrants.first; waiter !== undefined; waiter = entrants.first) {
        const place = waiter.place as Place
        const risesAtMs = place.enteredAtMs + agingMs
        if (risesAtMs > nowMs) break
        if (this.#policy.risesOnlyUnserved && place.lane.servedAtMs + agingMs > nowMs) {
          entrants.unlink(place.inLevel)
          place.enteredAtMs = nowMs
          place.inLevel = entrants.append(waiter)
          continue
        }
        this.#leave(place)
        Object.assign(place, this.#enter(waiter, index - 1, risesAtMs))
      }
    }
  }
}

function newLevel(): Level {
  return {
    lanes: new Map(),
    order: new Heap<Lane>(byTurn),
    entrants: new LinkedList(),
    virtualTime: 0,
  }
}

/** Whose turn it is: that of the line that has had the least, of two such the one that opened first. */
function byTurn(
  a: Pick<Lane, 'virtualTime' | 'sequence'>,
  b: Pick<Lane, 'virtualTime' | 'sequence'>,
): number {
  return a.virtualTime - b.virtualTime || a.sequence - b.sequence
}
