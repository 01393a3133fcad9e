import type { Clock } from '../kernel/clock.ts'

const SHOWN_EVERY_MS = 200
const CLEAR_LINE = '\r\u001b[2K'

/** One line on a terminal that tells how far a job came, how fast it goes and how long it will take. */
export class Progress {
  readonly #write: ((text: string) => void) | undefined
  readonly #clock: Clock
  readonly #beganMs: number
  readonly #totalBytes: number | undefined
  #shownMs = -Infinity

  /** `terminal`: where it is shown; what is no terminal gets nothing. `totalBytes`: absent where nobody knows. */
  constructor(terminal: NodeJS.WriteStream, clock: Clock, totalBytes?: number) {
    this.#write = terminal.isTTY ? (text) => void terminal.write(text) : undefined
    this.#clock = clock
    this.#beganMs = clock.nowMs()
    this.#totalBytes = totalBytes
  }

  update(texts: number, readBytes: number): void {
    const nowMs = this.#clock.nowMs()
    if (this.#write === undefined || nowMs - this.#shownMs < SHOWN_EVERY_MS) return
    this.#shownMs = nowMs
    const elapsedMs = nowMs - this.#beganMs
    this.#write(`${CLEAR_LINE}${describeProgress(texts, elapsedMs, readBytes, this.#totalBytes)}`)
  }

  clear(): void {
    this.#write?.(CLEAR_LINE)
  }
}

/** `1,200 texts, 310/s, 0:42 left` */
export function describeProgress(
  texts: number,
  elapsedMs: number,
  readBytes: number,
  totalBytes?: number,
): string {
  const parts = [`${texts.toLocaleString('en')} texts`]
  if (elapsedMs > 0) parts.push(`${Math.round((texts / elapsedMs) * 1000).toLocaleString('en')}/s`)
  if (totalBytes !== undefined && readBytes > 0) {
    const leftSeconds = Math.round((elapsedMs * (totalBytes - readBytes)) / readBytes / 1000)
    const seconds = String(leftSeconds % 60).padStart(2, '0')
    parts.push(`${Math.floor(leftSeconds / 60)}:${seconds} left`)
  }
  return parts.join(', ')
}
