import { describe, expect, it } from 'vitest'
import { Deferred } from '../kernel/deferred.ts'
import { inOrder } from './in-order.ts'

const never = new AbortController().signal

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

async function* numbers(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) yield i
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('inOrder', () => {
  it('yields in the order of the items, whatever ends first', async () => {
    const work = Array.from({ length: 5 }, () => new Deferred<number>())
    const results = collect(
      inOrder(numbers(5), (n) => (work[n] as Deferred<number>).promise, { ahead: 5, signal: never }),
    )
    for (const n of [3, 1, 4, 0, 2]) {
      work[n]?.resolve(n)
      await settle()
    }
    expect(await results).toEqual([0, 1, 2, 3, 4])
  })

  it('begins no more than it may', async () => {
    let begun = 0
    let most = 0
    const results = inOrder(
      numbers(50),
      async (n) => {
        most = Math.max(most, ++begun)
        await settle()
        begun--
        return n
      },
      { ahead: 4, signal: never },
    )
    expect(await collect(results)).toHaveLength(50)
    expect(most).toBe(4)
  })

  it('yields what is there while the next item lets itself be waited for', async () => {
    const second = new Deferred<void>()
    async function* slow(): AsyncGenerator<string> {
      yield 'first'
      await second.promise
      yield 'second'
    }
    const results = inOrder(slow(), (text) => Promise.resolve(text), { ahead: 10, signal: never })
    expect((await results.next()).value).toBe('first')
    second.resolve()
    expect((await results.next()).value).toBe('second')
    expect((await results.next()).done).toBe(true)
  })

  it('yields what was begun before the source failed, then fails with its error', async () => {
    async function* failing(): AsyncGenerator<number> {
      yield 1
      yield 2
      throw new Error('line 3')
    }
    const seen: number[] = []
    const reading = async (): Promise<void> => {
      for await (const n of inOrder(failing(), (n) => settle().then(() => n), { ahead: 10, signal: never }))
        seen.push(n)
    }
    await expect(reading()).rejects.toThrow('line 3')
    expect(seen).toEqual([1, 2])
  })

  it('fails with the error of the oldest work that failed', async () => {
    const work = (n: number): Promise<number> =>
      n === 0 ? Promise.resolve(0) : Promise.reject(new Error(`work ${n}`))
    await expect(collect(inOrder(numbers(5), work, { ahead: 5, signal: never }))).rejects.toThrow('work 1')
  })

  it('stops at once when it is aborted, even if the source never answers', async () => {
    const stop = new AbortController()
    const silent: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
    }
    const results = collect(inOrder(silent, (n) => Promise.resolve(n), { ahead: 5, signal: stop.signal }))
    stop.abort(new Error('enough'))
    await expect(results).rejects.toThrow('enough')
  })
})
