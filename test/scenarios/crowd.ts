import { expect } from 'vitest'
import { LeaseholdError, type Lease } from '../../src/index.ts'
import { fakeHash, readFakeVector } from '../../src/testing/index.ts'
import type { Stage } from './harness.ts'
import type { Random } from './random.ts'

/** One caller of the crowd, from its first call to its last release. */
interface Caller {
  readonly sequence: number
  readonly model: string
  /** Callers of one line are served in the order in which they came. */
  readonly line: string
  lease: Lease | undefined
}

export interface CrowdOptions {
  readonly models: readonly string[]
  /** How many leases each slot grants at a time; changed through `configure`. */
  readonly limits: Map<string, number>
  readonly slotOf: (model: string) => string
  /** By name of the model: what it takes, whatever the dtype. */
  readonly memoryBytes: ReadonlyMap<string, number>
  readonly memoryBudgetBytes: number
}

/** Callers that come, wait, use, leave early and fail, and what must hold at every moment while they do. */
export class Crowd {
  /** How the callers ended: `ok`, `left`, or the code of an error; and how often. */
  readonly ends: Map<string, number> = new Map()
  readonly #stage: Stage
  readonly #random: Random
  readonly #options: CrowdOptions
  readonly #present = new Set<Caller>()
  readonly #latestGeneration = new Map<string, number>()
  #arrived = 0
  /** What did not hold in the hands of a caller. */
  #broken: Error | undefined

  constructor(stage: Stage, random: Random, options: CrowdOptions) {
    this.#stage = stage
    this.#random = random
    this.#options = options
  }

  get present(): number {
    return this.#present.size
  }

  /** One caller comes at this moment. */
  arrive(): void {
    const random = this.#random
    const model = random.pick(this.#options.models)
    const kind = random.pick(['lease', 'lease', 'embed', 'embed', 'load'] as const)
    const priority = random.below(4)
    const tenant = random.pick(['a', 'b'])
    const line = `${kind} ${model} ${priority} ${tenant}`
    const caller: Caller = { sequence: this.#arrived++, model, line, lease: undefined }
    this.#present.add(caller)
    const controller = new AbortController()
    if (random.chance(0.15)) this.#later(random.below(3_000), () => controller.abort(new Error('left')))
    const options = {
      priority,
      tenant,
      signal: controller.signal,
      ...(random.chance(0.2) && { deadlineMs: random.below(5_000) }),
      ...(random.chance(0.1) && { whenFull: 'reject' as const }),
      ...(random.chance(0.1) && { keepAliveMs: random.below(2_000) }),
    }
    const { runtime } = this.#stage
    if (kind === 'lease') this.#follow(caller, this.#hold(caller, runtime.lease(model, options)))
    else if (kind === 'load') this.#follow(caller, runtime.load(model, options))
    else this.#follow(caller, this.#embed(caller, options))
  }

  /** What must hold whenever the event loop has come to rest. */
  check(): void {
    if (this.#broken) throw this.#broken
    const { runtime, engine } = this.#stage
    const { memoryBytes, memoryBudgetBytes } = this.#options
    for (const { name, queuedRequests, concurrentAccessCount } of runtime.models()) {
      const present = [...this.#present].filter((it) => it.model === name && !isRevoked(it.lease))
      expect(queuedRequests + concurrentAccessCount, name).toBe(present.length)
    }
    for (const { lease } of this.#present) if (lease) expectUsable(lease, this.#stage)
    const occupied = engine.models.filter(({ state }) => state === 'open' || state === 'closing')
    const bytes = occupied.reduce((sum, { key }) => sum + (memoryBytes.get(key.name) ?? NaN), 0)
    expect(bytes).toBeLessThanOrEqual(memoryBudgetBytes)
    expect(engine.breaches).toEqual([])
  }

  #later(delayMs: number, callback: () => void): void {
    const { clock } = this.#stage
    clock.callAt(clock.nowMs() + delayMs, callback)
  }

  async #hold(caller: Caller, asked: Promise<Lease>): Promise<void> {
    const lease = await asked
    this.#checkGrant(caller, lease)
    caller.lease = lease
    // Long enough for many to queue, and now and then longer than others are ready to wait.
    const holdMs = this.#random.below(this.#random.chance(0.05) ? 8_000 : 800)
    await new Promise<void>((resolve) => this.#later(holdMs, resolve))
    caller.lease = undefined
    lease.release()
    if (this.#random.chance(0.1)) lease.release()
  }

  #checkGrant(caller: Caller, lease: Lease): void {
    const slot = this.#options.slotOf(caller.model)
    // Each generation has the whole limit: leases on one that is on its way out hold nobody up.
    const held = [...this.#present].filter(
      (it) => it.lease?.generation === lease.generation && !isRevoked(it.lease),
    )
    expect(held.length).toBeLessThan(this.#options.limits.get(slot) ?? NaN)
    expect(lease.generation).toBeGreaterThanOrEqual(this.#latestGeneration.get(slot) ?? 0)
    this.#latestGeneration.set(slot, lease.generation)
    expect(lease.key.name).toBe(caller.model)
    for (const other of this.#present) {
      const isOvertaken = other.line === caller.line && other.sequence < caller.sequence && !other.lease
      expect(isOvertaken, `caller ${caller.sequence} overtakes ${other.sequence} (${caller.line})`).toBe(
        false,
      )
    }
  }

  async #embed(caller: Caller, options: object): Promise<void> {
    const inputs = Array.from({ length: 1 + this.#random.below(3) }, (_, n) => `text ${caller.sequence} ${n}`)
    const { vectors, servedBy } = await this.#stage.runtime.embed(caller.model, inputs, options)
    const origins = vectors.map(readFakeVector)
    expect(servedBy.startsWith(`${caller.model}:`)).toBe(true)
    expect(origins.map(({ inputHash }) => inputHash)).toEqual(inputs.map((input) => fakeHash(input)))
    expect(new Set(origins.map(({ load }) => load)).size).toBe(1)
    expect(new Set(origins.map(({ keyHash }) => keyHash))).toEqual(new Set([fakeHash(servedBy)]))
  }

  #follow(caller: Caller, work: Promise<void>): void {
    const end = (how: string): void => {
      this.#present.delete(caller)
      this.ends.set(how, (this.ends.get(how) ?? 0) + 1)
    }
    work.then(
      () => end('ok'),
      (error: Error) => {
        if (error.name === 'AssertionError') this.#broken ??= error
        end(error instanceof LeaseholdError ? error.code : error.message)
      },
    )
  }
}

/** A lease is on one living model for its whole life, unless that was lost. */
function expectUsable(lease: Lease, { engine }: Stage): void {
  if (isRevoked(lease)) return
  const { model } = lease
  expect(engine.models.find((it) => it === model)?.state).toBe('open')
}

function isRevoked(lease: Lease | undefined): boolean {
  try {
    return lease?.model === undefined && lease !== undefined
  } catch (error) {
    expect(error).toMatchObject({ code: 'LEASE_REVOKED' })
    return true
  }
}
