import { onAbort } from '../kernel/abort.ts'
import type { Clock, Timer } from '../kernel/clock.ts'

export interface ElapseOptions {
  signal?: AbortSignal | undefined
  /** How long the work goes on after an abort; with `Infinity` it comes to its own end. @default 0 */
  abortMs?: number
}

/**
 * Work that takes `durationMs` and does nothing: resolves when it is done, rejects with the signal's reason when an abort
 * ended it first. Work of no duration sets no timer; work of infinite duration ends by an abort or never.
 */
export function elapse(clock: Clock, durationMs: number, options: ElapseOptions = {}): Promise<void> {
  const { signal, abortMs = 0 } = options
  return new Promise((resolve, reject) => {
    const timers: Timer[] = []
    const after = (delayMs: number, settle: () => void): void => {
      if (delayMs === 0) end(settle)
      else if (delayMs !== Infinity) timers.push(clock.callAt(clock.nowMs() + delayMs, () => end(settle)))
    }
    const end = (settle: () => void): void => {
      for (const timer of timers) timer.cancel()
      listener?.[Symbol.dispose]()
      settle()
    }
    const stop = (reason: unknown): void => after(abortMs, () => reject(reason))
    let listener: Disposable | undefined
    if (signal?.aborted) stop(signal.reason)
    else listener = onAbort(signal, stop)
    after(durationMs, resolve)
  })
}
