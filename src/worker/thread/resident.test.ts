import { describe, expect, it } from 'vitest'
import type { RunCancellation } from '../../engine/run-cancellation.ts'
import type { RunItem } from '../../engine/run-item.ts'
import type { EncoderOutput } from '../../engine/encoder.ts'
import { fromWire } from '../../kernel/error-wire.ts'
import {
  DeadlineExceededError,
  InferenceError,
  InputTooLongError,
  InvalidInputError,
  type LeaseholdError,
} from '../../kernel/errors.ts'
import { Deferred } from '../../kernel/deferred.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import type { EmbedReply, EmbedRequest, EmbedRequestOptions, FromThread, Request } from '../protocol.ts'
import { EmbedJob } from './embed-job.ts'
import { Resident, type ResidentModel } from './resident.ts'

const OPTIONS: EmbedRequestOptions = {
  deadlineInMs: Infinity,
  priority: 1,
  tenant: '',
  weight: 1,
  inputType: 'unspecified',
  truncate: true,
  normalize: false,
  dimensions: undefined,
}

/** A run that the test ends. The vector of a text is `[its length, 1]`, of a text with a negative id not a number. */
interface FakeRun {
  readonly lengths: number[]
  readonly cancellation: RunCancellation
  readonly end: Deferred<void>
}

class Bench implements ResidentModel<EncoderOutput> {
  readonly dimensions = 2
  readonly config = { pooling: 'cls' } as const
  readonly givesRowsEarly = false
  readonly isBatchInvariant: boolean
  readonly clock = new ManualClock()
  readonly sent: FromThread[] = []
  readonly runs: FakeRun[] = []
  activeRuns = 0
  encodeMs = 0
  encodings = 0
  readonly resident: Resident<EncoderOutput>
  #lastId = 0

  constructor(maxRuns = 1, isBatchInvariant = true) {
    this.isBatchInvariant = isBatchInvariant
    this.resident = new Resident({
      model: this,
      clock: this.clock,
      send: (message) => this.sent.push(message),
      onRunsChanged: (activeRuns) => (this.activeRuns = activeRuns),
    })
    this.resident.permits.grant(maxRuns)
  }

  createJob(request: Request, nowMs: number): EmbedJob {
    return new EmbedJob(request as EmbedRequest, this, nowMs)
  }

  encode(input: string | readonly number[], index: number): { ids: Int32Array; isTruncated: boolean } {
    this.#countEncoding()
    if (input === 'too long') throw new InputTooLongError('too long', { field: `input[${index}]` })
    if (typeof input === 'string') return { ids: idsOf(input), isTruncated: input.length > 50 }
    return { ids: Int32Array.from(input), isTruncated: false }
  }

  /** A piece for each word. */
  *encodeChunks(input: string | readonly number[]): Generator<Int32Array> {
    for (const word of (input as string).split(' ')) {
      this.#countEncoding()
      yield idsOf(word)
    }
  }

  async run(
    items: readonly RunItem[],
    cancellation: RunCancellation,
    sink: (index: number, output: EncoderOutput) => void,
  ): Promise<void> {
    const run: FakeRun = { lengths: items.map(({ ids }) => ids.length), cancellation, end: new Deferred() }
    this.runs.push(run)
    await run.end.promise
    for (const [index, { ids }] of items.entries()) {
      const isBroken = ids.some((id) => id < 0)
      sink(index, {
        values: Float32Array.of(isBroken ? Number.NaN : ids.length, 1),
        start: 0,
        size: 2,
        rows: 1,
      })
    }
  }

