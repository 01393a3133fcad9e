import * as z from 'zod'
import { count, duration, memory, milliseconds, name } from './fields.ts'
import { limitFields, type LimitsInput } from './limits.ts'
import { serverSchema, type ServerConfig } from './server-schema.ts'

const TASKS = ['embed', 'rerank', 'translate'] as const
const DTYPES = ['fp32', 'fp16', 'int8', 'q8', 'q4'] as const
const DEVICES = ['auto', 'cpu', 'cuda'] as const
const ISOLATIONS = ['thread', 'process'] as const

/** Seconds, or a Go duration such as `5m`; `0`: after the use, `-1`: never. */
export type DurationInput = number | string

/** What `createRuntime()` and the configuration file take. Limits given here hold for every slot. */
export interface RuntimeConfig extends LimitsInput {
  models: Record<string, ModelConfig>
  /** Limits of slots that models share. */
  slots?: Record<string, LimitsInput> | undefined
  /** Loads that run at the same time. @default 2 */
  maxParallelLoads?: number | undefined
  /** Bytes, or a share of what the process may use. @default '75%' */
  memoryBudgetBytes?: number | string | undefined
  /** Vectors of texts that were embedded before are kept in so many bytes; a share, too. @default 0, which keeps none */
  resultCacheBytes?: number | string | undefined
  /** Event-loop delay over which work of low priority is refused; over three times as much, all new work. @default 5_000 */
  maxEventLoopDelayMs?: number | undefined
  /** The same for the memory of the process: bytes, or a share of what it may use. @default '95%' */
  maxProcessMemoryBytes?: number | string | undefined
  /** How long an idle model stays loaded. @default '5m' */
  keepAlive?: DurationInput | undefined
  /** How much of a slot each tenant gets when they compete; others have weight 1. */
  tenants?: Record<string, { weight: number }> | undefined
  /** How long `close()` waits for work in flight. @default 10_000 */
  graceMs?: number | undefined
}

/** One model. Its limits override those of the runtime; a model in a shared slot has none of its own. */
export interface ModelConfig extends LimitsInput {
  /** A folder of model files. */
  source: string
  /** @default what the model's files say */
  task?: (typeof TASKS)[number] | undefined
  /** @default the model's own choice */
  dtype?: (typeof DTYPES)[number] | undefined
  /** @default 'auto' */
  device?: (typeof DEVICES)[number] | undefined
  revision?: string | undefined
  /** Whether it runs in a worker thread, or in a process of its own. @default 'thread' */
  isolation?: (typeof ISOLATIONS)[number] | undefined
  /** Which languages a translator translates: codes such as `hi` or `hin_Deva`. @default what the model's files say */
  languages?: { source: string | string[]; target: string | string[] } | undefined
  /** A module whose default export is a `TextProcessor`, for translators that want their text in a form of their own. */
  textProcessing?: string | undefined
  /** @default that of the runtime */
  keepAlive?: DurationInput | undefined
  /** A slot to share with other models; they displace each other. @default a slot of its own */
  slot?: string | undefined
  /** Models of one group load together. */
  group?: string | undefined
  /** Load at the start; readiness waits for it. @default false */
  preload?: boolean | undefined
  /** Never evicted, never unloaded for idleness. @default false */
  pin?: boolean | undefined
  /** What to try, in order, when this does not load. */
  fallback?: FallbackConfig[] | undefined
}

/** What to change for another try. */
export interface FallbackConfig {
  dtype?: (typeof DTYPES)[number] | undefined
  device?: (typeof DEVICES)[number] | undefined
  source?: string | undefined
}

const dtype = z.enum(DTYPES).meta({ description: "Quantisation. Absent: the model's own choice." })
const device = z.enum(DEVICES).meta({ description: 'Where it runs.', default: 'auto' })
const source = z.string().min(1).meta({ description: 'A folder of model files.' })
const keepAlive = duration().meta({
  description:
    'How long an idle model stays loaded: seconds or a duration; 0 unloads after the use, -1 never.',
})

const languageCode = z.string().regex(/^[A-Za-z]{2,8}([-_][A-Za-z0-9]{2,8}){0,3}$/, {
  error: 'must be the code of a language, such as hi, zh-Hant or hin_Deva',
})
const languageCodes = z
  .union([languageCode, z.array(languageCode).min(1)])
  .meta({ description: 'One code, or several: hi, zh-Hant, hin_Deva.' })

