import { describe, expect, it } from 'vitest'
import { writeList, type LongList } from './json-list.ts'

const listOf = (count: number): LongList => ({
  before: '{"é":[',
  count,
  entry: (index) => `{"index":${index}}`,
  after: '],"model":"ü"}',
  perTurn: 3,
})
const never = new AbortController().signal

describe('a document with a long list', () => {
  it.each([0, 1, 3, 4, 6, 7, 100])(
    'is the same for %i entries, however many slices it takes',
    async (count) => {
      const written = await writeList(listOf(count), never)
      const indices = Array.from({ length: count }, (_, index) => ({ index }))
      expect(JSON.parse(written.toString())).toEqual({ é: indices, model: 'ü' })
      expect(typeof written).toBe(count > 3 ? 'object' : 'string')
    },
  )

  it('lets others have their turn between two slices', async () => {
    let turns = 0
    const count = (): void => {
      turns++
      if (turns < 10) setImmediate(count)
    }
    setImmediate(count)
    const written: number[] = []
    await writeList({ ...listOf(9), entry: (index) => `${written.push(turns) && index}` }, never)
    expect(written).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2])
  })

  it('is given up when its reader has left', async () => {
    const left = new AbortController()
    const reason = new Error('gone')
    const written: number[] = []
    const entry = (index: number): string => {
      written.push(index)
      if (index === 4) left.abort(reason)
      return '0'
    }
    await expect(writeList({ ...listOf(9), entry }, left.signal)).rejects.toBe(reason)
    expect(written).toEqual([0, 1, 2, 3, 4, 5])
  })
})
