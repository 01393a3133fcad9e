// Tests code that uses Leasehold without a model and without waiting: the clock moves when told to, and the engine does
// what its script says.
import { createRuntime, ModelLoadError, type ModelFactory } from 'leasehold'
import { Registry } from 'leasehold/registry'
import { createFakeEngine, ManualClock, readFakeVector } from 'leasehold/testing'

const clock = new ManualClock()
const engine = createFakeEngine({ clock })
engine.script('minilm', { loadError: new Error('the disk is gone') }, { loadMs: 2_000, runMs: 30 })

const registry = new Registry<ModelFactory>('model engine')
registry.register('onnx', engine.factory)

await using runtime = await createRuntime(
  { models: { minilm: { task: 'embed', source: './models/all-MiniLM-L6-v2' } } },
  { registry, clock, logger: { warn: (_details, message) => console.log(`warning: ${message}`) } },
)

const failure = await runtime.embed('minilm', 'text').catch((error: unknown) => error)
if (!(failure instanceof ModelLoadError)) throw new Error('The first load should have failed.')
console.log(failure.message)

// An explicit load overrides the back-off that follows a failure.
const loading = runtime.load('minilm')
await clock.advanceAsync(2_000)
await loading

const embedding = runtime.embed('minilm', 'text')
await clock.advanceAsync(30)
const { vectors, timings } = await embedding
console.log(`load ${readFakeVector(vectors[0]!).load} answered after ${timings.inferMs} ms`)

const closed = runtime.close()
await clock.advanceAsync(10_000)
await closed
if (engine.counts.resident !== 0 || engine.breaches.length > 0) throw new Error('Something was left behind.')
