import { memoryBackend } from './memory-backend.ts'
import { openSessions, type Sessions } from './sessions.ts'
import type { SessionManager, WriteReceipt } from './types.ts'

let sessions: Sessions<'sync'> | undefined
let manager: SessionManager<Record<string, unknown>, 'sync'> | undefined

/**
 * The one session that a whole process shares, kept in memory. Functions that are called inside of its sections are inside as
 * well (`ambient`).
 */
export function getThreadSafeManager(): SessionManager<Record<string, unknown>, 'sync'> {
  sessions ??= openSessions({ backend: memoryBackend(), ambient: true })
  manager ??= sessions.open('global')
  return manager
}

/** Throws `InvalidInputError` for what a session cannot hold, `SessionLockedError` during somebody else's section. */
export function tsSet(key: string, value: unknown): WriteReceipt {
  return getThreadSafeManager().set(key, value)
}

export function tsGet(key: string, fallback?: unknown): unknown {
  return getThreadSafeManager().get(key, fallback)
}

/** Answers whether the key was there. */
export function tsDelete(key: string): boolean {
  return getThreadSafeManager().delete(key)
}

export function tsExists(key: string): boolean {
  return getThreadSafeManager().exists(key)
}