const fallback = z
  .strictObject({ dtype: dtype.optional(), device: device.optional(), source: source.optional() })
  .refine((entry) => Object.values(entry).some((value) => value !== undefined), {
    error: 'must change at least one of dtype, device and source',
  })

const model = z.strictObject({
  source,
  task: z.enum(TASKS).optional().meta({ description: "Absent: what the model's files say." }),
  dtype: dtype.optional(),
  device: device.optional(),
  revision: z.string().max(200).optional().meta({ description: 'Which version of the files.' }),
  isolation: z.enum(ISOLATIONS).optional().meta({
    description: 'Whether it runs in a thread or in a process of its own.',
    default: 'thread',
  }),
  languages: z
    .strictObject({ source: languageCodes, target: languageCodes })
    .optional()
    .meta({ description: "Which languages a translator translates. Absent: what the model's files say." }),
  textProcessing: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'A module that prepares the text for a translator, and what it gives for people.' }),
  keepAlive: keepAlive.optional(),
  slot: name()
    .optional()
    .meta({ description: 'A slot to share with other models; they displace each other.' }),
  group: name().optional().meta({ description: 'Models of one group load together.' }),
  preload: z.boolean().optional().meta({ description: 'Load at the start.', default: false }),
  pin: z
    .boolean()
    .optional()
    .meta({ description: 'Never evict, never unload for idleness.', default: false }),
  fallback: z
    .array(fallback)
    .max(10)
    .optional()
    .meta({ description: 'What to try, in order, when this does not load.' }),
  ...limitFields('override'),
})

type DefinitionInput = { source?: string | undefined } & Pick<
  ModelConfig,
  'dtype' | 'device' | 'revision' | 'isolation' | 'fallback' | 'languages' | 'textProcessing'
>

/** The part of a model's configuration that says which files it stands for; a swap changes it. */
export const definitionSchema: z.ZodType<DefinitionInput, DefinitionInput> = model
  .pick({
    source: true,
    dtype: true,
    device: true,
    revision: true,
    isolation: true,
    fallback: true,
    languages: true,
    textProcessing: true,
  })
  .partial()

const runtimeFields = {
  models: z.record(name(), model).meta({ description: 'The models, by the names that requests use.' }),
  slots: z
    .record(name(), z.strictObject(limitFields('override')))
    .optional()
    .meta({ description: 'Limits of slots that models share.' }),
  maxParallelLoads: count(1).optional().meta({ description: 'Loads that run at the same time.', default: 2 }),
  memoryBudgetBytes: memory()
    .optional()
    .meta({ description: 'For all models: bytes, or a share of what the process may use.', default: '75%' }),
  resultCacheBytes: memory().optional().meta({
    description:
      'Vectors of texts that were embedded before are kept in so many bytes, or such a share; 0 keeps none.',
    default: 0,
  }),
  maxEventLoopDelayMs: milliseconds().optional().meta({
    description:
      'Event-loop delay over which work of low priority is refused; over three times as much, all.',
    default: 5_000,
  }),
  maxProcessMemoryBytes: memory().optional().meta({
    description: 'Memory of the process over which work is refused: bytes, or a share of what it may use.',
    default: '95%',
  }),
  keepAlive: keepAlive.optional().meta({ default: '5m' }),
  tenants: z
    .record(name(), z.strictObject({ weight: z.number().min(0.001).max(1000) }))
    .optional()
    .meta({ description: 'How much of a slot each tenant gets when they compete; others have weight 1.' }),
  graceMs: milliseconds(0)
    .optional()
    .meta({ description: 'How long a shutdown waits for work in flight.', default: 10_000 }),
  ...limitFields('default'),
} satisfies z.ZodRawShape

const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** What a configuration file, the environment and the flags give together. */
export interface Config extends RuntimeConfig {
  server?: ServerConfig | undefined
  /** @default 'warn' */
  logLevel?: LogLevel | undefined
}

export const runtimeSchema: z.ZodType<RuntimeConfig, RuntimeConfig> = z.strictObject(runtimeFields)

export const configSchema: z.ZodType<Config, Config> = z.strictObject({
  ...runtimeFields,
  server: serverSchema.optional().meta({ description: 'How the server listens and what it lets in.' }),
  logLevel: z.enum(LOG_LEVELS).optional().meta({ description: 'What is logged.', default: 'warn' }),
})
