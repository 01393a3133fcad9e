import { describe, expect, it } from 'vitest'
import { RunCancellation } from '../../../src/engine/run-cancellation.ts'
import type { RunItem } from '../../../src/engine/run-item.ts'
import { fixture, loadHere, referenceOf, runHere } from './harness.ts'

interface Expected {
  text: string
  source: string
  target: string
  ids: number[]
  firstToken: number | null
  output: number[]
  isCut: boolean
}

describe.each(['marian', 'm2m100', 'nllb'])('an export of %s', (name) => {
  const folder = fixture(name)
  const reference = referenceOf<Expected>(folder)

  it('reads texts as its tokenizer does, with the source language beside them', async () => {
    const model = await loadHere(folder)
    for (const { text, ids, firstToken, ...pair } of reference) {
      const item = model.tokenizer.encode(text, pair)
      expect([...(item as RunItem).ids]).toEqual(ids)
      expect(item?.firstToken ?? null).toBe(firstToken)
    }
    model.release()
  })

  it('writes what a plain implementation without a cache writes, alone and in a batch', async () => {
    const model = await loadHere(folder)
    const items = reference.map(({ text, ...pair }) => model.tokenizer.encode(text, pair) as RunItem)
    const expected = reference.map(({ output, isCut }) => ({ ids: output, isCut }))
    expect(await runHere(model, items)).toEqual(expected)
    for (const [index, item] of items.entries()) {
      expect(await runHere(model, [item])).toEqual([expected[index]])
    }
    model.release()
  })
})

describe('a run', () => {
  it('gives short rows out before the long ones are done', async () => {
    const model = await loadHere(fixture('marian'))
    const reference = referenceOf<Expected>(fixture('marian'))
    const items = reference.map(({ text, ...pair }) => model.tokenizer.encode(text, pair) as RunItem)
    const order: number[] = []
    await model.run(items, new RunCancellation(), (index) => order.push(index))
    const lengths = order.map((index) => (reference[index] as Expected).output.length)
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b))
    expect(lengths[0]).toBeLessThan(lengths.at(-1) as number)
    model.release()
  })

  it('stops between two steps, and leaves the model as it was', async () => {
    const model = await loadHere(fixture('marian'))
    const items = referenceOf<Expected>(fixture('marian')).map(
      ({ text, ...pair }) => model.tokenizer.encode(text, pair) as RunItem,
    )
    const cancellation = new RunCancellation()
    const given: number[] = []
    const run = model.run(items, cancellation, (index) => {
      given.push(index)
      cancellation.request()
    })
    await expect(run).rejects.toThrow(/terminate/i)
    expect(given.length).toBeLessThan(items.length)
    expect(await runHere(model, items)).toHaveLength(items.length)
    model.release()
  })

  it('goes on without the rows that nobody wants any more', async () => {
    const model = await loadHere(fixture('marian'))
    const reference = referenceOf<Expected>(fixture('marian'))
    const items = reference.map(({ text, ...pair }) => model.tokenizer.encode(text, pair) as RunItem)
    const given = new Map<number, number[]>()
    const isWanted = (index: number): boolean => index % 2 === 0
    await model.run(items, new RunCancellation(), (index, { ids }) => given.set(index, [...ids]), isWanted)
    for (const [index, { output }] of reference.entries()) {
      if (isWanted(index)) expect(given.get(index)).toEqual(output)
    }
    expect(given.size).toBeLessThan(items.length)
    model.release()
  })
})
