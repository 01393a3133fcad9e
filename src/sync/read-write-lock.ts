import { Hold, runHolding, toPromise, type Entry } from './hold.ts'
import { LockContext } from './lock-context.ts'
import { refuse, type LockOptions, type LockStats, type WaitOptions } from './options.ts'
import { WaitLine } from './wait-line.ts'

type Mode = 'read' | 'write'

class ModeHold extends Hold {
  readonly mode: Mode

  constructor(mode: Mode, giveBack: () => void) {
    super(giveBack)
    this.mode = mode
  }
}

/**
 * Many readers or one writer. All stand in one line, so a steady stream of readers does not keep a writer out: a reader
 * that comes after a writer waits for it, and readers that stand next to each other go in together.
 *
 * ```ts
 * const table = new ReadWriteLock({ name: 'table' })
 * await table.read(() => lookUp(key))
 * await table.write(() => rebuild(), { timeoutMs: 5_000 })
 * ```
 */
export class ReadWriteLock {
  readonly #context: LockContext
  readonly #line: WaitLine<ModeHold>
  readonly #endRead = (): void => {
    this.#readers--
    this.#admit()
  }
  readonly #endWrite = (): void => {
    this.#isWriting = false
    this.#admit()
  }
  #readers = 0
  #isWriting = false

  constructor(options: LockOptions = {}) {
    this.#context = new LockContext('read-write lock', options)
    // A writer that leaves may have been all that the readers behind it waited for.
    this.#line = new WaitLine(this.#context, () => this.#admit())
  }

  /** How many read at this moment. */
  get readers(): number {
    return this.#readers
  }

  get isWriting(): boolean {
    return this.#isWriting
  }

  get waiting(): number {
    return this.#context.waiting
  }

  stats(): LockStats {
    return this.#context.stats(this.#readers + (this.#isWriting ? 1 : 0))
  }

  /** A read hold if it can be had at once, undefined otherwise. Never passes by a writer that waits. */
  tryAcquireRead(): Hold | undefined {
    return this.#tryAcquire('read')
  }

  /** The write hold if it can be had at once, undefined otherwise. */
  tryAcquireWrite(): Hold | undefined {
    return this.#tryAcquire('write')
  }

  /** Rejects with `LockTimeoutError`, with the signal's reason, or with a `RangeError` for a timeout that is none. */
  acquireRead(options?: WaitOptions): Promise<Hold> {
    return toPromise(this.#enter('read', options))
  }

  /** Rejects as `acquireRead` does. */
  acquireWrite(options?: WaitOptions): Promise<Hold> {
    return toPromise(this.#enter('write', options))
  }

  /** Acquires for reading, calls, releases, whatever happens. */
  read<R>(fn: () => R | Promise<R>, options?: WaitOptions): Promise<R> {
    return runHolding(this.#enter('read', options), fn)
  }

  /** Acquires for writing, calls, releases, whatever happens. */
  write<R>(fn: () => R | Promise<R>, options?: WaitOptions): Promise<R> {
    return runHolding(this.#enter('write', options), fn)
  }

  #enter(mode: Mode, options: WaitOptions | undefined): Entry<Hold> {
    return refuse(options) ?? this.#tryAcquire(mode) ?? this.#line.wait(this.#newHold(mode), options)
  }

  #tryAcquire(mode: Mode): Hold | undefined {
    if (this.#line.size > 0 || !this.#isFreeFor(mode)) return undefined
    this.#context.acquired++
    this.#begin(mode)
    return this.#newHold(mode)
  }

  #admit(): void {
    for (let next = this.#line.first; next !== undefined; next = this.#line.first) {
      if (!this.#isFreeFor(next.mode)) return
      this.#begin(next.mode)
      this.#line.serve()
    }
  }

  #isFreeFor(mode: Mode): boolean {
    return !this.#isWriting && (mode === 'read' || this.#readers === 0)
  }

  #begin(mode: Mode): void {
    if (mode === 'read') this.#readers++
    else this.#isWriting = true
  }

  #newHold(mode: Mode): ModeHold {
    return new ModeHold(mode, mode === 'read' ? this.#endRead : this.#endWrite)
  }
}
