import * as z from 'zod'
import { parseDurationMs } from './duration.ts'
import { LIMIT_NAMES, mergeLimits, type SlotLimits } from './limits.ts'
import { availableMemoryBytes, parseMemoryBytes } from './memory.ts'
import { check, configError, fieldPatterns, type FieldNamer, type Problem } from './problems.ts'
import { runtimeSchema, type FallbackConfig, type ModelConfig, type RuntimeConfig } from './schema.ts'

/** A runtime's configuration with every default filled in. Times in milliseconds; what is off is `Infinity`. */
export interface ResolvedRuntimeConfig {
  models: ReadonlyMap<string, ResolvedModelConfig>
  maxParallelLoads: number
  memoryBudgetBytes: number
  /** 0: nothing is kept. */
  resultCacheBytes: number
  maxEventLoopDelayMs: number
  maxProcessMemoryBytes: number
  /** Weights of the tenants that have one. */
  tenants: ReadonlyMap<string, number>
  graceMs: number
}

export interface ResolvedModelConfig {
  source: string
  /** Absent: what the model's files say. */
  task: ModelConfig['task']
  /** Absent: the model's own choice. */
  dtype: ModelConfig['dtype']
  device: NonNullable<ModelConfig['device']>
  revision: string
  isolation: NonNullable<ModelConfig['isolation']>
  /** Absent: what the model's files say. */
  languages: ModelConfig['languages']
  textProcessing: string | undefined
  /** `Infinity`: never unloaded for idleness; 0: after the use. */
  keepAliveMs: number
  /** Models with the same slot displace each other. A slot of its own has the name of the model. */
  slot: string
  group: string | undefined
  preload: boolean
  pin: boolean
  fallback: readonly FallbackConfig[]
  limits: SlotLimits
}

const DEFAULT_KEEP_ALIVE = '5m'
const DEFAULT_MEMORY_BUDGET = '75%'
const DEFAULT_PROCESS_MEMORY = '95%'

/**
 * Checks a runtime's configuration and fills in the defaults. `input` may be anything.
 *
 * @throws ConfigError that lists every fault by the name of its field
 */
export function resolveRuntimeConfig(input: unknown, nameOf?: FieldNamer): ResolvedRuntimeConfig {
  const config = check(runtimeSchema, knownFields, input)
  if (Array.isArray(config)) throw configError(config, nameOf)
  const resolved = resolve(config)
  const problems = [...contradictions(config, resolved)]
  if (problems.length > 0) throw configError(problems, nameOf)
  return resolved
}

const knownFields = (): string[] => fieldPatterns(z.toJSONSchema(runtimeSchema, { io: 'input' }))

function resolve(config: RuntimeConfig): ResolvedRuntimeConfig {
  const tenants = Object.entries(config.tenants ?? {}).map(([name, { weight }]) => [name, weight] as const)
  return {
    models: new Map(
      Object.entries(config.models).map(([name, model]) => [name, resolveModel(name, model, config)]),
    ),
    maxParallelLoads: config.maxParallelLoads ?? 2,
    memoryBudgetBytes: bytesOf(config.memoryBudgetBytes ?? DEFAULT_MEMORY_BUDGET),
    resultCacheBytes: bytesOf(config.resultCacheBytes ?? 0),
    maxEventLoopDelayMs: config.maxEventLoopDelayMs ?? 5_000,
    maxProcessMemoryBytes: bytesOf(config.maxProcessMemoryBytes ?? DEFAULT_PROCESS_MEMORY),
    tenants: new Map(tenants),
    graceMs: config.graceMs ?? 10_000,
  }
}

/** The schema has let in only what can be parsed. */
function bytesOf(value: number | string): number {
  return parseMemoryBytes(value, availableMemoryBytes()) as number
}

function resolveModel(name: string, model: ModelConfig, config: RuntimeConfig): ResolvedModelConfig {
  const slotLimits = model.slot === undefined ? {} : (config.slots?.[model.slot] ?? {})
  return {
    source: model.source,
    task: model.task,
    dtype: model.dtype,
    device: model.device ?? 'auto',
    revision: model.revision ?? '',
    isolation: model.isolation ?? 'thread',
    languages: model.languages,
    textProcessing: model.textProcessing,
    keepAliveMs: parseDurationMs(model.keepAlive ?? config.keepAlive ?? DEFAULT_KEEP_ALIVE) as number,
    slot: model.slot ?? name,
    group: model.group,
    preload: model.preload ?? false,
    pin: model.pin ?? false,
    fallback: model.fallback ?? [],
    limits: mergeLimits(config, slotLimits, model),
  }
}

/** Values that are right by themselves and wrong together; each problem names both fields. */
function* contradictions(config: RuntimeConfig, resolved: ResolvedRuntimeConfig): Generator<Problem> {
  const isShared = new Set(Object.values(config.models).map((model) => model.slot))
  for (const slot of Object.keys(config.slots ?? {})) {
    if (!isShared.has(slot))
      yield { path: ['slots', slot], message: `is used by no model: models.<name>.slot names none "${slot}"` }
  }
  for (const [name, model] of Object.entries(config.models)) {
    const path = ['models', name]
    if (model.slot !== undefined) {
      for (const limit of LIMIT_NAMES.filter((field) => model[field] !== undefined)) {
        const message = `contradicts models.${name}.slot: the limits of a shared slot belong in slots.${model.slot}.${limit}`
        yield { path: [...path, limit], message }
      }
      const owner = model.slot === name ? undefined : config.models[model.slot]
      if (owner !== undefined && owner.slot === undefined) {
        yield {
          path: [...path, 'slot'],
          message: `names the slot of the model "${model.slot}", which shares none`,
        }
      }
    }
    const { keepAliveMs, limits } = resolved.models.get(name) as ResolvedModelConfig
    if (model.pin === true && keepAliveMs === 0) {
      yield {
        path: [...path, 'pin'],
        message: 'contradicts keepAlive 0: a pinned model is never unloaded for idleness',
      }
    }
    if (limits.minResidencyMs > limits.maxSwapWaitMs) {
      const message = `contradicts maxSwapWaitMs for "${name}": a model cannot stay ${limits.minResidencyMs} ms where others wait at most ${limits.maxSwapWaitMs} ms`
      yield { path: limitPath(config, name, 'minResidencyMs'), message }
    }
  }
}

/** Where a model's limit was written: with the model, with its slot, or for all. */
function limitPath(config: RuntimeConfig, name: string, limit: keyof SlotLimits): string[] {
  const model = config.models[name]
  if (model?.[limit] !== undefined) return ['models', name, limit]
  if (model?.slot !== undefined && config.slots?.[model.slot]?.[limit] !== undefined)
    return ['slots', model.slot, limit]
  return [limit]
}
