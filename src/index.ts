import { resolveRuntimeConfig } from './config/resolve.ts'
import type { RuntimeConfig } from './config/schema.ts'
import { systemClock, type Clock } from './kernel/clock.ts'
import { ConfigError } from './kernel/errors.ts'
import { Emitter } from './kernel/events.ts'
import type { RuntimeEvents } from './kernel/runtime-events.ts'
import { defaultLogger, type Logger } from './logger.ts'
import { ModelManager } from './manager/model-manager.ts'
import { PressureWatch } from './manager/pressure.ts'
import { Monitor } from './monitor/monitor.ts'
import type { Pressure } from './scheduler/events.ts'
import type { ModelFactory } from './registry/model.ts'
import { Registry } from './registry/registry.ts'
import { ResultCache } from './services/result-cache.ts'
import { Runtime } from './services/runtime.ts'
import { onnxFactory } from './worker/onnx-factory.ts'

export * from './kernel/errors.ts'
export type { Logger } from './logger.ts'
export type { ModelConfig, RuntimeConfig } from './config/schema.ts'
export type { RuntimeEvents, Timings } from './kernel/runtime-events.ts'
export type { Device, Dtype, ModelKey } from './registry/model-key.ts'
export type {
  EmbedInput,
  Embeddings,
  EmbeddingInfo,
  EmbedRunOptions,
  LanguagePair,
  LoadRequest,
  Model,
  ModelFactory,
  Task,
  TextProcessor,
  TranslatedSentence,
  TranslateRunOptions,
  TranslationInfo,
  Translations,
} from './registry/model.ts'
export type { ModelDefinition } from './manager/model-spec.ts'
export type { EventStream, EventStreamOptions, StreamedEvent } from './monitor/event-stream.ts'
export type { Monitor } from './monitor/monitor.ts'
export type { ModelSnapshot, MonitorSnapshot } from './monitor/snapshot.ts'
export { Runtime } from './services/runtime.ts'
export type {
  AcquireOptions,
  EmbedOptions,
  EmbedResult,
  Explanation,
  Lease,
  ModelStatus,
  Readiness,
  RerankItem,
  RerankOptions,
  RerankResult,
  TranslateOptions,
  TranslateResult,
  Translator,
} from './services/runtime.ts'

export interface RuntimeOptions {
  /** @default pino to standard error, from `warn` on */
  logger?: Logger
  /** Who loads models; the runtime asks for `onnx`. @default ONNX files, each model in a worker thread of its own */
  registry?: Registry<ModelFactory>
  /** @default the system's */
  clock?: Clock
}

/**
 * Starts a runtime. Nothing is loaded yet, but for models marked `preload`, whose load begins.
 *
 * @throws ConfigError that lists every fault of `config` by the name of its field
 */
export function createRuntime(config: RuntimeConfig, options: RuntimeOptions = {}): Promise<Runtime> {
  return Promise.resolve().then(() => startRuntime(config, options))
}

function startRuntime(config: RuntimeConfig, options: RuntimeOptions): Runtime {
  const resolved = resolveRuntimeConfig(config)
  const clock = options.clock ?? systemClock
  const logger = options.logger ?? defaultLogger()
  const events = new Emitter<RuntimeEvents>((error) => logger.warn({ err: error }, 'a listener failed'))
  const registry = options.registry ?? defaultRegistry(clock, events, resolved.tenants)
  const factoryOf = (): ModelFactory => (request) => registry.build('onnx', request)
  const monitor = new Monitor({ events, models: () => manager.models(), clock })
  const watch = new PressureWatch(() => monitor.processReadings(), resolved, clock)
  const pressure = (): Pressure => watch.level()
  const manager: ModelManager = new ModelManager({ config: resolved, factoryOf, events, clock, pressure })
  events.on('warning', ({ model, code, message }) => logger.warn({ model, code }, message))
  for (const [name, { preload }] of resolved.models) {
    // What fails is in the status and in readiness, and is tried again; nobody waits for it here.
    if (preload) void manager.load(name).catch(() => {})
  }
  const cache = resolved.resultCacheBytes > 0 ? new ResultCache(resolved.resultCacheBytes) : undefined
  return new Runtime({ manager, monitor, events, clock, cache })
}

function defaultRegistry(
  clock: Clock,
  events: Emitter<RuntimeEvents>,
  tenants: ReadonlyMap<string, number>,
): Registry<ModelFactory> {
  const registry = new Registry<ModelFactory>('model engine')
  registry.register(
    'onnx',
    onnxFactory({
      clock,
      weightOf: (tenant) => tenants.get(tenant) ?? 1,
      onBatch: (event) => events.emit('batch', event),
      onWarning: (event) => events.emit('warning', event),
    }),
  )
  return registry
}

/** The key is global, so that a second copy of this package, or the code after a hot reload, finds the same runtime. */
const SHARED = Symbol.for('leasehold.runtime')

interface Shared {
  readonly config: string
  readonly runtime: Promise<Runtime>
}

/**
 * The one runtime of this process: made by the first call, found by all later ones, whichever copy of the package they come
 * through. A call without a configuration finds; with another configuration than the first it is refused. After `close()` the next
 * call makes a new one.
 *
 * @throws ConfigError where there is none and no configuration is given, or where it is another one
 */
export async function getRuntime(config?: RuntimeConfig, options?: RuntimeOptions): Promise<Runtime> {
  const place = globalThis as { [SHARED]?: Shared | undefined }
  const known = place[SHARED]
  if (known) {
    if (config !== undefined && JSON.stringify(config) !== known.config) {
      throw new ConfigError('This process has a runtime with another configuration: close that one first.')
    }
    return known.runtime
  }
  if (config === undefined)
    throw new ConfigError('This process has no runtime yet: the first call takes a configuration.')
  const runtime = createRuntime(config, options)
  const shared: Shared = { config: JSON.stringify(config), runtime }
  place[SHARED] = shared
  const forget = (): void => {
    if (place[SHARED] === shared) place[SHARED] = undefined
  }
  try {
    const made = await runtime
    made.onClose(forget)
    return made
  } catch (error) {
    forget()
    throw error
  }
}
