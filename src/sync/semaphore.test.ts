import { describe, expect, it } from 'vitest'
import { Semaphore } from './semaphore.ts'

describe('Semaphore', () => {
  it('gives out as many holds as it has permits', () => {
    const semaphore = new Semaphore(3)
    const holds = Array.from({ length: 5 }, () => semaphore.tryAcquire())
    expect(holds.filter(Boolean)).toHaveLength(3)
    expect(semaphore).toMatchObject({ permits: 3, held: 3, waiting: 0 })
  })

  it('hands a permit to whoever waits longest, in the turn of the release', async () => {
    const semaphore = new Semaphore(1)
    const hold = await semaphore.acquire()
    const waiting = semaphore.acquire()
    hold.release()
    // Nobody can slip in between the release and the moment in which the waiter goes on.
    expect(semaphore.tryAcquire()).toBeUndefined()
    expect(semaphore).toMatchObject({ held: 1, waiting: 0 })
    ;(await waiting).release()
    expect(semaphore.held).toBe(0)
  })

  it('releases a hold once, however often it is asked to', async () => {
    const semaphore = new Semaphore(1)
    const first = await semaphore.acquire()
    first.release()
    const second = await semaphore.acquire()
    first.release()
    first[Symbol.dispose]()
    expect(semaphore.held).toBe(1)
    expect(second.isReleased).toBe(false)
  })

  it('with more permits lets those who wait in at once, in their order', async () => {
    const semaphore = new Semaphore(0)
    const order: number[] = []
    for (let n = 0; n < 5; n++) void semaphore.acquire().then(() => order.push(n))
    expect(semaphore.waiting).toBe(5)
    semaphore.resize(3)
    expect(semaphore).toMatchObject({ permits: 3, held: 3, waiting: 2 })
    await Promise.resolve()
    expect(order).toEqual([0, 1, 2])
  })

  it('with fewer permits takes none away, and gives none until they fit', async () => {
    const semaphore = new Semaphore(3)
    const holds = await Promise.all([semaphore.acquire(), semaphore.acquire(), semaphore.acquire()])
    const waiting = semaphore.acquire()
    semaphore.resize(1)
    expect(semaphore).toMatchObject({ permits: 1, held: 3, waiting: 1 })
    holds[0]?.release()
    holds[1]?.release()
    expect(semaphore).toMatchObject({ held: 1, waiting: 1 })
    holds[2]?.release()
    expect(semaphore).toMatchObject({ held: 1, waiting: 0 })
    await waiting
  })

  it('refuses a size that is none, and changes nothing', () => {
    const semaphore = new Semaphore(2)
    for (const permits of [-1, 0.5, NaN, Infinity])
      expect(() => semaphore.resize(permits)).toThrow(
        `permits must be a whole number, 0 or more, got ${permits}`,
      )
    expect(semaphore.permits).toBe(2)
    semaphore.resize(0)
    expect(semaphore.tryAcquire()).toBeUndefined()
  })
})
