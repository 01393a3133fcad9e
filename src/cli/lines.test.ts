import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { linesOf } from './lines.ts'

async function lines(...chunks: (string | Buffer)[]): Promise<string[]> {
  const collected: string[] = []
  for await (const line of linesOf(Readable.from(chunks.map((chunk) => Buffer.from(chunk)))))
    collected.push(line)
  return collected
}

describe('linesOf', () => {
  it.each([
    [[], []],
    [[''], []],
    [['a'], ['a']],
    [['a\n'], ['a']],
    [['a\n\nb'], ['a', '', 'b']],
    [['a\r\nb\r\n'], ['a', 'b']],
    [
      ['a\r', '\nb'],
      ['a', 'b'],
    ],
    [
      ['one', ' two', '\nthree'],
      ['one two', 'three'],
    ],
    [['\uFEFFa\n\uFEFFb'], ['a', '\uFEFFb']],
  ])('%j', async (chunks, expected) => {
    expect(await lines(...chunks)).toEqual(expected)
  })

  it('puts characters together that were cut between chunks', async () => {
    const bytes = Buffer.from('naïve 😀\nnext')
    expect(await lines(...Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)))).toEqual([
      'naïve 😀',
      'next',
    ])
  })

  it('fails when the stream does, after the lines that came', async () => {
    async function* failing(): AsyncGenerator<Buffer> {
      yield Buffer.from('a\nb')
      throw new Error('disk')
    }
    const seen: string[] = []
    const reading = async (): Promise<void> => {
      for await (const line of linesOf(Readable.from(failing()))) seen.push(line)
    }
    await expect(reading()).rejects.toThrow('disk')
    expect(seen).toEqual(['a'])
  })
})
