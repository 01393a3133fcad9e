import { describe, expect, it } from 'vitest'
import { fromWire, toWire } from './error-wire.ts'
import * as errors from './errors.ts'
import { LeaseholdError, ModelLoadError } from './errors.ts'

function crossed(error: unknown): Error {
  return fromWire(structuredClone(toWire(error)))
}

describe('an error that crosses a thread boundary', () => {
  it('keeps its class, message, stack, details and causes', () => {
    const inner = new TypeError('not a graph')
    const middle = new errors.InferenceError('it failed', { model: 'm', field: 'input[1]', cause: inner })
    const error = new ModelLoadError('not loaded', { waitedMs: 5, retryAfterMs: 10, cause: middle })
    const copy = crossed(error)
    expect(copy).toBeInstanceOf(ModelLoadError)
    expect(copy).toMatchObject({
      name: 'ModelLoadError',
      message: 'not loaded',
      stack: error.stack,
      code: 'MODEL_LOAD',
      status: 503,
      waitedMs: 5,
      retryAfterMs: 10,
    })
    expect(copy).not.toHaveProperty('model')
    expect(copy.cause).toBeInstanceOf(errors.InferenceError)
    expect(copy.cause).toMatchObject({ model: 'm', field: 'input[1]' })
    const last = (copy.cause as Error).cause
    expect(last).toBeInstanceOf(Error)
    expect(last).not.toBeInstanceOf(LeaseholdError)
    expect(last).toMatchObject({ name: 'TypeError', message: 'not a graph' })
    expect('cause' in (last as Error)).toBe(false)
  })

  it('that is its own cause crosses all the same', () => {
    const error = new ModelLoadError('round and round')
    error.cause = error
    expect(crossed(error)).toMatchObject({ code: 'MODEL_LOAD', message: 'round and round' })
  })

  it.each(Object.values(errors))('%o keeps its class', (errorClass) => {
    expect(crossed(new errorClass('x'))).toMatchObject({ name: errorClass.name, code: errorClass.code })
    expect(crossed(new errorClass('x'))).toBeInstanceOf(errorClass)
  })

  it('is made of whatever was thrown', () => {
    expect(crossed('a text')).toMatchObject({ name: 'Error', message: 'a text' })
    expect(crossed(undefined)).toMatchObject({ name: 'Error', message: 'undefined' })
    expect(toWire('a text')).toEqual({ name: 'Error', message: 'a text', details: {} })
  })

  it('without a stack gets one where it arrives', () => {
    const error = new Error('x')
    delete error.stack
    expect(toWire(error)).toEqual({ name: 'Error', message: 'x', details: {} })
    expect(crossed(error).stack).toContain('x')
  })

  it('of a code that is not known here is a plain error', () => {
    const copy = fromWire({ name: 'NewError', message: 'x', code: 'NEW', details: {} })
    expect(copy).not.toBeInstanceOf(LeaseholdError)
    expect(copy.name).toBe('NewError')
  })
})
