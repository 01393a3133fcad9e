/**
 * Time, as everything above the kernel sees it. No other file reads a clock or starts a timer, so that a test can own
 * the time (`leasehold/testing` has a clock that moves only when told to).
 */
export interface Clock {
  /** Milliseconds on a clock that never runs backwards. The origin means nothing. */
  nowMs(): number
  /** Milliseconds since 1970, for people and wire formats only. */
  wallMs(): number
  /** Calls `callback` once, at `atMs` on the clock of `nowMs` or as soon as possible after it. */
  callAt(atMs: number, callback: () => void, options?: TimerOptions): Timer
}

export interface TimerOptions {
  /** A background timer does not keep the process alive. @default false */
  background?: boolean
}

/** A call that is still to come. Disposing it twice, or after the call, has no effect. */
export interface Timer extends Disposable {
  cancel(): void
  /** Whether it may be left behind by a process that has nothing else to do. */
  setBackground(isBackground: boolean): void
}

/** setTimeout takes 32 bits; a longer wait is made of several. */
const LONGEST_WAIT_MS = 2 ** 31 - 1

class SystemTimer implements Timer {
  #handle: NodeJS.Timeout | undefined
  #isBackground: boolean

  constructor(atMs: number, callback: () => void, isBackground: boolean) {
    this.#isBackground = isBackground
    const arm = (): void => {
      const waitMs = atMs - performance.now()
      const isLong = waitMs > LONGEST_WAIT_MS
      // Rounding up: a timer that comes a fraction early would find its deadline still in the future.
      const delayMs = isLong ? LONGEST_WAIT_MS : Math.max(0, Math.ceil(waitMs))
      this.#handle = setTimeout(() => {
        this.#handle = undefined
        if (performance.now() < atMs) arm()
        else callback()
      }, delayMs)
      if (this.#isBackground) this.#handle.unref()
    }
    arm()
  }

  cancel(): void {
    clearTimeout(this.#handle)
    this.#handle = undefined
  }

  setBackground(isBackground: boolean): void {
    this.#isBackground = isBackground
    if (isBackground) this.#handle?.unref()
    else this.#handle?.ref()
  }

  [Symbol.dispose](): void {
    this.cancel()
  }
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  callAt: (atMs, callback, options) => new SystemTimer(atMs, callback, options?.background ?? false),
}

/** Resolves after `delayMs`; rejects with the signal's reason as soon as it aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error)
    const onAbort = (): void => {
      timer.cancel()
      reject(signal?.reason as Error)
    }
    const timer = clock.callAt(clock.nowMs() + delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
