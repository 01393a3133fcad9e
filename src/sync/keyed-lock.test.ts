import { describe, expect, it } from 'vitest'
import { KeyedLock } from './keyed-lock.ts'

describe('KeyedLock', () => {
  it('excludes those of one key and nobody else', async () => {
    const lock = new KeyedLock<string>()
    const inside = new Map<string, number>()
    let mostInAll = 0
    const task = (key: string): Promise<void> =>
      lock.run(key, async () => {
        expect(inside.get(key) ?? 0).toBe(0)
        inside.set(key, 1)
        mostInAll = Math.max(
          mostInAll,
          [...inside.values()].reduce((a, b) => a + b),
        )
        await Promise.resolve()
        inside.set(key, 0)
      })
    await Promise.all(['a', 'b', 'c', 'a', 'b', 'c', 'a'].map(task))
    expect(mostInAll).toBe(3)
  })

  it('remembers a key for as long as somebody has it or waits for it', async () => {
    const lock = new KeyedLock<string>()
    const first = await lock.acquire('a')
    const second = lock.acquire('a')
    expect(lock).toMatchObject({ held: 1, waiting: 1 })
    first.release()
    expect(lock.isHeld('a')).toBe(true)
    expect(lock).toMatchObject({ held: 1, waiting: 0 })
    ;(await second).release()
    expect(lock.isHeld('a')).toBe(false)
    expect(lock.stats()).toEqual({ held: 0, waiting: 0, acquired: 2, timedOut: 0, aborted: 0 })
  })

  it('is not confused by a release that comes twice, after the key was taken anew', async () => {
    const lock = new KeyedLock<string>()
    const first = await lock.acquire('a')
    first.release()
    const second = await lock.acquire('a')
    first.release()
    expect(lock.isHeld('a')).toBe(true)
    second.release()
    expect(lock.isHeld('a')).toBe(false)
  })

  it('forgets a key whose waiters have all left', async () => {
    const lock = new KeyedLock<string>()
    const hold = await lock.acquire('a')
    const controller = new AbortController()
    const waiting = lock.acquire('a', { signal: controller.signal })
    controller.abort()
    await expect(waiting).rejects.toThrow()
    hold.release()
    expect(lock.held).toBe(0)
  })
})
