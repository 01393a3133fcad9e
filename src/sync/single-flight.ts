import { LockContext } from './lock-context.ts'
import { refuse, type LockOptions, type LockStats, type WaitOptions } from './options.ts'
import { WaitLine } from './wait-line.ts'

type Outcome<V> = { ok: true; value: V } | { ok: false; error: unknown }

/** One run of the work, and those who wait for it. */
class Flight<V> {
  readonly abort = new AbortController()
  readonly line: WaitLine<Flight<V>>
  outcome: Outcome<V> | undefined

  constructor(context: LockContext, key: unknown, onLeave: (flight: Flight<V>) => void) {
    this.line = new WaitLine(context, (cause) => cause === 'abort' && onLeave(this), key)
  }
}

/**
 * Work that several ask for at the same time is done once, for all of them. Nothing is kept: whoever asks after it has
 * ended, well or not, starts it anew.
 *
 * The work belongs to those who wait for it. One that leaves does not hurt the others. When the last one aborts, the
 * signal that the work was given aborts, and the next caller starts afresh; when the last one times out, the work goes
 * on, so that slow work gets done at all.
 *
 * ```ts
 * const loads = new SingleFlight<string, Config>({ name: 'configurations' })
 * const config = await loads.run(path, (signal) => readConfig(path, signal), { timeoutMs: 2_000 })
 * ```
 */
export class SingleFlight<K, V> {
  readonly #context: LockContext
  readonly #flights = new Map<K, Flight<V>>()

  constructor(options: LockOptions = {}) {
    this.#context = new LockContext(
      'single flight',
      options,
      'The work goes on; wait with a longer timeoutMs.',
    )
  }

  /** How many keys have work going on that can be joined. */
  get running(): number {
    return this.#flights.size
  }

  get waiting(): number {
    return this.#context.waiting
  }

  stats(): LockStats {
    return this.#context.stats(this.#flights.size)
  }

  isRunning(key: K): boolean {
    return this.#flights.has(key)
  }

  /**
   * Joins the work that is going on for `key`, or starts `work`. Callers are answered in the order in which they came, with
   * the same value or the same error. Rejects with `LockTimeoutError` or the signal's reason for this caller alone.
   */
  async run(key: K, work: (signal: AbortSignal) => V | Promise<V>, options?: WaitOptions): Promise<V> {
    const refusal = refuse(options)
    if (refusal !== undefined) return refusal
    let flight = this.#flights.get(key)
    const isNew = flight === undefined
    if (flight === undefined) {
      flight = new Flight(this.#context, key, (left) => this.#leave(key, left))
      this.#flights.set(key, flight)
    }
    const landed = flight.line.wait(flight, options)
    if (isNew) void this.#fly(key, flight, work)
    await landed
    const outcome = flight.outcome as Outcome<V>
    if (outcome.ok) return outcome.value
    throw outcome.error
  }

  /** Never rejects: the outcome is for those who wait, if there are any left. */
  async #fly(key: K, flight: Flight<V>, work: (signal: AbortSignal) => V | Promise<V>): Promise<void> {
    try {
      flight.outcome = { ok: true, value: await work(flight.abort.signal) }
    } catch (error) {
      flight.outcome = { ok: false, error }
    }
    this.#forget(key, flight)
    while (flight.line.serve() !== undefined);
  }

  #leave(key: K, flight: Flight<V>): void {
    if (flight.line.size > 0) return
    this.#forget(key, flight)
    flight.abort.abort(new Error('Nobody waits for this work any more.'))
  }

  /** By identity: after an abort the key may belong to a later flight. */
  #forget(key: K, flight: Flight<V>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
  }
}
