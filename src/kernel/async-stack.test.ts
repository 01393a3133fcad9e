import { describe, expect, it, vi } from 'vitest'
import { eventually } from '../../test/support/eventually.ts'
import { AsyncStack } from './async-stack.ts'
import { Deferred } from './deferred.ts'

describe('an async stack', () => {
  it('closes what it owns, last in, first out, one after the other', async () => {
    const order: string[] = []
    const slow = new Deferred<void>()
    const stack = new AsyncStack()
    stack.defer(() => order.push('first'))
    stack.defer(async () => {
      order.push('second begins')
      await slow.promise
      order.push('second ends')
    })
    stack.use({ [Symbol.dispose]: () => void order.push('third') })
    stack.use({
      [Symbol.asyncDispose]: async () => {
        await Promise.resolve()
        order.push('fourth')
      },
    })
    const closing = stack.close()
    await eventually(() => expect(order).toEqual(['fourth', 'third', 'second begins']))
    slow.resolve()
    await closing
    expect(order).toEqual(['fourth', 'third', 'second begins', 'second ends', 'first'])
  })

  it('gives back what it takes over', () => {
    const resource = { [Symbol.dispose]: () => {} }
    expect(new AsyncStack().use(resource)).toBe(resource)
  })

  it('prefers the asynchronous way to close', async () => {
    const ways: string[] = []
    const stack = new AsyncStack()
    stack.use({
      [Symbol.dispose]: () => void ways.push('sync'),
      [Symbol.asyncDispose]: async () => void ways.push('async'),
    })
    await stack.close()
    expect(ways).toEqual(['async'])
  })

  it('closes once, however often it is asked', async () => {
    const close = vi.fn()
    const stack = new AsyncStack()
    stack.defer(close)
    expect(stack.isClosed).toBe(false)
    const closing = stack.close()
    expect(stack.isClosed).toBe(true)
    expect(stack.close()).toBe(closing)
    await stack[Symbol.asyncDispose]()
    expect(close).toHaveBeenCalledTimes(1)
  })

  it('closes the others when one fails, and fails with that one error', async () => {
    const close = vi.fn()
    const error = new Error('it is stuck')
    const stack = new AsyncStack()
    stack.defer(close)
    stack.defer(() => {
      throw error
    })
    stack.defer(close)
    await expect(stack.close()).rejects.toBe(error)
    expect(close).toHaveBeenCalledTimes(2)
  })

  it('gathers all errors when several fail', async () => {
    const stack = new AsyncStack()
    const errors = [new Error('first closed'), new Error('second closed')]
    stack.defer(() => Promise.reject(errors[1]))
    stack.defer(() => Promise.reject(errors[0]))
    await expect(stack.close()).rejects.toMatchObject({ message: '2 resources failed to close', errors })
  })

  it('refuses what would never be closed', async () => {
    const stack = new AsyncStack()
    await stack.close()
    expect(() => stack.defer(() => {})).toThrow('The stack is closed')
    expect(() => stack.use({ [Symbol.dispose]: () => {} })).toThrow('The stack is closed')
  })

  it('hands everything over', async () => {
    const close = vi.fn()
    const stack = new AsyncStack()
    stack.defer(close)
    const moved = stack.move()
    await stack.close()
    expect(close).not.toHaveBeenCalled()
    await moved.close()
    expect(close).toHaveBeenCalledTimes(1)
  })
})
