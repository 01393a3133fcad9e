import { onAbort } from '../kernel/abort.ts'
import type { Clock } from '../kernel/clock.ts'

export interface ElapseOptions {
  signal?: AbortSignal | undefined
  /** How long the work goes on after an abort; with `Infinity` it comes to its own end. @default 0 */
  abortMs?: number
  /** Ends the work at once, whatever `abortMs` says. */
  kill?: AbortSignal | undefined
}

/**
 * Work that takes `durationMs` and does nothing: resolves when it is done, rejects with the signal's reason when an abort
 * ended it first. Work of no duration sets no timer; work of infinite duration ends by an abort or never.
 */
export function elapse(clock: Clock, durationMs: number, options: ElapseOptions = {}): Promise<void> {
  const { signal, abortMs = 0, kill } = options
  return new Promise((resolve, reject) => {
    const owned: Disposable[] = []
    const after = (delayMs: number, settle: () => void): void => {
      if (delayMs === 0) end(settle)
      else if (delayMs !== Infinity) owned.push(clock.callAt(clock.nowMs() + delayMs, () => end(settle)))
    }
    const end = (settle: () => void): void => {
      for (const it of owned.splice(0)) it[Symbol.dispose]()
      settle()
    }
    const stop = (reason: unknown): void => after(abortMs, () => reject(reason))
    if (signal?.aborted) stop(signal.reason)
    else owned.push(onAbort(signal, stop))
    owned.push(onAbort(kill, (reason) => end(() => reject(reason))))
    after(durationMs, resolve)
  })
}
