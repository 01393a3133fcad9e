import type { SessionRecord } from './backend.ts'

const MAX_RECORDS = 1_024

/**
 * Records as they were when this process last wrote them: the base of the next write, which then needs no reading. Whether a
 * record is still the newest, the commit says.
 */
export class RecentRecords {
  readonly #byId = new Map<string, SessionRecord>()

  get(id: string): SessionRecord | undefined {
    return this.#byId.get(id)
  }

  set(id: string, record: SessionRecord | undefined): void {
    this.#byId.delete(id)
    if (record === undefined) return
    this.#byId.set(id, record)
    if (this.#byId.size <= MAX_RECORDS) return
    const [oldest] = this.#byId.keys()
    if (oldest !== undefined) this.#byId.delete(oldest)
  }

  delete(id: string): void {
    this.#byId.delete(id)
  }
}