  #countEncoding(): void {
    this.encodings++
    this.clock.advance(this.encodeMs)
  }

  /** Sends a request and lets the resident have its turn. */
  async ask(inputs: EmbedRequest['inputs'], options: Partial<EmbedRequestOptions> = {}): Promise<number> {
    const id = this.post(inputs, options)
    await turn()
    return id
  }

  post(inputs: EmbedRequest['inputs'], options: Partial<EmbedRequestOptions> = {}): number {
    const id = ++this.#lastId
    this.resident.ask({ type: 'embed', id, inputs, options: { ...OPTIONS, ...options } })
    return id
  }

  async endRun(index: number, error?: Error): Promise<void> {
    if (error) this.runs[index]?.end.reject(error)
    else this.runs[index]?.end.resolve()
    await turn()
    await turn()
  }

  reply(id: number): EmbedReply | undefined {
    return this.sent.find((message) => message.type === 'embedded' && message.id === id) as
      EmbedReply | undefined
  }

  failure(id: number): LeaseholdError | undefined {
    const message = this.sent.find((message) => message.type === 'failed' && message.id === id)
    return message?.type === 'failed' ? (fromWire(message.error) as LeaseholdError) : undefined
  }
}

/** The same for equal texts only. */
const idsOf = (text: string): Int32Array => Int32Array.from(text, (character) => character.charCodeAt(0))
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const lengths = (bench: Bench): number[][] => bench.runs.map((run) => run.lengths)

describe('requests', () => {
  it('are answered with a row for each text, in the order of the inputs', async () => {
    const bench = new Bench()
    const id = await bench.ask(['aaa', 'a', [7, 8]])
    await bench.endRun(0)
    expect(bench.reply(id)).toMatchObject({ dimensions: 2, tokenCounts: [3, 1, 2], truncated: [] })
    expect([...(bench.reply(id)?.values ?? [])]).toEqual([3, 1, 1, 1, 2, 1])
  })

  it('that arrive together share a batch', async () => {
    const bench = new Bench()
    bench.post(['aa'])
    bench.post(['bbb'])
    await turn()
    expect(lengths(bench)).toEqual([[2, 3]])
  })

  it('do not wait for company while a run is free', async () => {
    const bench = new Bench(2)
    await bench.ask(['aa'])
    await bench.ask(['bb'])
    expect(lengths(bench)).toEqual([[2], [2]])
  })

  it('wait while all runs are taken, and are batched by then', async () => {
    const bench = new Bench()
    await bench.ask(['aa'])
    await bench.ask(['bb'])
    await bench.ask(['cc'])
    expect(lengths(bench)).toEqual([[2]])
    await bench.endRun(0)
    expect(lengths(bench)).toEqual([[2], [2, 2]])
  })

  it('run one text at a time where the model asks for that', async () => {
    const bench = new Bench(1, false)
    const id = await bench.ask(['aa', 'bb'])
    await bench.endRun(0)
    await bench.endRun(1)
    expect(lengths(bench)).toEqual([[2], [2]])
    expect(bench.reply(id)).toBeDefined()
  })

  it('without inputs are answered at once', async () => {
    const bench = new Bench()
    expect(bench.reply(await bench.ask([]))?.values).toHaveLength(0)
  })

  it('say which texts were cut', async () => {
    const bench = new Bench()
    const id = await bench.ask(['a', 'b'.repeat(51)])
    await bench.endRun(0)
    await bench.endRun(1)
    expect(bench.reply(id)?.truncated).toEqual([1])
  })

  it('get fewer dimensions when they ask for them, normalised again', async () => {
    const bench = new Bench()
    const cut = await bench.ask(['aaa'], { dimensions: 1, normalize: true })
    await bench.endRun(0)
    expect([...(bench.reply(cut)?.values ?? [])]).toEqual([1])
    for (const dimensions of [0, 3, 1.5]) {
      const failure = bench.failure(await bench.ask(['a'], { dimensions }))
      expect(failure).toBeInstanceOf(InvalidInputError)
      expect(failure).toMatchObject({ field: 'dimensions' })
    }
  })
})

