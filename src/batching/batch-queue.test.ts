import fc from '../../test/support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import { BatchQueue, LEAST_WINDOW_ITEMS, MOST_WINDOW_ITEMS } from './batch-queue.ts'
import type { BatchLimits } from './batch-cut.ts'
import { LEVEL_MS, type WaitingItem } from './waiting-item.ts'

const LIMITS: BatchLimits = { maxPaddedTokens: 512, maxItems: Infinity, overheadTokens: 20 }

interface Text extends WaitingItem {
  readonly name: string
}

function text(fields: Partial<Text> = {}): Text {
  return {
    name: '',
    tokens: 10,
    priority: 1,
    arrivedAtMs: 0,
    deadlineAtMs: Infinity,
    tenant: '',
    place: undefined,
    ...fields,
  }
}

function queueOf(texts: readonly Text[]): BatchQueue<Text> {
  const queue = new BatchQueue<Text>()
  for (const text of [...texts].sort((a, b) => a.arrivedAtMs - b.arrivedAtMs)) queue.add(text)
  return queue
}

/** Forms batches until nothing waits. */
function drain(queue: BatchQueue<Text>, nowMs = 0, freeRuns = 1, limits = LIMITS): Text[][] {
  const batches: Text[][] = []
  while (queue.size > 0) batches.push([...queue.next(nowMs, freeRuns, limits).batch])
  return batches.filter((batch) => batch.length > 0)
}

/** When the text reaches the highest level. */
const urgencyMs = ({ arrivedAtMs, priority }: Text): number => arrivedAtMs + priority * LEVEL_MS

const names = (texts: readonly Text[]): string[] => texts.map(({ name }) => name)

const anyText = fc.record({
  tokens: fc.integer({ min: 2, max: 600 }),
  priority: fc.integer({ min: 0, max: 3 }),
  arrivedAtMs: fc.integer({ min: 0, max: 30_000 }),
  deadlineAtMs: fc.constantFrom(Infinity, 5_000, 20_000),
})
const anyTexts = fc.array(anyText, { maxLength: 200 })

describe('a batch', () => {
  it('holds only texts of similar length, the most urgent among them', () => {
    const queue = queueOf([
      text({ name: 'long', tokens: 250 }),
      text({ name: 'short', tokens: 10, arrivedAtMs: 1 }),
      text({ name: 'long too', tokens: 240, arrivedAtMs: 2 }),
    ])
    expect(names(queue.next(3, 1, LIMITS).batch)).toEqual(['long too', 'long'])
  })

  it('takes a text over the budget alone', () => {
    const queue = queueOf([text({ name: 'huge', tokens: 4_000 }), text({ name: 'small', arrivedAtMs: 1 })])
    expect(drain(queue).map(names)).toEqual([['huge'], ['small']])
  })

  it('leaves its share to the other free runs', () => {
    const texts = Array.from({ length: 4 }, (_, i) => text({ name: `${i}`, tokens: 60, arrivedAtMs: i }))
    expect(queueOf(texts).next(9, 1, LIMITS).batch).toHaveLength(4)
    expect(
      queueOf(texts.map((text) => ({ ...text, place: undefined }))).next(9, 2, LIMITS).batch,
    ).toHaveLength(2)
  })

  it('is one text where texts must not share a run', () => {
    const batches = drain(queueOf([text(), text(), text()]), 0, 1, { ...LIMITS, maxItems: 1 })
    expect(batches.map((batch) => batch.length)).toEqual([1, 1, 1])
  })
})

describe('order', () => {
  it('goes by priority before arrival', () => {
    const texts = Array.from({ length: 500 }, (_, i) => text({ tokens: 300, arrivedAtMs: i }))
    const queue = queueOf([...texts, text({ name: 'urgent', tokens: 5, priority: 0, arrivedAtMs: 600 })])
    expect(names(queue.next(600, 1, LIMITS).batch)).toContain('urgent')
  })

  it('lets a low priority wait for a bounded time only', () => {
    const old = text({ name: 'old', priority: 3, arrivedAtMs: 0 })
    const newcomers = Array.from({ length: 500 }, () =>
      text({ tokens: 300, priority: 0, arrivedAtMs: 15_001 }),
    )
    expect(names(queueOf([old, ...newcomers]).next(15_001, 1, LIMITS).batch)).toContain('old')
  })

  it('draws the companions from the window only', () => {
    const long = Array.from({ length: LEAST_WINDOW_ITEMS }, (_, i) =>
      text({ tokens: 200 - i, arrivedAtMs: i }),
    )
    const outside = text({ name: 'outside', tokens: 200, arrivedAtMs: 1_000 })
    expect(names(queueOf([outside, ...long]).next(1_000, 1, LIMITS).batch)).not.toContain('outside')
  })

  it('draws them from a larger window where texts are short', () => {
    const far = text({ name: 'far', tokens: 9, arrivedAtMs: 1_000 })
    const others = Array.from({ length: 150 }, (_, i) => text({ tokens: i === 0 ? 9 : 4, arrivedAtMs: i }))
    expect(names(queueOf([far, ...others]).next(1_000, 1, LIMITS).batch)).toContain('far')
  })
})

