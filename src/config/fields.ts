import * as z from 'zod'
import { parseDurationMs } from './duration.ts'
import { parseMemoryBytes } from './memory.ts'

/** Fields that several schemas share. None of them takes NaN, Infinity or, but for durations, a negative number. */

/** Longest wait that can be configured: 24 days, what a timer can hold. What is longer is a slip of units. */
const LONGEST_MS = 2 ** 31 - 1

export const count = (least: number): z.ZodNumber => z.int().min(least).max(1_000_000)

export const milliseconds = (least = 1): z.ZodNumber => z.number().min(least).max(LONGEST_MS)

/** Seconds or a Go duration. */
export const duration = (): z.ZodType<number | string, number | string> =>
  z.union([z.number(), z.string()]).refine((value) => parseDurationMs(value) !== undefined, {
    error: 'must be a number of seconds or a duration such as "5m" or "1h30m"; 0 after the use, -1 never',
  })

/** Bytes, or a share of what the process may use. */
export const memory = (): z.ZodType<number | string, number | string> =>
  z.union([z.number().min(0), z.string()]).refine((value) => parseMemoryBytes(value, 1) !== undefined, {
    error: 'must be a number of bytes or a share of the memory such as "75%"',
  })

/** A name that people choose: of a model, a slot, a group or a tenant. */
export const name = (): z.ZodString =>
  z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^\p{Control}\p{Surrogate}]+$/u, { error: 'must not hold control characters' })