describe('a failure', () => {
  it('in one input fails its request alone', async () => {
    const bench = new Bench()
    const bad = bench.post(['a', 'too long'])
    const good = bench.post(['b'])
    await turn()
    expect(bench.failure(bad)).toBeInstanceOf(InputTooLongError)
    expect(bench.failure(bad)?.field).toBe('input[1]')
    await bench.endRun(0)
    expect(bench.reply(good)).toBeDefined()
    expect(bench.reply(bad)).toBeUndefined()
  })

  it('in one output fails its request alone, and names the input', async () => {
    const bench = new Bench()
    const bad = bench.post(['a', [-1]])
    const good = bench.post(['b'])
    await turn()
    await bench.endRun(0)
    expect(bench.failure(bad)).toBeInstanceOf(InferenceError)
    expect(bench.failure(bad)?.field).toBe('input[1]')
    expect(bench.reply(good)).toBeDefined()
  })

  it('of a batch is tried again text by text, so that only the culprit fails', async () => {
    const bench = new Bench()
    const first = bench.post(['a'])
    const second = bench.post(['b'])
    await turn()
    await bench.endRun(0, new Error('bad batch'))
    await bench.endRun(1)
    await bench.endRun(2, new Error('bad text'))
    expect(lengths(bench)).toEqual([[1, 1], [1], [1]])
    expect(bench.reply(first)).toBeDefined()
    expect(bench.failure(second)).toMatchObject({
      message: 'The model failed on input[0].',
      cause: { message: 'bad text' },
    })
  })
})

describe('a caller that leaves', () => {
  it('takes along what waits', async () => {
    const bench = new Bench()
    await bench.ask(['a'])
    const leaver = await bench.ask(['b'])
    bench.resident.withdraw(leaver)
    await bench.endRun(0)
    expect(bench.runs).toHaveLength(1)
    expect(bench.reply(leaver)).toBeUndefined()
  })

  it('stops the run that serves nobody else', async () => {
    const bench = new Bench()
    const leaver = await bench.ask(['a'])
    bench.resident.withdraw(leaver)
    expect(bench.runs[0]?.cancellation.isRequested).toBe(true)
    await bench.endRun(0, new Error('terminated'))
    expect(bench.sent.map(({ type }) => type)).toEqual(['run-started', 'run-ended'])
  })

  it('leaves the run alone that still serves somebody', async () => {
    const bench = new Bench()
    const leaver = bench.post(['a'])
    const stayer = bench.post(['b'])
    await turn()
    bench.resident.withdraw(leaver)
    expect(bench.runs[0]?.cancellation.isRequested).toBe(false)
    await bench.endRun(0)
    expect(bench.reply(stayer)).toBeDefined()
    expect(bench.reply(leaver)).toBeUndefined()
  })

  it('is not run again by itself when its batch failed', async () => {
    const bench = new Bench()
    bench.post(['a'])
    const leaver = bench.post(['b'])
    bench.post(['c'])
    await turn()
    await bench.endRun(0, new Error('bad batch'))
    bench.resident.withdraw(leaver)
    await bench.endRun(1)
    await bench.endRun(2)
    expect(bench.runs).toHaveLength(3)
    expect(bench.activeRuns).toBe(0)
  })

  it('is not encoded any further', async () => {
    const bench = new Bench()
    bench.encodeMs = 10
    const leaver = await bench.ask(['a', 'b', 'c', 'd'])
    bench.resident.withdraw(leaver)
    for (let i = 0; i < 5; i++) await turn()
    expect(bench.encodings).toBe(1)
  })
})

it('an input without any tokens is refused by its name', async () => {
  const bench = new Bench()
  const id = await bench.ask(['a', ''])
  expect(bench.failure(id)).toBeInstanceOf(InvalidInputError)
  expect(bench.failure(id)?.field).toBe('input[1]')
})

