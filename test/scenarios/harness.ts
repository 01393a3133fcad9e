import {
  createRuntime,
  type ModelConfig,
  type Runtime,
  type RuntimeConfig,
  type RuntimeEvents,
} from '../../src/index.ts'
import type { ModelFactory } from '../../src/registry/model.ts'
import { Registry } from '../../src/registry/registry.ts'
import { createFakeEngine, ManualClock, type FakeEngine } from '../../src/testing/index.ts'

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
): Promise<Stage> {
  const clock = new ManualClock()
  const engine = createFakeEngine({ clock })
  const registry = new Registry<ModelFactory>('model engine')
  registry.register('onnx', engine.factory)
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
    { memoryBudgetBytes: 1e15, ...config, models: full },
    { registry, clock, logger },
  )
  return { clock, engine, runtime, warnings, events: record(runtime) }
}

function record(runtime: Runtime): Stage['events'] {
  const events: Stage['events'] = { request: [], load: [], unload: [], batch: [], swap: [], warning: [] }
  for (const name of Object.keys(events) as (keyof RuntimeEvents)[]) {
    runtime.on(name, (event) => void (events[name] as unknown[]).push(event))
  }
  return events
}

/** What a promise has come to by now: `pending`, or the value, or the error. */
export async function outcomeOf<T>(promise: Promise<T>, clock: ManualClock): Promise<T | Error | 'pending'> {
  let outcome: T | Error | 'pending' = 'pending'
  promise.then(
    (value) => (outcome = value),
    (error: Error) => (outcome = error),
  )
  await clock.settle()
  return outcome
}

/** Closes the runtime while the clock moves on, and checks that nothing is left. */
export async function finish({ runtime, clock, engine }: Stage): Promise<void> {
  const closing = runtime.close({ graceMs: 0 })
  for (let turns = 0; turns < 1_000 && (await outcomeOf(closing, clock)) === 'pending'; turns++) {
    if (!(await clock.advanceToNextTimer())) break
  }
  await closing
  if (engine.counts.resident > 0) throw new Error(`${engine.counts.resident} models are still open`)
  if (engine.breaches.length > 0) throw new Error(engine.breaches.join('; '))
}
