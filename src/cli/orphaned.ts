import type { Clock } from '../kernel/clock.ts'

const LOOKED_AT_EVERY_MS = 250

/**
 * Calls `onOrphaned` when the process that started this one is gone. `npm start` needs it: npm passes SIGTERM to the shell
 * that it runs the script in, and that ends without passing it on, so that the command would run on and hold its port.
 */
export function onOrphaned(clock: Clock, onOrphaned: () => void): Disposable {
  const parent = process.ppid
  let timer = lookLater()
  function lookLater(): ReturnType<Clock['callAt']> {
    return clock.callAt(
      clock.nowMs() + LOOKED_AT_EVERY_MS,
      () => {
        if (process.ppid === parent) timer = lookLater()
        else onOrphaned()
      },
      { background: true },
    )
  }
  return { [Symbol.dispose]: () => timer.cancel() }
}

/** Whether npm runs this command as a script of a package. */
export const isNpmScript = (): boolean => process.env['npm_lifecycle_event'] !== undefined