describe('a deadline', () => {
  it('that passes while the text waits ends it unrun', async () => {
    const bench = new Bench()
    await bench.ask(['a'])
    const late = await bench.ask(['b'], { deadlineInMs: 100 })
    bench.clock.advance(100)
    await bench.endRun(0)
    expect(bench.failure(late)).toBeInstanceOf(DeadlineExceededError)
    expect(bench.runs).toHaveLength(1)
  })

  it('that passes while it waits to be run alone ends it unrun', async () => {
    const bench = new Bench()
    const first = bench.post(['a'])
    const late = bench.post(['b'], { deadlineInMs: 100 })
    await turn()
    await bench.endRun(0, new Error('bad batch'))
    bench.clock.advance(100)
    await bench.endRun(1)
    expect(bench.reply(first)).toBeDefined()
    expect(bench.failure(late)).toBeInstanceOf(DeadlineExceededError)
    expect(bench.runs).toHaveLength(2)
  })

  it('that passes for a great many at once takes no stack', async () => {
    const bench = new Bench(1, false)
    await bench.ask(['first'])
    const stayers = Array.from({ length: 20_000 }, (_, i) => {
      const text = [[i + 1, 7]]
      const patient = bench.post(text, { deadlineInMs: 1_000 })
      bench.post(text, { deadlineInMs: 10 })
      return patient
    })
    for (let i = 0; i < 200; i++) await turn()
    for (const id of stayers) bench.resident.withdraw(id)
    bench.clock.advance(20)
    await bench.endRun(0)
    expect(bench.runs).toHaveLength(1)
  })

  it('that passes during the run does not', async () => {
    const bench = new Bench()
    const id = await bench.ask(['a'], { deadlineInMs: 100 })
    bench.clock.advance(500)
    await bench.endRun(0)
    expect(bench.reply(id)).toBeDefined()
  })
})

describe('encoding', () => {
  it('goes by priority: an urgent text does not wait until all others are tokens', async () => {
    const bench = new Bench(2)
    bench.encodeMs = 10
    for (let i = 0; i < 50; i++) bench.post([String.fromCharCode(200 + i)])
    const urgent = bench.post(['zz'], { priority: 0 })
    await turn()
    await turn()
    await bench.endRun(0)
    await bench.endRun(1)
    expect(bench.reply(urgent)).toBeDefined()
    expect(bench.encodings).toBeLessThan(10)
  })

  it('takes turns, so that a large request does not hold up a small one', async () => {
    const bench = new Bench(2)
    bench.encodeMs = 10
    bench.post(Array.from({ length: 100 }, () => 'a'))
    const small = bench.post(['bb'])
    for (let i = 0; i < 3; i++) await turn()
    expect(bench.encodings).toBeLessThan(10)
    await bench.endRun(0)
    await bench.endRun(1)
    expect(bench.reply(small)).toBeDefined()
  })
})

describe('the same text', () => {
  it('is computed once for all who want it while it waits or runs', async () => {
    const bench = new Bench()
    const first = await bench.ask(['aa'])
    const second = await bench.ask(['b', 'aa'])
    const third = await bench.ask(['aa', 'aa'], { normalize: true, dimensions: 1 })
    await bench.endRun(0)
    expect([...(bench.reply(first)?.values ?? [])]).toEqual([2, 1])
    expect([...(bench.reply(third)?.values ?? [])]).toEqual([1, 1])
    await bench.endRun(1)
    expect([...(bench.reply(second)?.values ?? [])]).toEqual([1, 1, 2, 1])
    expect(lengths(bench)).toEqual([[2], [1]])
  })

  it('is computed anew once it has been answered', async () => {
    const bench = new Bench()
    await bench.ask(['aa'])
    await bench.endRun(0)
    await bench.ask(['aa'])
    expect(lengths(bench)).toEqual([[2], [2]])
  })

  it('lives as long as any of those who want it', async () => {
    const bench = new Bench()
    const leaver = await bench.ask(['aa'])
    const stayer = await bench.ask(['aa'])
    bench.resident.withdraw(leaver)
    expect(bench.runs[0]?.cancellation.isRequested).toBe(false)
    bench.resident.withdraw(stayer)
    expect(bench.runs[0]?.cancellation.isRequested).toBe(true)
    const late = await bench.ask(['aa'])
    await bench.endRun(0, new Error('terminated'))
    await bench.endRun(1)
    expect(bench.reply(late)).toBeDefined()
  })

  it('is as urgent as the most urgent of them, and expires for each by itself', async () => {
    const bench = new Bench()
    await bench.ask(['x'.repeat(40)])
    for (let i = 0; i < 100; i++) bench.post([String.fromCharCode(200 + i).repeat(10)])
    const patient = bench.post(['aa'], { priority: 3 })
    const hasty = bench.post(['aa'], { priority: 0, deadlineInMs: 50 })
    await turn()
    bench.clock.advance(50)
    await bench.endRun(0)
    expect(bench.failure(hasty)).toBeInstanceOf(DeadlineExceededError)
    expect(bench.runs[1]?.lengths).toContain(2)
    await bench.endRun(1)
    expect(bench.reply(patient)).toBeDefined()
  })
})

