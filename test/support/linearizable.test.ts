import { describe, expect, it } from 'vitest'
import { isLinearizable, type Call, type SequentialModel } from './linearizable.ts'

type Input = { write: number } | 'read' | 'increment'

const register: SequentialModel<number, Input, number> = {
  initial: 0,
  step(state, input) {
    if (input === 'read') return { state, output: state }
    if (input === 'increment') return { state: state + 1, output: state + 1 }
    return { state: input.write, output: input.write }
  },
  key: String,
  isSame: (a, b) => a === b,
}

/** Calls as `[start, end, input, output]`; without an answer the end is `Infinity`. */
function check(...calls: [number, number, Input, number?][]): boolean {
  const history = calls.map(([startedAt, endedAt, input, output]): Call<Input, number> => ({
    startedAt,
    endedAt,
    input,
    ...(output !== undefined && { output }),
  }))
  return isLinearizable(history, register)
}

describe('a history is linearizable', () => {
  it('when calls one after the other see each other', () => {
    expect(check([0, 1, { write: 7 }, 7], [2, 3, 'read', 7])).toBe(true)
  })

  it('when a read beside a write sees the old value or the new one', () => {
    expect(check([0, 9, { write: 7 }, 7], [1, 2, 'read', 0])).toBe(true)
    expect(check([0, 9, { write: 7 }, 7], [1, 2, 'read', 7])).toBe(true)
  })

  it('when it takes another order than that of the starts', () => {
    expect(check([0, 9, 'increment', 2], [1, 8, 'increment', 1], [10, 11, 'read', 2])).toBe(true)
  })

  it('when a write without an answer took effect late, or never', () => {
    expect(check([0, Infinity, { write: 7 }], [1, 2, 'read', 0], [3, 4, 'read', 7])).toBe(true)
    expect(check([0, Infinity, { write: 7 }], [1, 2, 'read', 0], [3, 4, 'read', 0])).toBe(true)
  })

  it('when it is empty', () => {
    expect(check()).toBe(true)
  })
})

describe('a history is not linearizable', () => {
  it('when a read is stale', () => {
    expect(check([0, 1, { write: 7 }, 7], [2, 3, 'read', 0])).toBe(false)
  })

  it('when an update is lost', () => {
    expect(check([0, 9, 'increment', 1], [1, 8, 'increment', 1])).toBe(false)
    expect(check([0, 9, 'increment', 1], [1, 8, 'increment', 2], [10, 11, 'read', 1])).toBe(false)
  })

  it('when two readers see two writes in different orders', () => {
    const writes: [number, number, Input, number][] = [
      [0, 20, { write: 1 }, 1],
      [0, 20, { write: 2 }, 2],
    ]
    const one: [number, number, Input, number][] = [
      [1, 2, 'read', 1],
      [3, 4, 'read', 2],
    ]
    const other: [number, number, Input, number][] = [
      [5, 6, 'read', 1],
      [7, 8, 'read', 2],
    ]
    expect(check(...writes, ...one)).toBe(true)
    expect(check(...writes, ...one, ...other)).toBe(false)
  })

  it('when a write without an answer is seen and then unseen', () => {
    expect(check([0, Infinity, { write: 7 }], [1, 2, 'read', 7], [3, 4, 'read', 0])).toBe(false)
  })
})

it('judges a thousand calls of eight callers at once', () => {
  const calls: [number, number, Input, number][] = []
  for (let i = 0; i < 1_000; i++) calls.push([i, i + 8, 'increment', i + 1])
  expect(check(...calls)).toBe(true)
  // The last of them says that one of the others never was.
  calls[999] = [999, 1_007, 'increment', 999]
  expect(check(...calls)).toBe(false)
})

it('takes versions for a hint, which changes no verdict', () => {
  const history = (last: number, versionOf: (i: number) => number): Call<Input, number>[] =>
    Array.from({ length: 12 }, (_, i) => ({
      startedAt: i,
      endedAt: i + 5,
      input: 'increment',
      output: i === 11 ? last : i + 1,
      version: versionOf(i),
    }))
  for (const versionOf of [(i: number) => i + 1, (i: number) => 12 - i, (i: number) => ((i * 7) % 5) + 1]) {
    expect(isLinearizable(history(12, versionOf), register)).toBe(true)
    expect(isLinearizable(history(11, versionOf), register)).toBe(false)
  }
})

it('goes the way that versions point to', () => {
  // Forty writes at once, and reads one after the other that allow one order of them.
  const writes = Array.from({ length: 40 }, (_, i): Call<Input, number> => ({
    startedAt: (i * 17) % 40,
    endedAt: 1_000 + ((i * 7) % 40),
    input: { write: i },
    output: i,
    version: i + 1,
  }))
  const reads = writes.map((_, i): Call<Input, number> => ({
    startedAt: 100 + 2 * i,
    endedAt: 101 + 2 * i,
    input: 'read',
    output: i,
  }))
  let steps = 0
  const step: typeof register.step = (state, input) => {
    // Without the hint it would take years.
    if (steps++ > 5_000) throw new Error('lost')
    return register.step(state, input)
  }
  expect(isLinearizable([...writes, ...reads], { ...register, step })).toBe(true)
})
