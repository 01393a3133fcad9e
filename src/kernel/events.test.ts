import { describe, expect, it, vi } from 'vitest'
import { Emitter } from './events.ts'

interface Events {
  tick: { at: number }
  stop: string
}

describe('an emitter', () => {
  it('calls all listeners of an event, in the order in which they came', () => {
    const emitter = new Emitter<Events>(() => {})
    const heard: unknown[] = []
    emitter.on('tick', (event) => heard.push(['first', event]))
    emitter.on('tick', (event) => heard.push(['second', event]))
    emitter.on('stop', (event) => heard.push(event))
    emitter.emit('tick', { at: 1 })
    expect(heard).toEqual([
      ['first', { at: 1 }],
      ['second', { at: 1 }],
    ])
    emitter.emit('stop', 'now')
    expect(heard).toHaveLength(3)
  })

  it('without listeners does nothing', () => {
    const onError = vi.fn()
    new Emitter<Events>(onError).emit('stop', 'now')
    expect(onError).not.toHaveBeenCalled()
  })

  it('does not call a listener that was removed, be it by another one', () => {
    const emitter = new Emitter<Events>(() => {})
    const second = vi.fn()
    emitter.on('tick', () => removable[Symbol.dispose]())
    const removable = emitter.on('tick', second)
    emitter.emit('tick', { at: 1 })
    removable[Symbol.dispose]()
    emitter.emit('tick', { at: 2 })
    expect(second).not.toHaveBeenCalled()
  })

  it('gives the error of a listener to onError and calls the others', () => {
    const onError = vi.fn()
    const emitter = new Emitter<Events>(onError)
    const other = vi.fn()
    const error = new Error('a listener failed')
    emitter.on('tick', () => {
      throw error
    })
    emitter.on('tick', other)
    emitter.emit('tick', { at: 1 })
    expect(onError).toHaveBeenCalledWith(error)
    expect(other).toHaveBeenCalledWith({ at: 1 })
  })
})
