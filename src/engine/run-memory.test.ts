import { describe, expect, it } from 'vitest'
import { ELEMENT_TYPES } from './tensor.ts'
import type { RunItem } from './run-item.ts'
import { canFill, RunMemory } from './run-memory.ts'

const { int32, int64, float32 } = ELEMENT_TYPES
const info = (name: string, elementType: number): { name: string; elementType: number; shape: [] } => ({
  name,
  elementType,
  shape: [],
})
const ITEMS: readonly RunItem[] = [{ ids: Int32Array.of(101, 7, 102) }, { ids: Int32Array.of(101, 102) }]

/** The tensor's content as the graph would see it. */
function filled(memory: RunMemory, name: string, elementType: number, items = ITEMS, length = 3): number[] {
  const { data, shape } = memory.fillInput(info(name, elementType), items, length)
  expect(shape).toEqual([items.length, length])
  const { buffer, byteOffset, byteLength } = data
  return elementType === int32
    ? [...new Int32Array(buffer, byteOffset, byteLength / 4)]
    : Array.from(new BigInt64Array(buffer, byteOffset, byteLength / 8), Number)
}

describe.each([
  ['int64', int64],
  ['int32', int32],
])('inputs of %s', (_, type) => {
  it('hold the texts, padded with zeros', () => {
    const memory = new RunMemory()
    expect(filled(memory, 'input_ids', type)).toEqual([101, 7, 102, 101, 102, 0])
    expect(filled(memory, 'attention_mask', type)).toEqual([1, 1, 1, 1, 1, 0])
    expect(filled(memory, 'token_type_ids', type)).toEqual([0, 0, 0, 0, 0, 0])
    expect(filled(memory, 'position_ids', type)).toEqual([0, 1, 2, 0, 1, 0])
  })

  it('say which tokens are of the second text of a pair', () => {
    const pair = [{ ids: Int32Array.of(101, 7, 102, 8, 102), secondFrom: 3 }, ...ITEMS]
    expect(filled(new RunMemory(), 'token_type_ids', type, pair, 5)).toEqual([
      0,
      0,
      0,
      1,
      1,
      ...Array<number>(10).fill(0),
    ])
  })

  it('hold nothing of an earlier run', () => {
    const memory = new RunMemory()
    filled(memory, 'input_ids', type, [{ ids: Int32Array.of(9, 9, 9, 9, 9, 9) }], 6)
    expect(filled(memory, 'input_ids', type)).toEqual([101, 7, 102, 101, 102, 0])
  })
})

it('memory is kept for the next run that is not larger', () => {
  const memory = new RunMemory()
  const first = memory.output([2, 3, 4])
  expect(first.data).toHaveLength(24)
  expect(memory.output([1, 3, 4]).data.buffer).toBe(first.data.buffer)
  expect(memory.output([20, 3, 4]).data.buffer).not.toBe(first.data.buffer)
})

it('knows what it can fill', () => {
  expect(canFill(info('input_ids', int64))).toBe(true)
  expect(canFill(info('input_ids', float32))).toBe(false)
  expect(canFill(info('pixel_values', int64))).toBe(false)
})
