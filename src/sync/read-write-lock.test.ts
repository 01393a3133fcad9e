import { describe, expect, it } from 'vitest'
import { ManualClock } from '../testing/manual-clock.ts'
import { ReadWriteLock } from './read-write-lock.ts'

describe('ReadWriteLock', () => {
  it('lets readers in together and a writer alone', async () => {
    const lock = new ReadWriteLock()
    const readers = [await lock.acquireRead(), await lock.acquireRead()]
    expect(lock).toMatchObject({ readers: 2, isWriting: false })
    const writer = lock.acquireWrite()
    readers[0]?.release()
    expect(lock).toMatchObject({ readers: 1, isWriting: false, waiting: 1 })
    readers[1]?.release()
    expect(lock).toMatchObject({ readers: 0, isWriting: true, waiting: 0 })
    const reader = lock.acquireRead()
    const writer2 = lock.acquireWrite()
    ;(await writer).release()
    expect(lock).toMatchObject({ readers: 1, isWriting: false, waiting: 1 })
    ;(await reader).release()
    expect(lock).toMatchObject({ readers: 0, isWriting: true })
    ;(await writer2).release()
    expect(lock.stats()).toMatchObject({ held: 0, waiting: 0, acquired: 5 })
  })

  it('does not let readers keep a writer out', async () => {
    const lock = new ReadWriteLock()
    const order: string[] = []
    const first = await lock.acquireRead()
    const tasks = [
      lock.write(() => order.push('writer')),
      ...Array.from({ length: 3 }, (_unused, n) => lock.read(() => order.push(`reader ${n}`))),
    ]
    expect(lock.tryAcquireRead()).toBeUndefined()
    first.release()
    await Promise.all(tasks)
    expect(order).toEqual(['writer', 'reader 0', 'reader 1', 'reader 2'])
  })

  it('lets readers in when the writer before them times out', async () => {
    const clock = new ManualClock()
    const lock = new ReadWriteLock({ clock })
    const reader = await lock.acquireRead()
    const writer = expect(lock.acquireWrite({ timeoutMs: 10 })).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
    })
    const behind = lock.acquireRead()
    expect(lock.waiting).toBe(2)
    clock.advance(10)
    expect(lock).toMatchObject({ readers: 2, waiting: 0 })
    await writer
    reader.release()
    ;(await behind).release()
    expect(lock.stats()).toMatchObject({ held: 0, acquired: 2, timedOut: 1 })
  })

  it('keeps the line in order when one in its middle leaves', async () => {
    const lock = new ReadWriteLock()
    const order: string[] = []
    const controller = new AbortController()
    const writer = await lock.acquireWrite()
    const first = lock.write(() => order.push('first'))
    const middle = lock.write(() => order.push('middle'), { signal: controller.signal })
    const last = lock.read(() => order.push('last'))
    controller.abort()
    expect(lock).toMatchObject({ isWriting: true, readers: 0, waiting: 2 })
    await expect(middle).rejects.toThrow()
    writer.release()
    await Promise.all([first, last])
    expect(order).toEqual(['first', 'last'])
  })
})
