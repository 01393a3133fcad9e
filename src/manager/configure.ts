import * as z from 'zod'
import { count, memory } from '../config/fields.ts'
import { LIMIT_NAMES, limitFields, type SlotLimits } from '../config/limits.ts'
import { availableMemoryBytes, parseMemoryBytes } from '../config/memory.ts'
import { check, configError } from '../config/problems.ts'
import { definitionSchema } from '../config/schema.ts'
import type { RuntimeLimits } from '../scheduler/limits.ts'
import type { ModelDefinition } from './model-spec.ts'

const slotSchema = z.strictObject(limitFields('override'))
const DEFINITION_FIELDS = [
  'source',
  'dtype',
  'device',
  'revision',
  'isolation',
  'fallback',
  'languages',
  'textProcessing',
]
const runtimeSchema = z.strictObject({
  maxParallelLoads: count(1).optional(),
  memoryBudgetBytes: memory().optional(),
})

/**
 * The limits that are given, checked as in a configuration file.
 *
 * @throws ConfigError that names each field that is wrong
 */
export function checkLimits(input: unknown, present: SlotLimits): Partial<SlotLimits> {
  const limits = defined<SlotLimits>(checked(slotSchema, LIMIT_NAMES, input))
  const { minResidencyMs, maxSwapWaitMs } = { ...present, ...limits }
  if (minResidencyMs > maxSwapWaitMs) {
    const message = `contradicts maxSwapWaitMs: a model cannot stay ${minResidencyMs} ms where others wait at most ${maxSwapWaitMs} ms`
    throw configError([{ path: ['minResidencyMs'], message }])
  }
  return limits
}

/** @throws ConfigError that names each field that is wrong */
export function checkRuntimeLimits(input: unknown): Partial<RuntimeLimits> {
  const { memoryBudgetBytes, maxParallelLoads } = checked(
    runtimeSchema,
    Object.keys(runtimeSchema.shape),
    input,
  )
  const bytes =
    memoryBudgetBytes === undefined ? undefined : parseMemoryBytes(memoryBudgetBytes, availableMemoryBytes())
  return defined<RuntimeLimits>({ maxParallelLoads, memoryBudgetBytes: bytes })
}

/**
 * What a model shall stand for from now on, checked as in a configuration file.
 *
 * @throws ConfigError that names each field that is wrong
 */
export function checkDefinition(input: unknown): Partial<ModelDefinition> {
  return defined<ModelDefinition>(checked(definitionSchema, DEFINITION_FIELDS, input))
}

function checked<T>(schema: z.ZodType<T, T>, fields: readonly string[], input: unknown): T {
  const result = check(schema, () => fields, input)
  if (Array.isArray(result)) throw configError(result)
  return result
}

function defined<T extends object>(values: { [Name in keyof T]?: T[Name] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>
}
