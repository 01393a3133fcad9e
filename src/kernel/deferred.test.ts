import { describe, expect, it } from 'vitest'
import { Deferred } from './deferred.ts'

describe('a deferred', () => {
  it('settles its promise from outside: by a value, by another promise, by an error', async () => {
    const value = new Deferred<number>()
    value.resolve(1)
    await expect(value.promise).resolves.toBe(1)
    const later = new Deferred<number>()
    later.resolve(Promise.resolve(2))
    await expect(later.promise).resolves.toBe(2)
    const failed = new Deferred<number>()
    failed.reject(new Error('no'))
    await expect(failed.promise).rejects.toThrow('no')
  })

  it('settles once', async () => {
    const deferred = new Deferred<number>()
    deferred.resolve(1)
    deferred.reject(new Error('too late'))
    deferred.resolve(2)
    await expect(deferred.promise).resolves.toBe(1)
  })
})
