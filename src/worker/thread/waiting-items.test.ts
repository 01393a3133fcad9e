import { describe, expect, it } from 'vitest'
import type { Job } from './job.ts'
import { WaitingItems } from './waiting-items.ts'

/** What of a job the items look at. */
function jobOf(fields: Partial<Job<number>> = {}): Job<number> {
  return { tenant: 't', priority: 1, arrivedAtMs: 0, deadlineAtMs: Infinity, ...fields } as Job<number>
}

const LIMITS = { maxPaddedTokens: 100, maxItems: 1, overheadTokens: 0 }
const item = (...ids: number[]): { ids: Int32Array } => ({ ids: Int32Array.from(ids) })

describe('an item that several want', () => {
  it('waits once for each tenant and priority, and no more when it has been taken', () => {
    const items = new WaitingItems<number>(() => 1)
    const jobs = [jobOf(), jobOf(), jobOf({ tenant: 'u' }), jobOf({ priority: 0 })]
    const shared = jobs.map((job) => items.want(item(1, 2), { job, item: 0 }))
    expect(new Set(shared).size).toBe(1)
    expect(items.size).toBe(3)
    expect(items.next(0, 1, LIMITS).batch).toEqual([shared[0]])
    expect(items.size).toBe(0)
  })

  it('leaves the places of those who left, the others stay', () => {
    const items = new WaitingItems<number>(() => 1)
    const [stayer, leaver] = [jobOf(), jobOf({ tenant: 'u' })]
    const shared = items.want(item(1), { job: stayer, item: 0 })
    items.want(item(1), { job: leaver, item: 0 })
    expect(items.leave(shared, leaver)).toBe(true)
    expect(items.size).toBe(1)
    expect(items.leave(shared, stayer)).toBe(false)
    expect(items.size).toBe(0)
    expect(items.want(item(1), { job: stayer, item: 0 })).not.toBe(shared)
  })

  it('expires in one place only while it waits in another', () => {
    const items = new WaitingItems<number>(() => 1)
    const hasty = jobOf({ tenant: 'u', priority: 0, deadlineAtMs: 5 })
    const shared = items.want(item(1), { job: hasty, item: 0 })
    items.want(item(1), { job: jobOf(), item: 0 })
    expect(items.next(5, 1, LIMITS)).toEqual({ batch: [shared], expired: [shared] })
  })

  it('is another one where the second text begins elsewhere, or another first token is to be written', () => {
    const items = new WaitingItems<number>(() => 1)
    const job = jobOf()
    const wanted = [item(1, 2), { ...item(1, 2), secondFrom: 1 }, { ...item(1, 2), firstToken: 4 }, item(258)]
    expect(new Set(wanted.map((each, index) => items.want(each, { job, item: index }))).size).toBe(4)
  })
})
