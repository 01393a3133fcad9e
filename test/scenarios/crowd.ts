// Not `expect`: this is checked some 100,000 times.
import assert from 'node:assert/strict'
import { LeaseholdError, type Lease } from '../../src/index.ts'
import { fakeHash, readFakeVector, type FakeModel, type FakeModelState } from '../../src/testing/index.ts'
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
  /** Models that were loaded before this one are gone. */
  #firstLiving = 0
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
    for (const { name, queuedRequests, concurrentAccessCount } of runtime.models()) {
      let present = 0
      for (const it of this.#present) if (it.model === name && !isRevoked(it.lease)) present++
      assert.equal(queuedRequests + concurrentAccessCount, present, `${name} counts`)
    }
    for (const { lease } of this.#present)
      if (lease && !isRevoked(lease)) assert.equal(stateOf(lease), 'open')
    const bytes = this.#occupiedBytes()
    assert.ok(bytes <= this.#options.memoryBudgetBytes, `${bytes} bytes are taken`)
    assert.deepEqual(engine.breaches, [])
  }

  #occupiedBytes(): number {
    const { models } = this.#stage.engine
    const isOver = (index: number): boolean => !['open', 'closing'].includes(models[index]?.state ?? 'open')
    while (this.#firstLiving < models.length && isOver(this.#firstLiving)) this.#firstLiving++
    let bytes = 0
    for (let index = this.#firstLiving; index < models.length; index++)
      if (!isOver(index)) bytes += this.#options.memoryBytes.get(models[index]?.key.name ?? '') ?? NaN
    return bytes
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
    assert.ok(held.length < (this.#options.limits.get(slot) ?? NaN), 'the limit holds')
    assert.ok(lease.generation >= (this.#latestGeneration.get(slot) ?? 0), 'generations grow')
    this.#latestGeneration.set(slot, lease.generation)
    assert.equal(lease.key.name, caller.model)
    for (const { line, sequence, lease } of this.#present) {
      const isOvertaken = line === caller.line && sequence < caller.sequence && lease === undefined
      assert.ok(!isOvertaken, `caller ${caller.sequence} does not overtake ${sequence} (${line})`)
    }
  }

  async #embed(caller: Caller, options: object): Promise<void> {
    const inputs = Array.from({ length: 1 + this.#random.below(3) }, (_, n) => `text ${caller.sequence} ${n}`)
    const { vectors, servedBy } = await this.#stage.runtime.embed(caller.model, inputs, options)
    assert.ok(servedBy.startsWith(`${caller.model}:`))
    const origins = vectors.map(readFakeVector)
    for (const [index, { load, keyHash, inputHash }] of origins.entries()) {
      assert.equal(inputHash, fakeHash(inputs[index] ?? ''))
      assert.equal(keyHash, fakeHash(servedBy))
      assert.equal(load, origins[0]?.load)
    }
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
function stateOf(lease: Lease): FakeModelState {
  return (lease.model as FakeModel).state
}

function isRevoked(lease: Lease | undefined): boolean {
  try {
    return lease?.model === undefined && lease !== undefined
  } catch (error) {
    assert.equal((error as LeaseholdError).code, 'LEASE_REVOKED')
    return true
  }
}
