import { describe, expect, it } from 'vitest'
import { ManualClock } from '../testing/manual-clock.ts'
import { describeProgress, Progress } from './progress.ts'

describe('describeProgress', () => {
  it.each([
    [1200, 4000, 50, 100, '1,200 texts, 300/s, 0:04 left'],
    [10, 1000, 10, 1000, '10 texts, 10/s, 1:39 left'],
    [5, 1000, 0, undefined, '5 texts, 5/s'],
    [0, 0, 0, 100, '0 texts'],
  ])('%d texts in %d ms, %d of %s bytes', (texts, elapsedMs, readBytes, totalBytes, expected) => {
    expect(describeProgress(texts, elapsedMs, readBytes, totalBytes)).toBe(expected)
  })
})

describe('Progress', () => {
  const terminal = (isTTY: boolean): { stream: NodeJS.WriteStream; written: string[] } => {
    const written: string[] = []
    const stream = { isTTY, write: (text: string) => written.push(text) > 0 } as unknown as NodeJS.WriteStream
    return { stream, written }
  }

  it('shows a line on a terminal, not more often than five times a second, and clears it', () => {
    const { stream, written } = terminal(true)
    const clock = new ManualClock()
    const progress = new Progress(stream, clock)
    for (let texts = 1; texts <= 10; texts++) {
      clock.advance(50)
      progress.update(texts, 0)
    }
    expect(written.map((text) => text.replace('\r\u001b[2K', ''))).toEqual([
      '1 texts, 20/s',
      '5 texts, 20/s',
      '9 texts, 20/s',
    ])
    progress.clear()
    expect(written.at(-1)).toBe('\r\u001b[2K')
  })

  it('shows nothing in a pipe', () => {
    const { stream, written } = terminal(false)
    const progress = new Progress(stream, new ManualClock())
    progress.update(1, 1)
    progress.clear()
    expect(written).toEqual([])
  })
})
