/** Bounds on what a session may hold, the same for every backend. */
export interface SessionLimits {
  /** Keys of one session. @default 10_000 */
  maxKeys: number
  /** Characters of one value, written as JSON (numbers count as 8). @default 1_048_576 */
  maxValueChars: number
}

const DEFAULT_LIMITS: SessionLimits = { maxKeys: 10_000, maxValueChars: 1_048_576 }

/** Objects and arrays inside each other; beyond it is a cycle, or data that no backend should be asked to carry. */
export const MAX_DEPTH = 64

/** LMDB's bound on keys is 1,978 bytes; four bytes to a character at most. */
export const MAX_ID_CHARS = 256
export const MAX_KEY_CHARS = 1_024

export function checkLimits(limits: Partial<SessionLimits>): SessionLimits {
  const all = { ...DEFAULT_LIMITS, ...limits }
  for (const [name, value] of Object.entries(all)) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`${name} must be a whole number, 1 or more, got ${String(value)}`)
  }
  return all
}
