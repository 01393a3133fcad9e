import { describe, expect, it } from 'vitest'
import type { Lease } from '../../src/index.ts'
import { finish, stage, untilSettled, watch, type Watched } from '../scenarios/harness.ts'

describe('a listener that calls the runtime', () => {
  it('does not cost another caller its lease', async () => {
    const s = await stage({ m: { maxConcurrent: 1, accessTimeoutMs: 1_000 }, n: {} })
    let next: Watched<Lease> | undefined
    // In the moment in which `late` times out, before any timer of the runtime: the listener hears of it while this caller
    // is being served.
    s.clock.callAt(1_000, () => (next = watch(s.runtime.lease('n'))))
    await s.runtime.load('n')
    const held = await s.runtime.lease('m')
    const late = watch(s.runtime.lease('m'))
    const fromListener: Watched<Lease>[] = []
    s.runtime.on('warning', () => void fromListener.push(watch(s.runtime.lease('n'))))
    await s.clock.advanceAsync(1_000)
    await s.clock.settle()
    expect(late.outcome).toMatchObject({ code: 'ACCESS_TIMEOUT' })
    for (const lease of [next, ...fromListener]) {
      expect(lease?.outcome).toMatchObject({ generation: 1 })
      ;(await lease?.promise)?.release()
    }
    expect(fromListener).toHaveLength(1)
    held.release()
    await finish(s)
  })

  it('may release, unload and close', async () => {
    const s = await stage({ m: {}, n: {} })
    const held = await s.runtime.lease('m')
    const closing: Watched<void>[] = []
    s.runtime.on('load', ({ model }) => {
      if (model !== 'n') return
      held.release()
      void s.runtime.unload('m')
      closing.push(watch(s.runtime.close()))
    })
    const loading = watch(s.runtime.load('n'))
    await untilSettled(s, [loading])
    await untilSettled(s, closing)
    expect(loading.outcome).toBeUndefined()
    expect(s.engine.counts).toMatchObject({ resident: 0, loads: 2 })
    await finish(s)
  })

  it('and fails harms nobody', async () => {
    const s = await stage({ m: {} })
    s.runtime.on('load', () => {
      throw new Error('the listener failed')
    })
    const lease = await s.runtime.lease('m')
    lease.release()
    expect(s.warnings).toContainEqual(expect.objectContaining({ message: 'a listener failed' }))
    await finish(s)
  })
})
