import { expect } from 'vitest'
import { createRuntime } from '../../../src/index.ts'
import type { Clock, Timer } from '../../../src/kernel/clock.ts'
import type { ModelFactory } from '../../../src/registry/model.ts'
import { Registry } from '../../../src/registry/registry.ts'
import { createFakeEngine, ManualClock } from '../../../src/testing/index.ts'
import { isPending, watch } from '../../scenarios/harness.ts'
import { replay } from './replay.ts'

/** Time goes on, and nobody is woken: as if the event loop never came to the timers of the scheduler. */
class ClockWithoutWake implements Clock {
  readonly manual = new ManualClock()
  isStuck = false

  nowMs(): number {
    return this.manual.nowMs()
  }

  wallMs(): number {
    return this.manual.wallMs()
  }

  callAt(atMs: number, callback: () => void): Timer {
    return this.manual.callAt(atMs, () => {
      if (!this.isStuck) callback()
    })
  }
}

replay(
  'F29 health while the scheduler is stuck: readiness looks at progress (ollama 17408)',
  async (random) => {
    const clock = new ClockWithoutWake()
    const engine = createFakeEngine({ clock })
    const registry = new Registry<ModelFactory>('model engine')
    registry.register('onnx', engine.factory)
    const runtime = await createRuntime(
      { models: { m: { source: '/m', dtype: 'int8', maxConcurrent: 1, accessTimeoutMs: 10_000 } } },
      { clock, registry, logger: { warn: () => {} } },
    )
    const held = await runtime.lease('m')
    const waiting = watch(runtime.lease('m'))
    await clock.manual.advanceAsync(random.below(9_000))
    expect(runtime.readiness()).toEqual({ ready: true, reasons: [] })
    clock.isStuck = true
    await clock.manual.advanceAsync(20_000)
    // The waiter should have failed long ago. The runtime still answers questions, and says that it is stuck.
    expect(isPending(waiting)).toBe(true)
    const { ready, reasons } = runtime.readiness()
    expect(ready).toBe(false)
    expect(reasons).toEqual([expect.stringMatching(/the scheduler is \d+ ms late/)])

    // The next event of any kind makes up for what was missed.
    clock.isStuck = false
    held.release()
    await clock.manual.settle()
    expect(waiting.outcome).toMatchObject({ code: 'ACCESS_TIMEOUT' })
    expect(runtime.readiness()).toEqual({ ready: true, reasons: [] })
    await runtime.close()
    expect(clock.manual.pendingTimers).toBe(0)
  },
)