describe('tenants', () => {
  const crowd = (count: number, fields: Partial<Text>): Text[] =>
    Array.from({ length: count }, () => text(fields))

  it('share the tokens, whoever came first and with however many texts', () => {
    const queue = queueOf([
      ...crowd(500, { name: 'many', tenant: 'a', tokens: 30 }),
      ...crowd(100, { name: 'few', tenant: 'b', tokens: 30, arrivedAtMs: 1 }),
    ])
    const served = Array.from({ length: 10 }, () => queue.next(2, 1, LIMITS).batch).flat()
    const few = served.filter(({ name }) => name === 'few').length
    expect(Math.abs(few - served.length / 2)).toBeLessThanOrEqual(17)
  })

  it('share them by weight', () => {
    const queue = new BatchQueue<Text>((tenant) => (tenant === 'a' ? 3 : 1))
    for (const tenant of ['a', 'b'])
      for (const each of crowd(200, { name: tenant, tenant, tokens: 30 })) queue.add(each)
    const served = Array.from({ length: 8 }, () => queue.next(1, 1, LIMITS).batch).flat()
    const ofA = served.filter(({ name }) => name === 'a').length
    expect(ofA / served.length).toBeGreaterThan(0.65)
    expect(ofA / served.length).toBeLessThan(0.85)
  })

  it('pay by tokens, not by texts', () => {
    const queue = queueOf([
      ...crowd(100, { name: 'long', tenant: 'a', tokens: 200 }),
      ...crowd(400, { name: 'short', tenant: 'b', tokens: 10, arrivedAtMs: 1 }),
    ])
    const served = Array.from({ length: 20 }, () => queue.next(2, 1, LIMITS).batch).flat()
    const tokensOf = (wanted: string): number =>
      served.filter(({ name }) => name === wanted).reduce((sum, { tokens }) => sum + tokens, 0)
    expect(tokensOf('long') / tokensOf('short')).toBeGreaterThan(0.5)
    expect(tokensOf('long') / tokensOf('short')).toBeLessThan(2)
  })
})

describe('texts that are not run', () => {
  it('are dropped when their deadline has passed', () => {
    const queue = queueOf([
      text({ name: 'late', deadlineAtMs: 10 }),
      text({ name: 'in time', deadlineAtMs: 11 }),
    ])
    const { batch, expired } = queue.next(10, 1, LIMITS)
    expect(names(expired)).toEqual(['late'])
    expect(names(batch)).toEqual(['in time'])
  })

  it('are gone once withdrawn', () => {
    const leaver = text({ name: 'leaver' })
    const queue = queueOf([leaver, text({ name: 'stayer', arrivedAtMs: 1 })])
    expect(queue.withdraw(leaver)).toBe(true)
    expect(queue.withdraw(leaver)).toBe(false)
    expect(drain(queue).map(names)).toEqual([['stayer']])
  })
})

describe('whatever waits', () => {
  it('is run or expired exactly once, within the limits, the most urgent always in the next batch', () => {
    fc.assert(
      fc.property(
        anyTexts,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 30_000 }),
        fc.constantFrom(1, 3, Infinity),
        (fields, freeRuns, nowMs, maxItems) => {
          const texts = fields.map((fields) => text(fields))
          const queue = queueOf(texts)
          const seen = new Set<Text>()
          while (queue.size > 0) {
            const alive = texts.filter((text) => !seen.has(text) && text.deadlineAtMs > nowMs)
            const first = [...alive].sort((a, b) => urgencyMs(a) - urgencyMs(b))[0]
            const { batch, expired } = queue.next(nowMs, freeRuns, {
              ...LIMITS,
              maxItems,
            })
            if (batch.length > 0 && first !== undefined) {
              expect(Math.min(...batch.map(urgencyMs))).toBe(urgencyMs(first))
            }
            const longest = Math.max(0, ...batch.map((text) => text.tokens))
            if (batch.length > 1) expect(longest * batch.length).toBeLessThanOrEqual(512)
            expect(batch.length).toBeLessThanOrEqual(Math.min(maxItems, MOST_WINDOW_ITEMS))
            for (const text of expired) expect(text.deadlineAtMs).toBeLessThanOrEqual(nowMs)
            for (const text of batch) expect(text.deadlineAtMs).toBeGreaterThan(nowMs)
            for (const text of [...batch, ...expired]) {
              expect(seen.has(text)).toBe(false)
              seen.add(text)
            }
          }
          expect(seen.size).toBe(texts.length)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('pads little: a stretch of neighbours, never a text between two of its length left out', () => {
    fc.assert(
      fc.property(fc.array(anyText, { minLength: 1, maxLength: LEAST_WINDOW_ITEMS }), (fields) => {
        const texts = fields.map((fields) => text({ ...fields, deadlineAtMs: Infinity }))
        const { batch } = queueOf(texts).next(0, 1, LIMITS)
        const lengths = batch.map((text) => text.tokens)
        const between = texts.filter(
          (text) =>
            !batch.includes(text) && text.tokens > Math.min(...lengths) && text.tokens < Math.max(...lengths),
        )
        expect(between).toEqual([])
      }),
    )
  })
})
