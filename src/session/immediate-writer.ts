import type { SessionBackend } from './backend.ts'
import { Draft, NO_FIELDS } from './draft.ts'
import type { SessionLimits } from './limits.ts'
import type { SessionCounters } from './statistics.ts'
import { checkExists, type RunningDrafts, type Write, type Writer } from './write.ts'

/** Commits each write in the turn in which it is asked for: nothing can come in between. */
export class ImmediateWriter implements Writer {
  readonly #backend: SessionBackend<'sync'>
  readonly #limits: SessionLimits
  readonly #counters: SessionCounters
  readonly #running: RunningDrafts

  constructor(
    backend: SessionBackend<'sync'>,
    limits: SessionLimits,
    counters: SessionCounters,
    running: RunningDrafts,
  ) {
    this.#backend = backend
    this.#limits = limits
    this.#counters = counters
    this.#running = running
  }

  write<R, A>(id: string, write: Write<R, A>): A {
    const base = this.#backend.read(id)
    const before = base?.fields ?? NO_FIELDS
    checkExists(id, write, base)
    const draft = new Draft(id, before, this.#limits)
    const result = this.#running.runFirst(write, draft)
    this.#counters.lockAcquisitions++
    let version = base?.version ?? 0
    const isDestruction = write.isDestruction ?? false
    if (draft.isChanged || (base !== undefined && (write.isTouch || isDestruction))) {
      const { set, remove, fields } = draft
      const ttlMs = write.ttlMs
      // Everything since the read was in this turn, so that the record is still the one that was read.
      const committed = this.#backend.commit(id, {
        expect: 'any',
        set,
        remove,
        fields,
        ttlMs,
        destroy: isDestruction,
      })
      if (committed.outcome === 'done') version = committed.version
      this.#counters.writes++
    }
    return write.answer({ result, version, before, after: draft.fields })
  }
}
