import { once } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { onAbort } from './abort.ts'

describe('onAbort', () => {
  it('calls every listener once, in order, with the reason', () => {
    const controller = new AbortController()
    const calls: unknown[] = []
    onAbort(controller.signal, (reason) => calls.push(['first', reason]))
    onAbort(controller.signal, (reason) => calls.push(['second', reason]))
    controller.abort('enough')
    controller.abort('again')
    expect(calls).toEqual([
      ['first', 'enough'],
      ['second', 'enough'],
    ])
  })

  it('calls a listener that comes after the abort in the next microtask, every time', async () => {
    const signal = AbortSignal.abort()
    const calls: string[] = []
    onAbort(signal, () => calls.push('first'))
    expect(calls).toEqual([])
    await Promise.resolve()
    onAbort(signal, () => calls.push('second'))
    await Promise.resolve()
    expect(calls).toEqual(['first', 'second'])
  })

  it('does not call a listener that was removed, be it by another one', () => {
    const controller = new AbortController()
    const calls: string[] = []
    onAbort(controller.signal, () => {
      calls.push('first')
      second[Symbol.dispose]()
    })
    const second = onAbort(controller.signal, () => calls.push('second'))
    const third = onAbort(controller.signal, () => calls.push('third'))
    third[Symbol.dispose]()
    third[Symbol.dispose]()
    controller.abort()
    expect(calls).toEqual(['first'])
  })

  it('tells one function that listens twice apart', () => {
    const controller = new AbortController()
    const listener = vi.fn()
    const first = onAbort(controller.signal, listener)
    onAbort(controller.signal, listener)
    first[Symbol.dispose]()
    controller.abort()
    expect(listener).toHaveBeenCalledTimes(1)
  })

  it('works again after all listeners were removed', () => {
    const controller = new AbortController()
    const listener = vi.fn()
    onAbort(controller.signal, listener)[Symbol.dispose]()
    onAbort(controller.signal, listener)
    controller.abort()
    expect(listener).toHaveBeenCalledTimes(1)
  })

  it('puts one listener on the signal for all, and takes it away with the last', () => {
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    const listeners = Array.from({ length: 100 }, () => onAbort(signal, () => {}))
    expect(added).toHaveBeenCalledTimes(1)
    for (const listener of listeners) {
      expect(removed).not.toHaveBeenCalled()
      listener[Symbol.dispose]()
    }
    expect(removed).toHaveBeenCalledTimes(1)
  })

  it('calls the others when one throws, and lets the error be seen', async () => {
    const controller = new AbortController()
    const other = vi.fn()
    onAbort(controller.signal, () => {
      throw new Error('a listener failed')
    })
    onAbort(controller.signal, other)
    const handlers = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const uncaught = once(process, 'uncaughtException')
    controller.abort()
    expect(other).toHaveBeenCalledTimes(1)
    expect((await uncaught)[0]).toMatchObject({ message: 'a listener failed' })
    for (const handler of handlers) process.on('uncaughtException', handler)
  })

  it('without a signal does nothing', () => {
    onAbort(undefined, () => expect.unreachable('there is no signal'))[Symbol.dispose]()
  })
})
