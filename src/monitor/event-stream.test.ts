import { afterEach, expect, test } from 'vitest'
import { Emitter } from '../kernel/events.ts'
import type { RuntimeEvents } from '../kernel/runtime-events.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import { EventStream, type EventStreamOptions } from './event-stream.ts'

const open: EventStream[] = []
afterEach(() => {
  for (const stream of open.splice(0)) stream.close()
})

function setUp(options?: EventStreamOptions): {
  stream: EventStream
  ending: AbortController
  warn: (code: string) => void
  events: Emitter<RuntimeEvents>
} {
  const events = new Emitter<RuntimeEvents>((error) => {
    throw error
  })
  const ending = new AbortController()
  const stream = new EventStream({ events, clock: new ManualClock(), ending: ending.signal }, options)
  open.push(stream)
  return { stream, ending, events, warn: (code) => events.emit('warning', { model: 'm', code, message: '' }) }
}

test('events come in order, with their kind and time, also to a reader that came first', async () => {
  const { stream, warn } = setUp()
  const early = stream.next()
  warn('a')
  warn('b')
  expect(await early).toEqual({
    done: false,
    value: { kind: 'warning', wallMs: new ManualClock().wallMs(), model: 'm', code: 'a', message: '' },
  })
  expect((await stream.next()).value).toMatchObject({ code: 'b' })
})

test('a slow reader loses the oldest events and is told how many, once', async () => {
  const { stream, warn } = setUp({ capacity: 2 })
  for (const code of ['a', 'b', 'c', 'd', 'e']) warn(code)
  expect((await stream.next()).value).toEqual({ kind: 'gap', dropped: 3 })
  expect((await stream.next()).value).toMatchObject({ code: 'd' })
  warn('f')
  expect((await stream.next()).value).toMatchObject({ code: 'e' })
  expect((await stream.next()).value).toMatchObject({ code: 'f' })
})

test('only the kinds that were asked for', async () => {
  const { stream, events, warn } = setUp({ kinds: ['unload'] })
  warn('a')
  events.emit('unload', { model: 'm', key: 'k', generation: 1, reason: 'idle' })
  expect((await stream.next()).value).toMatchObject({ kind: 'unload', reason: 'idle' })
})

test('leaving the loop ends the stream', async () => {
  const { stream, warn } = setUp()
  warn('a')
  warn('b')
  for await (const event of stream) {
    expect(event).toMatchObject({ code: 'a' })
    break
  }
  warn('c')
  expect(await stream.next()).toEqual({ done: true, value: undefined })
})

test.each(['the reader', 'the monitor', 'close'])('%s ends a wait', async (who) => {
  const abort = new AbortController()
  const { stream, ending } = setUp({ signal: abort.signal })
  const waiting = stream.next()
  if (who === 'the reader') abort.abort()
  else if (who === 'the monitor') ending.abort()
  else stream.close()
  expect(await waiting).toEqual({ done: true, value: undefined })
})

test.each([0, 1.5, NaN])('a capacity of %s is refused', (capacity) => {
  expect(() => setUp({ capacity })).toThrow(RangeError)
})
