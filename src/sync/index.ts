/**
 * Locks for the tasks of one event loop: with timeout, `AbortSignal`, hand-off in the order of arrival, live counters, and
 * holds that work with `using`.
 *
 * @module
 */
export type { Clock } from '../kernel/clock.ts'
export { LeaseReleasedError, LockTimeoutError } from '../kernel/errors.ts'
export { Condition } from './condition.ts'
export { Hold } from './hold.ts'
export { KeyedLock } from './keyed-lock.ts'
export { Mutex } from './mutex.ts'
export type { LockOptions, LockStats, WaitOptions } from './options.ts'
export { ReadWriteLock } from './read-write-lock.ts'
export { ReentrantHold } from './reentrant-hold.ts'
export { ReentrantLock } from './reentrant-lock.ts'
export { Semaphore } from './semaphore.ts'
export { SingleFlight } from './single-flight.ts'
