import { expect, it } from 'vitest'
import { createRuntime } from '../../src/index.ts'
import { TRANSLATORS } from './real-model.ts'

it('D2 four concurrent requests all succeed, and share their runs', async () => {
  await using runtime = await createRuntime({ models: { 'en-hi': { source: TRANSLATORS['en-hi'] } } })
  await runtime.load('en-hi')
  const runs = { apart: 0, together: 0 }
  let phase: keyof typeof runs = 'apart'
  runtime.on('batch', () => void runs[phase]++)
  const texts = [0, 1, 2, 3].map(
    (n) => `They like this train ${n}. The neighbour was friendly. He sometimes drives his car ${n}.`,
  )
  const alone: (readonly string[])[] = []
  for (const text of texts) alone.push((await runtime.translate('en-hi', text)).texts)
  phase = 'together'
  const together = await Promise.all(texts.map((text) => runtime.translate('en-hi', text)))
  expect(together.map((result) => result.texts)).toEqual(alone)
  expect(new Set(together.map(({ generation }) => generation)).size).toBe(1)
  expect(runs.together).toBeLessThan(runs.apart)
})

it('D2 a sentence does not wait for a whole book', async () => {
  await using runtime = await createRuntime({ models: { 'en-hi': { source: TRANSLATORS['en-hi'] } } })
  await runtime.load('en-hi')
  const book = Array.from({ length: 1_000 }, (_, n) => `They like this train ${n}.`).join(' ')
  const order: string[] = []
  const long = runtime.translate('en-hi', book).then(() => order.push('book'))
  for (const n of [1, 2, 3]) {
    await runtime.translate('en-hi', `The neighbour was friendly ${n}.`)
    order.push(`sentence ${n}`)
  }
  await long
  expect(order).toEqual(['sentence 1', 'sentence 2', 'sentence 3', 'book'])
})
