import { describe, expect, it } from 'vitest'
import type { EncoderOutput } from '../../engine/encoder.ts'
import { InferenceError, InputTooLongError } from '../../kernel/errors.ts'
import type { RerankReply, RerankRequest } from '../protocol.ts'
import { EmbedJob } from './embed-job.ts'
import type { Job } from './job.ts'
import { LateInteractionJob } from './late-interaction-job.ts'
import { PairJob } from './pair-job.ts'

const TIMINGS = { tokeniseMs: 0, queueMs: 0, inferMs: 0 }
const SIZE = 2

function request(documents: readonly string[], rawScores = true): RerankRequest {
  const options = { deadlineInMs: Infinity, priority: 1, tenant: '', weight: 1, rawScores }
  return { type: 'rerank', id: 7, query: 'q', documents, options: { ...options, maxTokensPerDoc: Infinity } }
}

/** Encodes everything, and answers with the length of each item. */
function encodeAll(job: Job<EncoderOutput>): number[] {
  const lengths: number[] = []
  while (!job.isEncoded) lengths.push(...job.encodeNext().map(({ ids }) => ids.length))
  return lengths
}

/** Rows as they lie in the memory of a run: among others, and overwritten afterwards. */
function give(job: Job<EncoderOutput>, item: number, ...rows: [number, number][]): void {
  const values = Float32Array.from([9, 9, ...rows.flat(), 9, 9])
  job.takeRow(item, { values, start: SIZE, size: SIZE, rows: rows.length })
  values.fill(Number.NaN)
}

const scoresOf = (job: Job<EncoderOutput>): number[] => {
  const { message, transfer } = job.reply(TIMINGS)
  const { scores } = message as RerankReply
  expect(transfer).toEqual([scores.buffer])
  return [...scores]
}

describe('late interaction', () => {
  const model = {
    config: { maxTokens: 8 },
    encode: (input: string | readonly number[]) => ({
      ids: new Int32Array(Math.min(input.length, 8)).fill(1),
      isTruncated: input.length > 8,
    }),
  }
  const jobOf = (documents: readonly string[], rawScores?: boolean): LateInteractionJob =>
    new LateInteractionJob(request(documents, rawScores), model, 0)

  it('keeps documents that are done before the query, and scores the others as they come', () => {
    const job = jobOf(['one', 'three', 'seven'])
    expect(encodeAll(job)).toEqual([1, 3, 5, 5])
    give(job, 2, [0, 3])
    give(job, 1, [3, 4], [1, 0])
    give(job, 0, [2, 0], [0, 5])
    give(job, 3, [-1, 0], [0, -1])
    expect(scoresOf(job)).toEqual([expect.closeTo(0.9, 6), 0.5, 0])
    expect(job.reply(TIMINGS).message).toMatchObject({
      tokenCounts: [3, 5, 5],
      queryTokens: 1,
      truncated: [],
    })
  })

  it('reads the query as a query and documents as documents, of which only so many tokens count', () => {
    const asked: unknown[] = []
    const noting = {
      ...model,
      encode: (input: string | readonly number[], _index: number, options: object) => (
        asked.push([input, options]),
        model.encode(input)
      ),
    }
    const wanted = request(['a document'])
    const limited = { ...wanted, options: { ...wanted.options, maxTokensPerDoc: 3 } }
    encodeAll(new LateInteractionJob(limited, noting, 0))
    expect(asked).toEqual([
      ['q', { inputType: 'query', truncate: true }],
      ['a document', { inputType: 'document', truncate: true, maxContentTokens: 3 }],
    ])
  })

  it('gives nothing below 0 or above 1 unless raw scores are asked for', () => {
    for (const [rawScores, expected] of [
      [true, -1],
      [false, 0],
    ] as const) {
      const job = jobOf(['one'], rawScores)
      encodeAll(job)
      give(job, 0, [1, 0])
      give(job, 1, [-2, 0])
      expect(scoresOf(job)).toEqual([expected])
    }
  })

  it('refuses a query over the limit, and says which documents were cut', () => {
    const job = new LateInteractionJob({ ...request(['a']), query: 'too long for it' }, model, 0)
    expect(() => job.encodeNext()).toThrow(InputTooLongError)
    expect(() => job.encodeNext()).toThrow(/query has more than the 8 tokens/)
    const cut = jobOf(['short', 'a document that is cut'])
    expect(encodeAll(cut)).toEqual([1, 5, 8])
    expect(cut.reply(TIMINGS).message).toMatchObject({ truncated: [1] })
  })

  it.each([[[1]], [[0]]])('names what was not finite (states of item %o)', ([bad]) => {
    const job = jobOf(['one'])
    encodeAll(job)
    const states = (item: number): [number, number] => (item === bad ? [Number.NaN, 1] : [1, 1])
    const run = (): void => {
      give(job, 0, states(0))
      give(job, 1, states(1))
    }
    expect(run).toThrow(InferenceError)
    expect(run).toThrow('query and documents[0] is not finite')
    expect([job.fieldOf(0), job.fieldOf(1)]).toEqual(['query', 'documents[0]'])
  })
})

it('takes its share of the tokens beside the texts that its tenant embeds, not out of theirs', () => {
  const embedOptions = {
    inputType: 'unspecified',
    truncate: true,
    normalize: true,
    dimensions: undefined,
  } as const
  const { options, ...rerank } = request(['a'])
  const embed = { type: 'embed', id: 8, inputs: ['a'], options: { ...options, ...embedOptions } } as const
  const model = { dimensions: SIZE, config: { pooling: 'mean', maxTokens: 8 } } as never
  const tenantOf = (tenant: string): string[] => [
    new EmbedJob({ ...embed, options: { ...embed.options, tenant } }, model, 0).tenant,
    new LateInteractionJob({ ...rerank, options: { ...options, tenant } }, model, 0).tenant,
  ]
  expect(new Set([...tenantOf('a'), ...tenantOf('b')]).size).toBe(4)
})

describe('pairs', () => {
  it('are encoded one at a time, and the query once', () => {
    let queries = 0
    const query = { ids: [1], secondFrom: 1, room: 5 }
    const job = new PairJob(
      request(['one', 'three'], false),
      {
        encodeQuery: () => (queries++, query),
        encodePair: (_, document) => ({
          ids: new Int32Array(document.length),
          secondFrom: 1,
          isTruncated: document === 'three',
        }),
      },
      0,
    )
    expect(encodeAll(job)).toEqual([3, 5])
    expect(queries).toBe(1)
    job.takeRow(1, { values: Float32Array.of(5, 0), start: 1, size: 1, rows: 1 })
    job.takeRow(0, { values: Float32Array.of(100), start: 0, size: 1, rows: 1 })
    expect(scoresOf(job)).toEqual([1, 0.5])
    expect(job.reply(TIMINGS).message).toMatchObject({ tokenCounts: [3, 5], queryTokens: 0, truncated: [1] })
    const run = (): void => job.takeRow(1, { values: Float32Array.of(Infinity), start: 0, size: 1, rows: 1 })
    expect(run).toThrow(InferenceError)
    expect(run).toThrow('documents[1] is not finite')
  })
})
