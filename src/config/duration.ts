const UNIT_MS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
const WHOLE = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g

/**
 * How long something is kept, as Ollama writes it: a number of seconds, or a Go duration such as `5m`, `1h30m` or
 * `250ms` (https://pkg.go.dev/time#ParseDuration). Anything negative means for ever.
 *
 * @returns milliseconds, `Infinity` for ever, or undefined where `value` is no duration
 */
export function parseDurationMs(value: number | string): number | undefined {
  const seconds = typeof value === 'number' ? value : Number(value.trim() || Number.NaN)
  if (Number.isFinite(seconds)) return seconds < 0 ? Infinity : seconds * 1000
  const text = String(value).trim()
  if (!WHOLE.test(text)) return undefined
  if (text.startsWith('-')) return Infinity
  let totalMs = 0
  for (const [, amount, unit] of text.matchAll(PART))
    totalMs += Number(amount) * (UNIT_MS[unit as string] as number)
  return totalMs
}