describe('a text that several tenants want', () => {
  it('comes when the first of them is served, however long the line of another is', async () => {
    const bench = new Bench(1, false)
    const crowd = bench.post([...Array.from({ length: 50 }, (_, i) => String.fromCharCode(200 + i)), 'zz'], {
      tenant: 'a',
    })
    await turn()
    const quick = await bench.ask(['zz'], { tenant: 'b' })
    for (let run = 0; run < 3; run++) await bench.endRun(run)
    expect(bench.reply(quick)).toBeDefined()
    for (let run = 3; run < 51; run++) await bench.endRun(run)
    expect(bench.reply(crowd)).toBeDefined()
    expect(bench.runs).toHaveLength(51)
  })

  it('waits in the line of those that are left', async () => {
    const bench = new Bench(1, false)
    await bench.ask(['first'])
    const stayer = bench.post(['zz'], { tenant: 'a' })
    const leaver = bench.post(['zz'], { tenant: 'b', priority: 0 })
    const other = bench.post(['yy'], { tenant: 'c' })
    await turn()
    bench.resident.withdraw(leaver)
    for (let run = 0; run < 3; run++) await bench.endRun(run)
    expect(bench.reply(stayer)).toBeDefined()
    expect(bench.reply(other)).toBeDefined()
    expect(bench.runs).toHaveLength(3)
  })
})

describe('a long text in pieces', () => {
  it('is the mean of its pieces by their length, and counts all their tokens', async () => {
    const bench = new Bench()
    const id = await bench.ask(['aaaa b', 'cc'], { truncate: 'chunk' })
    for (let run = 0; run < 3; run++) await bench.endRun(run)
    const reply = bench.reply(id)
    expect(reply).toMatchObject({ tokenCounts: [5, 2], truncated: [] })
    const [length, one] = reply?.values ?? []
    expect(length).toBeCloseTo((4 * 4 + 1 * 1) / 5)
    expect(one).toBeCloseTo(1)
  })
})

describe('permits', () => {
  it('are asked for when something waits and no run is free', async () => {
    const bench = new Bench()
    await bench.ask(['a'])
    await bench.ask(['b'])
    expect(bench.sent.filter(({ type }) => type === 'run-wanted')).toHaveLength(1)
    bench.resident.permits.grant(1)
    bench.resident.scheduleTurn()
    await turn()
    expect(lengths(bench)).toEqual([[1], [1]])
  })

  it('that are recalled stop the next run from beginning', async () => {
    const bench = new Bench()
    await bench.ask(['a'])
    await bench.ask(['b'])
    bench.resident.permits.recall()
    await bench.endRun(0)
    expect(bench.sent).toContainEqual({ type: 'runs-returned', runs: 1 })
    expect(bench.runs).toHaveLength(1)
  })

  it('that are recalled from whoever has nothing to do go back in the next turn', async () => {
    const bench = new Bench()
    bench.resident.permits.recall()
    bench.resident.scheduleTurn()
    await turn()
    expect(bench.sent).toEqual([{ type: 'runs-returned', runs: 1 }])
  })
})

