import { performance } from 'node:perf_hooks'
import { expect, it } from 'vitest'
import { createRuntime } from '../../../src/index.ts'
import { REAL_MODEL } from '../../scenarios/real-model.ts'

const TICK_MS = 10

it('F25 a long inference: a 10 ms timer on the main thread goes on ticking (onnxruntime 26968)', async () => {
  await using runtime = await createRuntime({ models: { m: { source: REAL_MODEL } } })
  await runtime.load('m')
  const texts = Array.from({ length: 64 }, (_, n) => 'inference '.repeat(200) + n)
  let ticks = 0
  const timer = setInterval(() => ticks++, TICK_MS)
  const startedAtMs = performance.now()
  const { vectors } = await runtime.embed('m', texts)
  const expectedTicks = (performance.now() - startedAtMs) / TICK_MS
  clearInterval(timer)
  expect(vectors).toHaveLength(texts.length)
  // The inference took the time of many ticks. A machine that is busy with other things makes some of them late; an inference on
  // this thread would let none through.
  expect(expectedTicks).toBeGreaterThan(10)
  expect(ticks / expectedTicks).toBeGreaterThan(0.1)
})
