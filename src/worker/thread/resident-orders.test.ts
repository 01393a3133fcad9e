import fc from '../../../test/support/fast-check.ts'
import { expect, it } from 'vitest'
import type { EncoderOutput } from '../../engine/encoder.ts'
import type { RunCancellation } from '../../engine/run-cancellation.ts'
import type { RunItem } from '../../engine/run-item.ts'
import { Deferred } from '../../kernel/deferred.ts'
import { fromWire } from '../../kernel/error-wire.ts'
import { DeadlineExceededError } from '../../kernel/errors.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import type { EmbedRequest, FromThread } from '../protocol.ts'
import { EmbedJob } from './embed-job.ts'
import { Resident, type ResidentModel } from './resident.ts'

/** Few, so that jobs share them. */
const TEXTS = ['a', 'b', 'cc', 'ab', 'dddd', 'eeeeeeee']
const MAX_RUNS = 2

interface Asked {
  readonly inputs: readonly string[]
  readonly expiresAtMs: number
  isWithdrawn: boolean
}

interface Run {
  readonly cancellation: RunCancellation
  readonly end: Deferred<void>
  /** Gives the row of one item, if it has not been given yet. */
  give(index: number): void
}

/** A resident, what was asked of it, and what has to hold whatever the order of events is. */
class Rig implements ResidentModel<EncoderOutput> {
  readonly dimensions = 1
  readonly config = { pooling: 'cls' } as const
  readonly clock = new ManualClock()
  readonly asked = new Map<number, Asked>()
  readonly answers = new Map<number, Extract<FromThread, { type: 'embedded' | 'failed' }>>()
  readonly runs = new Set<Run>()
  readonly resident: Resident<EncoderOutput>
  readonly isBatchInvariant: boolean
  readonly givesRowsEarly: boolean
  faults = 0
  lastRun = 0

  constructor(isBatchInvariant: boolean, givesRowsEarly: boolean) {
    this.isBatchInvariant = isBatchInvariant
    this.givesRowsEarly = givesRowsEarly
    this.resident = new Resident({
      model: this,
      clock: this.clock,
      send: (message) => this.#hear(message),
      onRunsChanged: (runs) => expect(runs).toBeLessThanOrEqual(MAX_RUNS),
    })
    this.resident.permits.grant(MAX_RUNS)
  }

  createJob(request: unknown, nowMs: number): EmbedJob {
    return new EmbedJob(request as EmbedRequest, this, nowMs)
  }

  encode(input: string | readonly number[]): { ids: Int32Array; isTruncated: boolean } {
    return { ids: idsOf(input as string), isTruncated: false }
  }

  *encodeChunks(input: string | readonly number[]): Generator<Int32Array> {
    yield idsOf(input as string)
  }

  async run(
    items: readonly RunItem[],
    cancellation: RunCancellation,
    sink: (index: number, output: EncoderOutput) => void,
  ): Promise<void> {
    const left = new Set(items.keys())
    const give = (index: number): void => {
      if (!left.delete(index)) return
      sink(index, { values: Float32Array.of(valueOf(items[index]?.ids ?? [])), start: 0, size: 1, rows: 1 })
    }
    const run = { cancellation, end: new Deferred<void>(), give }
    this.runs.add(run)
    try {
      await run.end.promise
    } finally {
      this.runs.delete(run)
    }
    for (const index of left) give(index)
  }

  ask(inputs: readonly string[], deadlineInMs: number, priority: number, tenant: string): void {
    const id = this.asked.size + 1
    this.asked.set(id, { inputs, expiresAtMs: this.clock.nowMs() + deadlineInMs, isWithdrawn: false })
    const options = { deadlineInMs, priority, tenant, weight: 1, inputType: 'unspecified' } as const
    const rest = { truncate: true, normalize: false, dimensions: undefined }
    this.resident.ask({ type: 'embed', id, inputs, options: { ...options, ...rest } })
  }

  withdraw(id: number): void {
    const asked = this.asked.get(id)
    if (asked === undefined || asked.isWithdrawn) return
    if (!this.answers.has(id)) asked.isWithdrawn = true
    this.resident.withdraw(id)
  }

  /** The run at this place, of those that go on. */
  runAt(place: number): Run | undefined {
    return [...this.runs][place % Math.max(1, this.runs.size)]
  }