it('tenants share the runs, whoever came first', async () => {
  const bench = new Bench(1, false)
  for (let i = 0; i < 20; i++) bench.post([String.fromCharCode(200 + i)], { tenant: 'many' })
  const few = bench.post(['ä', 'ö'], { tenant: 'few' })
  await turn()
  for (let run = 0; run < 5; run++) await bench.endRun(run)
  expect(bench.reply(few)).toBeDefined()
})

describe('runs', () => {
  it('are counted, and the count is down before the answer is sent', async () => {
    const bench = new Bench(2)
    await bench.ask(['a'])
    await bench.ask(['b'])
    expect(bench.activeRuns).toBe(2)
    const counts: number[] = []
    bench.sent.push = (...messages: FromThread[]) => {
      if (messages[0]?.type === 'embedded') counts.push(bench.activeRuns)
      return 0
    }
    await bench.endRun(0)
    await bench.endRun(1)
    expect(counts).toEqual([1, 0])
  })

  it('that are told to stop do not take along who asks for the same afterwards', async () => {
    const bench = new Bench()
    const stopped = await bench.ask(['aa'])
    bench.resident.stopRun(1)
    const next = await bench.ask(['aa'])
    await bench.endRun(0, new Error('terminated'))
    await bench.endRun(1)
    expect(bench.failure(stopped)).toBeInstanceOf(InferenceError)
    expect(bench.reply(next)).toBeDefined()
  })

  it('that have ended when they are told to stop take along none that began since', async () => {
    const bench = new Bench()
    await bench.ask(['a'])
    await bench.endRun(0)
    const next = await bench.ask(['b'])
    bench.resident.stopRun(1)
    expect(bench.runs[1]?.cancellation.isRequested).toBe(false)
    await bench.endRun(1)
    expect(bench.reply(next)).toBeDefined()
  })

  it('stop when told to, and their requests fail', async () => {
    const bench = new Bench()
    const id = await bench.ask(['a', 'b'])
    bench.clock.advance(70)
    bench.resident.stopRun(1)
    await bench.endRun(0, new Error('terminated'))
    expect(bench.failure(id)).toBeInstanceOf(InferenceError)
    expect(bench.failure(id)?.message).toBe('The run was stopped after 70 ms.')
    expect(bench.runs).toHaveLength(1)
  })

  it('are reported with the requests in them when they begin, and with their padding when they end', async () => {
    const bench = new Bench()
    const first = bench.post(['aaaa', 'bbb'])
    const second = bench.post(['cccc'])
    await turn()
    expect(bench.sent).toEqual([{ type: 'run-started', run: 1, requests: [first, second] }])
    bench.clock.advance(12)
    await bench.endRun(0)
    const batch = { texts: 3, tokens: 11, paddedTokens: 12, inferMs: 12 }
    expect(bench.sent[1]).toEqual({ type: 'run-ended', run: 1, batch })
  })

  it('that fail are reported to have ended, with nothing done', async () => {
    const bench = new Bench()
    await bench.ask(['a'])
    await bench.endRun(0, new Error('bad'))
    expect(bench.sent).toContainEqual({ type: 'run-ended', run: 1, batch: undefined })
  })

  it('end before close does', async () => {
    const bench = new Bench()
    await bench.ask(['a'])
    let isClosed = false
    const closed = bench.resident.close().then(() => (isClosed = true))
    await turn()
    expect(isClosed).toBe(false)
    await bench.endRun(0)
    await closed
  })
})

it('timings add up to the time in the thread', async () => {
  const bench = new Bench()
  bench.encodeMs = 3
  await bench.ask(['a'])
  const id = await bench.ask(['b'])
  bench.clock.advance(20)
  await bench.endRun(0)
  bench.clock.advance(7)
  await bench.endRun(1)
  expect(bench.reply(id)?.timings).toEqual({ tokeniseMs: 3, queueMs: 20, inferMs: 7 })
})
