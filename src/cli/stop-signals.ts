import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
export type StopSignal = (typeof SIGNALS)[number]

/**
 * Calls `onFirst` when the process is told to stop; a second signal ends it at once, with the code that shells use
 * (128 + number). Disposing the result gives the signals back.
 */
export function onStopSignal(onFirst: (signal: StopSignal) => void): Disposable {
  let isStopping = false
  const listen = (signal: StopSignal): void => {
    if (isStopping) process.exit(128 + constants.signals[signal])
    isStopping = true
    onFirst(signal)
  }
  for (const signal of SIGNALS) process.on(signal, listen)
  return {
    [Symbol.dispose]: () => {
      for (const signal of SIGNALS) process.off(signal, listen)
    },
  }
}