  #grant(runs: number): void {
    this.resident.permits.grant(runs)
    this.resident.scheduleTurn()
  }

  get areAllAnswered(): boolean {
    return [...this.asked].every(([id, { isWithdrawn }]) => isWithdrawn || this.answers.has(id))
  }

  #hear(message: FromThread): void {
    if (message.type === 'runs-returned') return void setImmediate(() => this.#grant(message.runs))
    if (message.type === 'run-started') {
      this.lastRun = message.run
      // Nothing is computed for whoever has gone or is too late.
      for (const id of message.requests) {
        const { expiresAtMs, isWithdrawn } = this.asked.get(id) as Asked
        expect([isWithdrawn, this.answers.has(id), expiresAtMs <= this.clock.nowMs()]).toEqual([
          false,
          false,
          false,
        ])
      }
      expect(message.requests.length).toBeGreaterThan(0)
    }
    if (message.type !== 'embedded' && message.type !== 'failed') return
    const { inputs, isWithdrawn, expiresAtMs } = this.asked.get(message.id) as Asked
    expect([isWithdrawn, this.answers.has(message.id)]).toEqual([false, false])
    this.answers.set(message.id, message)
    if (message.type === 'embedded')
      expect([...message.values]).toEqual(inputs.map((text) => valueOf(idsOf(text))))
    else if (fromWire(message.error) instanceof DeadlineExceededError)
      expect(expiresAtMs).toBeLessThanOrEqual(this.clock.nowMs())
    else expect(this.faults).toBeGreaterThan(0)
  }
}

const idsOf = (text: string): Int32Array => Int32Array.from(text, (character) => character.charCodeAt(0))
const valueOf = (ids: ArrayLike<number>): number =>
  Array.from(ids).reduce((sum, id) => (sum * 31 + id) % 65_521, 7)
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      inputs: fc.array(fc.constantFrom(...TEXTS), { maxLength: 4 }),
      deadlineInMs: fc.constantFrom(Infinity, Infinity, 20, 100, 0),
      priority: fc.nat({ max: 3 }),
      tenant: fc.constantFrom('', 'p', 'q'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('withdraw' as const), which: fc.nat({ max: 20 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('end', 'fail', 'early'), which: fc.nat({ max: 5 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const), ago: fc.nat({ max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('recall' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('advance' as const), byMs: fc.constantFrom(5, 50, 6_000) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
)

async function take(
  rig: Rig,
  taken: typeof step extends fc.Arbitrary<infer Step> ? Step : never,
): Promise<void> {
  switch (taken.do) {
    case 'ask':
      return rig.ask(taken.inputs, taken.deadlineInMs, taken.priority, taken.tenant)
    case 'withdraw':
      return rig.withdraw(taken.which)
    case 'end':
      return rig.runAt(taken.which)?.end.resolve()
    case 'fail':
      rig.faults++
      return rig.runAt(taken.which)?.end.reject(new Error('bad batch'))
    case 'early':
      if (rig.givesRowsEarly) rig.runAt(taken.which)?.give(0)
      return
    case 'stop':
      rig.faults++
      return rig.resident.stopRun(rig.lastRun - taken.ago)
    case 'recall':
      rig.resident.permits.recall()
      return rig.resident.scheduleTurn()
    case 'advance':
      return rig.clock.advance(taken.byMs)
    default:
      return turn()
  }
}

it('every request is answered once, with its own rows, in any order of events', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.boolean(),
      fc.array(step, { maxLength: 40 }),
      async (isBatchInvariant, givesRowsEarly, steps) => {
        const rig = new Rig(isBatchInvariant, givesRowsEarly)
        for (const taken of steps) await take(rig, taken)
        for (let i = 0; i < 300 && !(rig.areAllAnswered && rig.runs.size === 0); i++) {
          for (const run of rig.runs) run.end.resolve()
          await turn()
        }
        expect(rig.areAllAnswered).toBe(true)
        // Nothing is kept: the same texts are computed anew.
        rig.ask(TEXTS, Infinity, 1, '')
        for (let i = 0; i < 300 && !rig.areAllAnswered; i++) {
          await turn()
          for (const run of rig.runs) run.end.resolve()
        }
        expect(rig.areAllAnswered).toBe(true)
        await rig.resident.close()
      },
    ),
    { numRuns: 500 },
  )
})
