import { EventEmitter } from 'node:events'
import type { Redis } from 'ioredis'
import { beforeEach, expect, it } from 'vitest'
import { Deferred } from '../../kernel/deferred.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import type { SessionEvent } from '../backend.ts'
import { RedisWatcher, type Sighting } from './redis-watcher.ts'
import { SessionKeys } from './session-hash.ts'

/** A connection that is there at once, and on which the test speaks for the server. */
class FakeSubscriber extends EventEmitter {
  status = 'ready'
  async connect(): Promise<void> {
    this.emit('ready')
  }
  async subscribe(): Promise<void> {}
  async unsubscribe(): Promise<void> {}
  disconnect(): void {}
}

const clock = new ManualClock()
const keys = new SessionKeys('test')
let subscriber: FakeSubscriber
let looks: Deferred<Sighting | undefined>[]
let events: SessionEvent[]
let watcher: RedisWatcher

beforeEach(async () => {
  looks = []
  events = []
  const target = {
    url: 'redis://127.0.0.1',
    Redis: function () {
      return (subscriber = new FakeSubscriber())
    } as unknown as typeof Redis,
  }
  const look = (): Promise<Sighting | undefined> => {
    const answer = new Deferred<Sighting | undefined>()
    looks.push(answer)
    return answer.promise
  }
  watcher = new RedisWatcher({ target, keys, clock, look })
})

const say = (message: string): unknown => subscriber.emit('message', keys.channel('a'), message)

function watch(): Disposable {
  return watcher.watch('a', (event) => events.push(event))
}

it('believes what it hears while it looks, and not the older answer', async () => {
  watch()
  await clock.settle()
  say('set 5 100')
  looks[0]?.resolve(undefined)
  await clock.settle()
  expect(events).toEqual([{ type: 'set', id: 'a', version: 5 }])
  // The end that was heard of stands.
  await clock.advanceAsync(100)
  expect(looks).toHaveLength(2)
  looks[1]?.resolve(undefined)
  await clock.settle()
  expect(events[1]).toEqual({ type: 'expire', id: 'a', version: 6 })
})

it('tells of a destruction once, when that is heard while it looks', async () => {
  watch()
  await clock.settle()
  looks[0]?.resolve({ version: 5, ttlMs: 100 })
  await clock.settle()
  await clock.advanceAsync(100)
  say('delete 6 ')
  looks[1]?.resolve(undefined)
  await clock.settle()
  expect(events).toEqual([{ type: 'delete', id: 'a', version: 6 }])
})

it('looks again later when the end was put off', async () => {
  watch()
  await clock.settle()
  looks[0]?.resolve({ version: 5, ttlMs: 100 })
  await clock.settle()
  await clock.advanceAsync(100)
  looks[1]?.resolve({ version: 5, ttlMs: 50 })
  await clock.settle()
  await clock.advanceAsync(49)
  expect(looks).toHaveLength(2)
  await clock.advanceAsync(1)
  expect(looks).toHaveLength(3)
  expect(events).toEqual([])
})

it('says nothing when the server cannot be asked, or nobody watches any more', async () => {
  const first = watch()
  await clock.settle()
  looks[0]?.resolve({ version: 5, ttlMs: 100 })
  await clock.settle()
  await clock.advanceAsync(100)
  looks[1]?.reject(new Error('down'))
  await clock.settle()
  say('set 7 100')
  first[Symbol.dispose]()
  await clock.advanceAsync(1_000)
  expect(looks).toHaveLength(2)
  expect(events.map(({ type }) => type)).toEqual(['set'])
  expect(clock.pendingTimers).toBe(0)
})
