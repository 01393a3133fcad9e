import { describe, expect, it } from 'vitest'
import * as errors from './errors.ts'

const { LeaseholdError, ModelNotFoundError, QueueFullError, AccessTimeoutError, LeaseRevokedError } = errors

describe('an error', () => {
  it('has the name, code and status of its class, and the details', () => {
    const cause = new Error('inner')
    const error = new AccessTimeoutError('too slow', {
      model: 'm',
      field: 'f',
      waitedMs: 5,
      retryAfterMs: 7,
      cause,
    })
    expect(error).toMatchObject({
      name: 'AccessTimeoutError',
      code: 'ACCESS_TIMEOUT',
      status: 503,
      message: 'too slow',
      model: 'm',
      field: 'f',
      waitedMs: 5,
      retryAfterMs: 7,
      cause,
    })
    expect(error.stack).toContain('too slow')
  })

  it('has no details that were not given, and a cause only if one was: undefined counts', () => {
    const bare = new QueueFullError('full')
    expect(Object.keys(bare).toSorted()).toEqual(['code', 'name', 'status'])
    expect('cause' in bare).toBe(false)
    expect('cause' in new QueueFullError('full', { cause: undefined })).toBe(true)
  })

  it('is of its class and of LeaseholdError, and of no other', () => {
    const error = new ModelNotFoundError('no such model')
    expect(error instanceof ModelNotFoundError).toBe(true)
    expect(error instanceof LeaseholdError).toBe(true)
    expect(error instanceof Error).toBe(true)
    expect(error instanceof QueueFullError).toBe(false)
    expect(new Error('x') instanceof LeaseholdError).toBe(false)
    for (const value of [undefined, null, 'text', 5, {}, { code: 'MODEL_NOT_FOUND' }])
      expect((value as unknown) instanceof ModelNotFoundError).toBe(false)
  })

  it('is recognised across two copies of the package', () => {
    const fromOtherCopy = Object.assign(new Error('full'), { code: 'QUEUE_FULL' })
    Object.defineProperty(fromOtherCopy, Symbol.for('leasehold.error'), { value: true })
    expect(fromOtherCopy instanceof QueueFullError).toBe(true)
    expect(fromOtherCopy instanceof LeaseholdError).toBe(true)
    expect(fromOtherCopy instanceof ModelNotFoundError).toBe(false)
  })

  it('does not show its mark', () => {
    const error = new QueueFullError('full')
    expect(Object.getOwnPropertyDescriptor(error, Symbol.for('leasehold.error'))).toMatchObject({
      value: true,
      enumerable: false,
    })
  })

  it('of a revoked lease says whether the work had begun; not knowing counts as begun', () => {
    expect(new LeaseRevokedError('x').wasStarted).toBe(true)
    expect(new LeaseRevokedError('x', { wasStarted: false })).toMatchObject({
      wasStarted: false,
      status: 503,
    })
  })
})

describe('the classes', () => {
  it('have a code each, and the status that they stand for', () => {
    const table = Object.values(errors).map(({ name, code, status }) => [name, [code, status]])
    expect(Object.fromEntries(table)).toEqual({
      AccessTimeoutError: ['ACCESS_TIMEOUT', 503],
      ConcurrencyLimitError: ['CONCURRENCY_LIMIT', 429],
      ConfigError: ['CONFIG', 500],
      DeadlineExceededError: ['DEADLINE_EXCEEDED', 504],
      DrainTimeoutError: ['DRAIN_TIMEOUT', 503],
      InferenceError: ['INFERENCE', 500],
      InputTooLongError: ['INPUT_TOO_LONG', 400],
      InvalidInputError: ['INVALID_INPUT', 400],
      LeaseReleasedError: ['LEASE_RELEASED', 500],
      LeaseRevokedError: ['LEASE_REVOKED', 503],
      LeaseholdError: ['LEASEHOLD_ERROR', 500],
      LoadCancelledError: ['LOAD_CANCELLED', 503],
      LoadingTimeoutError: ['LOADING_TIMEOUT', 503],
      LockTimeoutError: ['LOCK_TIMEOUT', 503],
      MemoryBudgetError: ['MEMORY_BUDGET', 503],
      ModelLoadError: ['MODEL_LOAD', 503],
      ModelNotFoundError: ['MODEL_NOT_FOUND', 404],
      OverloadedError: ['OVERLOADED', 429],
      QueueFullError: ['QUEUE_FULL', 429],
      ResolutionError: ['RESOLUTION', 500],
      SessionConflictError: ['SESSION_CONFLICT', 409],
      SessionLockedError: ['SESSION_LOCKED', 503],
      SessionOutcomeUnknownError: ['SESSION_OUTCOME_UNKNOWN', 503],
      SessionStoreError: ['SESSION_STORE', 503],
      ShutdownError: ['SHUTDOWN', 503],
      WaitTimeoutError: ['WAIT_TIMEOUT', 503],
    })
    expect(new Set(Object.values(errors).map(({ code }) => code)).size).toBe(Object.keys(errors).length)
  })
})
