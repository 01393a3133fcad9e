/** More than thirty thousand years; beyond it, numbers of milliseconds are no dates, and some store would not take them. */
const LONGEST_MS = 1e15

/** Throws `RangeError` for what is no number of milliseconds. */
export function checkDuration(name: string, valueMs: unknown, leastMs = 0): void {
  if (typeof valueMs === 'number' && valueMs >= leastMs && (valueMs <= LONGEST_MS || valueMs === Infinity))
    return
  throw new RangeError(
    `${name} must be a number of milliseconds, ${leastMs} or more, up to ${LONGEST_MS} or Infinity, got ${String(valueMs)}`,
  )
}

/** Throws `RangeError` before anything is done: half of the stores would take NaN for ever, and half for no time at all. */
export function checkWriteOptions(
  options: { readonly ttlMs?: number | undefined; readonly timeoutMs?: number | undefined } | undefined,
): void {
  if (options === undefined) return
  if (options.ttlMs !== undefined) checkDuration('ttlMs', options.ttlMs)
  if (options.timeoutMs !== undefined) checkDuration('timeoutMs', options.timeoutMs)
}
