import { expect, it } from 'vitest'
import { createRuntime, type Runtime, type RuntimeConfig } from '../../src/index.ts'
import type { ModelFactory } from '../../src/registry/model.ts'
import { Registry } from '../../src/registry/registry.ts'
import { createFakeEngine, ManualClock, type FakeEngine } from '../../src/testing/index.ts'
import { FaultyPort, type FaultKind } from './faulty-port.ts'

interface Play {
  readonly runtime: Runtime
  readonly engine: FakeEngine
  readonly clock: ManualClock
}

interface Scenario {
  readonly name: string
  readonly config: Omit<RuntimeConfig, 'memoryBudgetBytes'> & { memoryBudgetBytes?: number }
  /** Begins everything that it wants; each promise may come to any end, but has to come to one. */
  readonly begin: (play: Play) => Promise<unknown>[]
}

const model = (name: string): { source: string; dtype: 'int8' } => ({ source: `/${name}`, dtype: 'int8' })
const three = { a: model('a'), b: model('b'), c: model('c') }

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'several callers, one load',
    config: { models: three },
    begin: ({ runtime }) => [runtime.embed('a', 'x'), runtime.embed('a', 'y'), runtime.lease('a').then(free)],
  },
  {
    name: 'two models at once',
    config: { models: three },
    begin: ({ runtime }) => [runtime.embed('a', 'x'), runtime.embed('b', 'x')],
  },
  {
    name: 'a caller leaves while the model loads',
    config: { models: three },
    begin: ({ runtime, clock }) => {
      const leaving = new AbortController()
      clock.callAt(clock.nowMs() + 50, () => leaving.abort())
      return [
        runtime.embed('a', 'x', { signal: leaving.signal }),
        runtime.embed('a', 'y', { deadlineMs: 500 }),
      ]
    },
  },
  {
    name: 'the last caller leaves',
    config: { models: three },
    begin: ({ runtime, clock }) => {
      const leaving = new AbortController()
      clock.callAt(clock.nowMs() + 50, () => leaving.abort())
      return [
        runtime.embed('a', 'x', { signal: leaving.signal }),
        delayed(clock, 80, () => runtime.embed('a', 'z')),
      ]
    },
  },
  {
    name: 'unload in use, and use again',
    config: { models: three },
    begin: ({ runtime, clock }) => [
      runtime.embed('a', 'x'),
      delayed(clock, 120, () => runtime.unload('a')),
      delayed(clock, 130, () => runtime.embed('a', 'y')),
    ],
  },
  {
    name: 'swap under load',
    config: { models: three },
    begin: ({ runtime, clock }) => [
      runtime.embed('a', 'x'),
      delayed(clock, 120, () => runtime.swap('a', { revision: '2' })),
      delayed(clock, 130, () => runtime.embed('a', 'y')),
      delayed(clock, 400, () => runtime.embed('a', 'z')),
    ],
  },
  {
    name: 'two models share a slot',
    config: { models: { a: { ...three.a, slot: 's' }, b: { ...three.b, slot: 's' } } },
    begin: ({ runtime, clock }) => [
      runtime.embed('a', 'x'),
      runtime.embed('b', 'x'),
      delayed(clock, 6_000, () => runtime.embed('a', 'y')),
    ],
  },
  {
    name: 'eviction for memory',
    config: { models: three, memoryBudgetBytes: 130e6 },
    begin: ({ runtime, clock }) => [
      runtime.embed('a', 'x'),
      runtime.embed('b', 'x'),
      delayed(clock, 200, () => runtime.embed('c', 'x')),
    ],
  },
  {
    name: 'fallback',
    config: { models: { a: { ...three.a, fallback: [{ dtype: 'fp32' }] } } },
    begin: ({ runtime, engine }) => {
      engine.script('a:int8@cpu', { loadMs: 50, loadError: new Error('not on this machine') })
      return [runtime.embed('a', 'x'), runtime.embed('a', 'y')]
    },
  },
  {
    name: 'a thread dies in the middle of a run',
    config: { models: three },
    begin: ({ runtime, engine, clock }) => [
      runtime.embed('a', 'x'),
      delayed(
        clock,
        115,
        async () => engine.counts.resident > 0 && engine.model('a').die(new Error('abort(3)')),
      ),
      delayed(clock, 130, () => runtime.embed('a', 'y')),
    ],
  },
  {
    name: 'a group, unloaded after use',
    config: {
      models: { a: { ...three.a, group: 'g', keepAlive: 0 }, b: { ...three.b, group: 'g', keepAlive: 0 } },
    },
    begin: ({ runtime, clock }) => [
      runtime.embed('a', 'x'),
      delayed(clock, 300, () => runtime.embed('b', 'x')),
      delayed(clock, 310, () => runtime.load('a')),
    ],
  },
]

function free(lease: { release(): void }): void {
  lease.release()
}

function delayed<T>(clock: ManualClock, delayMs: number, run: () => T | Promise<T>): Promise<T> {
  return new Promise<void>((resolve) => void clock.callAt(clock.nowMs() + delayMs, resolve)).then(run)
}

async function play(scenario: Scenario, failing: number, kind: FaultKind): Promise<FaultyPort> {
  const clock = new ManualClock()
  const engine = createFakeEngine({ clock })
  for (const name of 'abc') engine.script(name, { loadMs: 100, runMs: 20, closeMs: 10 })
  const port = new FaultyPort(failing, kind)
  const registry = new Registry<ModelFactory>('model engine')
  registry.register('onnx', port.wrap(engine.factory))
  const limits = {
    loadingTimeoutMs: 5_000,
    accessTimeoutMs: 20_000,
    useTimeoutMs: 3_000,
    drainTimeoutMs: 2_000,
  }
  const runtime = await createRuntime(
    { memoryBudgetBytes: 1e12, ...limits, ...scenario.config },
    { registry, clock, logger: { warn: () => {} } },
  )
  const outcomes = scenario.begin({ runtime, engine, clock })
  let ended = 0
  for (const outcome of outcomes) void outcome.then(...both(() => ended++))
  // A call of the engine that hangs is not one that the runtime can end for its caller: closing does, by killing the thread.
  await clock.advanceAsync(60_000)
  const closing = runtime.close({ graceMs: 1_000 })
  await clock.advanceAsync(60_000)
  await closing
  const isUncancellable = kind === 'hangs' && port.failed === 'embed'
  expect(ended, `${scenario.name}: callers without an answer`).toBeGreaterThanOrEqual(
    outcomes.length - (isUncancellable ? 1 : 0),
  )
  for (const status of runtime.models()) {
    expect(status).toMatchObject({
      queuedRequests: 0,
      concurrentAccessCount: 0,
      memoryBytes: 0,
      isLoading: false,
    })
  }
  expect(clock.pendingTimers, 'timers that nobody ended').toBe(0)
  return port
}

function both(listener: () => void): [() => void, () => void] {
  return [listener, listener]
}

for (const kind of ['throws', 'rejects', 'hangs'] as const) {
  it(`a port call that ${kind}, the first, the second … of each scenario: no hang, no leak`, async () => {
    for (const scenario of SCENARIOS) {
      for (let failing = 1; ; failing++) {
        const { failed } = await play(scenario, failing, kind)
        if (failed === undefined) {
          expect(failing, `${scenario.name} made no call`).toBeGreaterThan(3)
          break
        }
      }
    }
  })
}
