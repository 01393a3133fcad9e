import { describe, expect, it } from 'vitest'
import { LoadCancelledError, MemoryBudgetError, ModelLoadError } from '../../src/index.ts'
import { fakeHash, readFakeVector } from '../../src/testing/index.ts'
import { finish, isPending, releaseAll, stage, take, untilSettled, watch } from '../scenarios/harness.ts'
import { Random } from '../scenarios/random.ts'

describe('1,000 swaps under load', () => {
  it.each(['overlap', 'drain'] as const)(
    'by %s: no request fails, each is answered by one version',
    async (mode) => {
      const random = new Random(1_000)
      const room = mode === 'overlap' ? 1e15 : 100e6
      const s = await stage({ m: { revision: 'v0' } }, { memoryBudgetBytes: room })
      s.engine.script('m', { loadMs: 30, runMs: () => random.below(60), closeMs: 5, memoryBytes: 60e6 })
      await Promise.all([s.runtime.load('m'), s.clock.advanceAsync(30)])
      let failed = 0
      let answered = 0
      const request = async (): Promise<void> => {
        try {
          const { vectors, servedBy } = await s.runtime.embed('m', ['a', 'b'])
          for (const vector of vectors) expect(readFakeVector(vector).keyHash).toBe(fakeHash(servedBy))
          answered++
        } catch {
          failed++
        }
      }
      const requests: Promise<void>[] = []
      for (let version = 1; version <= 1_000; version++) {
        const swapping = watch(s.runtime.swap('m', { revision: `v${version}` }))
        while (isPending(swapping)) {
          requests.push(request())
          await s.clock.advanceAsync(10)
        }
        expect(swapping.outcome).toBeUndefined()
      }
      await s.clock.advanceAsync(1_000)
      await Promise.all(requests)
      expect({ failed, answered }).toEqual({ failed: 0, answered: requests.length })
      expect(s.engine.counts).toMatchObject({ loads: 1_001, resident: 1, closed: 1_000, killed: 0 })
      expect(new Set(s.events.swap.map((event) => event.mode))).toEqual(new Set([mode]))
      await finish(s)
    },
  )
})

describe('a swap', () => {
  it('of a model that is not loaded loads the new version', async () => {
    const s = await stage({ m: { dtype: 'fp32' } })
    await s.runtime.swap('m', { dtype: 'int8' })
    expect(s.runtime.status('m')).toMatchObject({ state: 'ready', servedBy: 'm:int8@cpu' })
    expect(s.engine.counts.loads).toBe(1)
    await finish(s)
  })

  it('that failed leaves the name standing for what it stood for', async () => {
    const s = await stage({ m: { dtype: 'fp32' } })
    s.engine.script('m:int8@cpu', { loadError: new Error('corrupt') })
    await s.runtime.load('m')
    await expect(s.runtime.swap('m', { dtype: 'int8' })).rejects.toBeInstanceOf(ModelLoadError)
    await s.runtime.unload('m')
    const lease = await s.runtime.lease('m')
    expect(lease.servedBy).toBe('m:fp32@cpu')
    lease.release()
    await finish(s)
  })

  it('gives way to a newer one, and does not come back', async () => {
    const s = await stage({ m: { revision: 'v0' } })
    s.engine.script('m', { loadMs: 100 })
    await Promise.all([s.runtime.load('m'), s.clock.advanceAsync(100)])
    const swaps = ['v1', 'v2', 'v3'].map((revision) => watch(s.runtime.swap('m', { revision })))
    await s.clock.advanceAsync(300)
    expect(swaps[0]?.outcome).toBeUndefined()
    expect(swaps[1]?.outcome).toBeInstanceOf(LoadCancelledError)
    expect(swaps[2]?.outcome).toBeUndefined()
    expect(s.runtime.status('m').servedBy).toBe('m#v3:int8@cpu')
    await s.runtime.unload('m')
    const next = watch(s.runtime.lease('m'))
    await s.clock.advanceAsync(100)
    expect(next.outcome).toMatchObject({ servedBy: 'm#v3:int8@cpu' })
    ;(await next.promise).release()
    await finish(s)
  })

  it('whose caller leaves is given up; the old version serves on', async () => {
    const s = await stage({ m: { revision: 'v0' } })
    s.engine.script('m', {}, { loadMs: 1_000 })
    await s.runtime.load('m')
    const controller = new AbortController()
    const swapping = watch(s.runtime.swap('m', { revision: 'v1' }, controller.signal))
    await s.clock.advanceAsync(500)
    controller.abort(new Error('changed my mind'))
    await s.clock.settle()
    expect(swapping.outcome).toMatchObject({ message: 'changed my mind' })
    expect(s.engine.counts).toMatchObject({ aborted: 1, resident: 1 })
    expect(s.runtime.status('m')).toMatchObject({
      state: 'ready',
      servedBy: 'm#v0:int8@cpu',
      isLoading: false,
    })
    await finish(s)
  })

  it('for which leases do not end is given up after drainTimeoutMs, the door opens, the holders are named', async () => {
    const s = await stage({ m: { revision: 'v0' } }, { memoryBudgetBytes: 100e6 })
    s.engine.script('m', { memoryBytes: 60e6 })
    const held = await take(s, 3, 'm')
    const swapping = watch(s.runtime.swap('m', { revision: 'v1' }))
    const kept = watch(s.runtime.lease('m', { deadlineMs: 60_000 }))
    await s.clock.advanceAsync(29_999)
    expect(isPending(swapping)).toBe(true)
    expect(s.runtime.status('m').state).toBe('draining')
    await s.clock.advanceAsync(1)
    expect(swapping.outcome).toMatchObject({ code: 'DRAIN_TIMEOUT', status: 503 })
    expect((swapping.outcome as unknown as Error).message).toContain('3 leases')
    await s.clock.settle()
    expect(kept.outcome).toMatchObject({ servedBy: 'm#v0:int8@cpu' })
    releaseAll([...held, await kept.promise])
    await finish(s)
  })

  it('to what can never fit fails at once', async () => {
    const s = await stage({ m: { revision: 'v0' } })
    await s.runtime.load('m')
    s.runtime.configureRuntime({ memoryBudgetBytes: 1_000_000 })
    await expect(s.runtime.swap('m', { revision: 'v1' })).rejects.toBeInstanceOf(MemoryBudgetError)
    expect(s.runtime.status('m').state).toBe('ready')
    await finish(s)
  })
})

describe('a pin', () => {
  it('keeps a model from being displaced in a shared slot, until it is taken off', async () => {
    const s = await stage({ a: { slot: 'one', pin: true }, b: { slot: 'one' } })
    await s.runtime.load('a')
    const onB = watch(s.runtime.lease('b'))
    await s.clock.advanceAsync(20_000)
    expect(isPending(onB)).toBe(true)
    s.runtime.pin('a', false)
    await untilSettled(s, [onB])
    expect(onB.outcome).toMatchObject({ servedBy: 'b:int8@cpu' })
    ;(await onB.promise).release()
    await finish(s)
  })

  it('does not keep a model from being unloaded by hand', async () => {
    const s = await stage({ m: { pin: true } })
    await s.runtime.load('m')
    expect(await s.runtime.unload('m')).toBe(true)
    expect(s.runtime.status('m')).toMatchObject({
      state: 'unloaded',
      isPinned: true,
      lastUnloadReason: 'requested',
    })
    await finish(s)
  })
})
