import type { Clock, Timer } from '../kernel/clock.ts'

/** How often the other side is asked for a sign of life. */
const EVERY_MS = 5_000
/** How many of these it may owe; one alone may have been stopped together with this process, and gone on with it. */
const MOST_OWED = 3

export interface HeartbeatOptions {
  readonly clock: Clock
  /** Asks for a sign of life. */
  readonly ask: () => void
  /** Whether anybody waits for the other side: nobody else minds that it is silent. */
  readonly isAwaited: () => boolean
  /** Whether it has told that it will not answer for a while. */
  readonly isExcused: () => boolean
  /** Called once, with what was waited for. */
  readonly onSilent: (error: Error) => void
}

/** Finds out that the other side hangs outside of any run: it neither begins a run nor answers when it is asked. */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  #timer: Timer | undefined
  #owed = 0

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  /** Somebody waits. Ends by itself when nobody does any more. */
  start(): void {
    this.#timer ??= this.#nextBeat()
  }

  /** Any message is a sign of life. */
  heard(): void {
    this.#owed = 0
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #nextBeat(): Timer {
    const { clock } = this.#options
    return clock.callAt(clock.nowMs() + EVERY_MS, () => this.#beat(), { background: true })
  }

  #beat(): void {
    const { ask, isAwaited, isExcused, onSilent } = this.#options
    this.#timer = undefined
    if (!isAwaited()) return this.heard()
    if (this.#owed === MOST_OWED) {
      return onSilent(new Error(`It gave no sign of life for ${(EVERY_MS * MOST_OWED) / 1000} s.`))
    }
    if (isExcused()) this.heard()
    else {
      this.#owed++
      ask()
    }
    this.#timer = this.#nextBeat()
  }
}
