/**
 * Sessions: bags of keys and values that many tasks, threads, processes or machines change at the same time without losing
 * anything.
 *
 * @module
 */
export {
  InvalidInputError,
  LockTimeoutError,
  SessionConflictError,
  SessionLockedError,
  SessionOutcomeUnknownError,
  SessionStoreError,
} from '../kernel/errors.ts'
export type {
  Answer,
  Change,
  CommitResult,
  Durability,
  Expectation,
  Fields,
  Guarantees,
  LeaseGrant,
  LeaseStore,
  ListOptions,
  MaybePromise,
  Mode,
  SessionBackend,
  SessionEvent,
  SessionPage,
  SessionRecord,
} from './backend.ts'
export { decide } from './commit-rules.ts'
export { REMOVE } from './draft.ts'
export { getThreadSafeManager, tsDelete, tsExists, tsGet, tsSet } from './global.ts'
export { keyvStore, type KeyvStore, type KeyvStoreOptions } from './keyv-store.ts'
export type { SessionLimits } from './limits.ts'
export { memoryBackend, type MemoryBackend, type MemoryBackendOptions } from './memory-backend.ts'
export type { SessionMirror } from './mirror.ts'
export { newSessionId } from './names.ts'
export type { OpenOptions } from './session-manager.ts'
export { openSessions, type Sessions, type SessionsOptions } from './sessions.ts'
export type { SessionWarning } from './sessions-core.ts'
export type { SessionCounters, SessionHealth, SessionStats } from './statistics.ts'
export type {
  DeepReadonly,
  Operation,
  SessionManager,
  SessionValues,
  Tx,
  Update,
  ValueReceipt,
  WriteOptions,
  WriteReceipt,
} from './types.ts'
export type { Json } from './value.ts'
export { expressStore } from './web/express-store.ts'
export { mirrorTo } from './web/framework-mirror.ts'
export {
  frameworkStore,
  type FrameworkSession,
  type FrameworkStore,
  type FrameworkStoreOptions,
  type StoreCallback,
} from './web/framework-store.ts'
export { SafeSessionWrapper } from './web/safe-session-wrapper.ts'
