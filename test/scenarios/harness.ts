import { expect } from 'vitest'
import {
  createRuntime,
  type AcquireOptions,
  type Lease,
  LeaseholdError,
  type ModelConfig,
  type Runtime,
  type RuntimeConfig,
  type RuntimeEvents,
} from '../../src/index.ts'
import type { ModelFactory } from '../../src/registry/model.ts'
import { Registry } from '../../src/registry/registry.ts'
import { createFakeEngine, ManualClock, type FakeEngine } from '../../src/testing/index.ts'

/** How busy the machine of the test is must not show. */
const CALM = { maxEventLoopDelayMs: 2e9, maxProcessMemoryBytes: 1e15 }

/** A real runtime over the fake engine, on a clock that moves only when told to. */
export interface Stage {
  readonly clock: ManualClock
  readonly engine: FakeEngine
  readonly runtime: Runtime
  readonly warnings: { model: string; code: string; message: string }[]
  readonly events: { [Name in keyof RuntimeEvents]: RuntimeEvents[Name][] }
}

export async function stage(
  models: Record<string, Partial<ModelConfig>>,
  config: Partial<Omit<RuntimeConfig, 'models'>> = {},
  /** Puts something between the runtime and the engine. */
  wrap: (factory: ModelFactory) => ModelFactory = (factory) => factory,
): Promise<Stage> {
  const clock = new ManualClock()
  const engine = createFakeEngine({ clock })
  const registry = new Registry<ModelFactory>('model engine')
  registry.register('onnx', wrap(engine.factory))
  const warnings: Stage['warnings'] = []
  const logger = {
    warn: (details: object, message: string) =>
      void warnings.push({ ...(details as { model: string; code: string }), message }),
  }
  const full = Object.fromEntries(
    Object.entries(models).map(([name, model]) => [
      name,
      { source: `/${name}`, dtype: 'int8' as const, ...model },
    ]),
  )
  const runtime = await createRuntime(
    { memoryBudgetBytes: 1e15, ...CALM, ...config, models: full },
    { registry, clock, logger },
  )
  return { clock, engine, runtime, warnings, events: record(runtime) }
}

function record(runtime: Runtime): Stage['events'] {
  const events: Stage['events'] = {
    request: [],
    load: [],
    unload: [],
    batch: [],
    cache: [],
    swap: [],
    warning: [],
  }
  for (const name of Object.keys(events) as (keyof RuntimeEvents)[]) {
    runtime.on(name, (event) => void (events[name] as unknown[]).push(event))
  }
  return events
}

/** A promise whose fate can be looked at without waiting for it. */
export interface Watched<T> {
  readonly promise: Promise<T>
  readonly outcome: T | LeaseholdError | 'pending'
}

export function watch<T>(promise: Promise<T>): Watched<T> {
  const watched: { promise: Promise<T>; outcome: T | LeaseholdError | 'pending' } = {
    promise,
    outcome: 'pending',
  }
  promise.then(
    (value) => (watched.outcome = value),
    (error: LeaseholdError) => (watched.outcome = error),
  )
  return watched
}

export function isPending({ outcome }: Watched<unknown>): boolean {
  return outcome === 'pending'
}

/** What it failed with; throws when it did not fail, or with something else than an error of the library. */
export function errorOf(watched: Watched<unknown> | undefined): LeaseholdError {
  if (watched?.outcome instanceof LeaseholdError) return watched.outcome
  throw new Error('expected an error of the library', { cause: watched?.outcome })
}

/** `count` leases that are asked for in this turn. */
export function askFor(
  { runtime }: Stage,
  count: number,
  model: string,
  options?: AcquireOptions,
): Watched<Lease>[] {
  return Array.from({ length: count }, () => watch(runtime.lease(model, options)))
}

/** `count` leases, taken one after another while the clock stands still. */
export async function take(
  { runtime }: Stage,
  count: number,
  model: string,
  options?: AcquireOptions,
): Promise<Lease[]> {
  const leases: Lease[] = []
  for (let n = 0; n < count; n++) leases.push(await runtime.lease(model, options))
  return leases
}

export function releaseAll(leases: readonly Lease[]): void {
  for (const lease of leases) lease.release()
}

/** Moves the clock from timer to timer until all of these have settled. */
export async function untilSettled({ clock }: Stage, watched: readonly Watched<unknown>[]): Promise<void> {
  await clock.settle()
  while (watched.some(isPending)) {
    if (!(await clock.advanceToNextTimer())) throw new Error('somebody waits, and no timer is set')
  }
}

/** Every lease of the test has ended by now: closes the runtime, and checks that nothing is left behind. */
export async function finish(stage: Stage): Promise<void> {
  const { runtime, clock, engine } = stage
  await clock.settle()
  for (const { name, queuedRequests, concurrentAccessCount } of runtime.models()) {
    expect({ name, queuedRequests, concurrentAccessCount }).toEqual({
      name,
      queuedRequests: 0,
      concurrentAccessCount: 0,
    })
  }
  await untilSettled(stage, [watch(runtime.close({ graceMs: 0 }))])
  expect(engine.counts).toMatchObject({ loading: 0, resident: 0, activeRuns: 0 })
  expect(engine.breaches).toEqual([])
  expect(clock.pendingTimers).toBe(0)
  expect(runtime.models().map(({ memoryBytes }) => memoryBytes)).toEqual(runtime.models().map(() => 0))
}
