import { expect, it } from 'vitest'
import type { GenerationConfig } from './generation-config.ts'
import { TargetRows, type TargetRow } from './target-rows.ts'

const [START, END] = [9, 0]

const config = {
  startToken: START,
  endTokens: new Set([END]),
  maxLength: 4,
  lastToken: undefined,
  suppressed: [],
  suppressedAtFirst: [],
  badSequences: [],
} as unknown as GenerationConfig

const items = (count: number, firstToken?: number) =>
  Array.from({ length: count }, (_, i) => ({ ids: Int32Array.of(i + 1, END), firstToken }))

/** Lets each row choose one token; they are given by place. */
const choose =
  (...tokens: readonly number[]) =>
  (place: number): Float32Array =>
    Float32Array.from({ length: 10 }, (_, id) => (id === tokens[place] ? 1 : 0))

function writing(count: number, isWanted: (index: number) => boolean = () => true, firstToken?: number) {
  const given: [index: number, row: TargetRow][] = []
  const rows = new TargetRows(
    items(count, firstToken),
    config,
    (index, row) => given.push([index, row]),
    isWanted,
  )
  return { rows, given }
}

it('the decoder gets the prompt, and then what was chosen last', () => {
  const { rows } = writing(2, undefined, 7)
  expect([rows.promptLength, rows.nextTokens]).toEqual([
    2,
    [
      [START, 7],
      [START, 7],
    ],
  ])
  rows.grow(choose(3, 4))
  expect(rows.nextTokens).toEqual([[3], [4]])
})

it('a text is given out when it ends, without prompt and end, or when it is as long as may be', () => {
  const { rows, given } = writing(2)
  rows.grow(choose(3, 5))
  rows.grow(choose(END, 6))
  expect(given).toEqual([[0, { ids: [3], isCut: false }]])
  expect(rows.areDone).toBe(false)
  rows.grow(choose(1, 8))
  expect(given.slice(1)).toEqual([[1, { ids: [5, 6, 8], isCut: true }]])
  expect(rows.areDone).toBe(true)
})

it('rows that are done leave once they are a quarter of the batch, and those behind them move up', () => {
  const { rows, given } = writing(5)
  rows.grow(choose(1, 1, END, 1, 1))
  expect(rows.leave()).toBeUndefined()
  rows.grow(choose(END, 2, 5, 2, 2))
  expect(rows.leave()).toEqual([1, 3, 4])
  expect(rows.sources).toEqual([2, 4, 5].map((id) => Int32Array.of(id, END)))
  rows.grow(choose(END, END, END))
  expect(given.map(([index]) => index)).toEqual([2, 0, 1, 3, 4])
})

it('a row that nobody wants any more is done', () => {
  const { rows, given } = writing(2, (index) => index === 1)
  rows.grow(choose(3, 3))
  expect([rows.leave(), rows.nextTokens, given]).toEqual([[1], [[3]], []])
})
