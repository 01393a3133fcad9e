import { expect, it } from 'vitest'
import { createRuntime } from '../../src/index.ts'
import type { ModelFactory } from '../../src/registry/model.ts'
import { Registry } from '../../src/registry/registry.ts'
import { createFakeEngine, ManualClock } from '../../src/testing/index.ts'

/** Fails in the middle of a decision, as a fault of the core itself would. */
class BrokenClock extends ManualClock {
  isBroken = false

  override nowMs(): number {
    if (this.isBroken) throw new RangeError('no time')
    return super.nowMs()
  }
}

it('a fault of the core leaves nobody hanging: who waits hears it, readiness says so, and closing ends', async () => {
  const clock = new BrokenClock()
  const engine = createFakeEngine({ clock })
  engine.script('m', { loadMs: 1_000 })
  const registry = new Registry<ModelFactory>('model engine')
  registry.register('onnx', engine.factory)
  const config = { models: { m: { source: '.', dtype: 'int8' as const } } }
  const runtime = await createRuntime(config, { registry, clock, logger: { warn: () => {} } })
  const waiting = runtime.lease('m')
  await clock.settle()
  clock.isBroken = true
  expect(() => runtime.cancelLoading('m')).toThrow('The model manager has failed and must be restarted.')
  await expect(waiting).rejects.toThrow('has failed')
  clock.isBroken = false
  await expect(runtime.lease('m')).rejects.toMatchObject({ cause: { message: 'no time' } })
  expect(runtime.readiness()).toMatchObject({ ready: false })
  await runtime.close()
  expect(clock.pendingTimers, 'of the manager; the load has its own').toBeLessThanOrEqual(1)
})
