/*
 * Writes float32 values as JSON numbers that read back as exactly the same float32.
 *
 * `JSON.stringify` prints the double behind a float32 with up to 17 digits. Here a value between 2⁻¹⁵ and 1, which is
 * nearly every component of a unit vector, is rounded to 9 or 12 decimals: an error of less than half the distance to
 * the next float32, so that nothing is lost.
 */

/** No value takes more, its comma counted: `-1.1754943508222875e-38,`. */
const LONGEST_FLOAT_BYTES = 25

const ZERO = 0x30
const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e

/** Below it, 9 decimals are coarser than float32. */
const LEAST_FOR_9_DECIMALS = 2 ** -6
/** Below it, 12 are. */
const LEAST_FOR_12_DECIMALS = 2 ** -15

/** The digits of 000 to 999: three are looked up at a time. */
const THREE_DIGITS = Uint8Array.from(
  { length: 3000 },
  (_, at) => ZERO + (Math.trunc(at / 3 / 10 ** (2 - (at % 3))) % 10),
)

/** One for all: it is used up before the next call begins. */
let scratch = Buffer.allocUnsafe(1024 * LONGEST_FLOAT_BYTES)

/** `[0.5,-0.25]`. All values are finite: JSON has no others. */
export function floatsToJson(values: Float32Array): string {
  if (scratch.length < values.length * LONGEST_FLOAT_BYTES) {
    scratch = Buffer.allocUnsafe(values.length * LONGEST_FLOAT_BYTES)
  }
  let at = 0
  for (const value of values) {
    at = writeFloat(scratch, at, value)
    scratch[at++] = COMMA
  }
  return `[${scratch.toString('latin1', 0, Math.max(0, at - 1))}]`
}

/** Little-endian, as every machine that ONNX Runtime runs on keeps its floats. */
export function floatsToBase64(values: Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
}

/** Writes `value` at `offset` and answers with the offset behind it. */
function writeFloat(bytes: Uint8Array, offset: number, value: number): number {
  const size = Math.abs(value)
  if (!(size < 1 && size >= LEAST_FOR_12_DECIMALS)) return writeText(bytes, offset, String(value))
  let at = offset
  if (value < 0) bytes[at++] = MINUS
  bytes[at++] = ZERO
  bytes[at++] = POINT
  if (size >= LEAST_FOR_9_DECIMALS) return writeNineDigits(bytes, at, Math.round(size * 1e9))
  const digits = Math.round(size * 1e12)
  const high = Math.trunc(digits / 1e9)
  at = writeThreeDigits(bytes, at, high)
  return writeNineDigits(bytes, at, digits - high * 1e9)
}

function writeNineDigits(bytes: Uint8Array, offset: number, digits: number): number {
  const thousands = (digits / 1000) | 0
  const millions = (thousands / 1000) | 0
  writeThreeDigits(bytes, offset, millions)
  writeThreeDigits(bytes, offset + 3, thousands - millions * 1000)
  return writeThreeDigits(bytes, offset + 6, digits - thousands * 1000)
}

function writeThreeDigits(bytes: Uint8Array, offset: number, digits: number): number {
  const at = digits * 3
  bytes[offset] = THREE_DIGITS[at] as number
  bytes[offset + 1] = THREE_DIGITS[at + 1] as number
  bytes[offset + 2] = THREE_DIGITS[at + 2] as number
  return offset + 3
}

function writeText(bytes: Uint8Array, offset: number, text: string): number {
  for (let at = 0; at < text.length; at++) bytes[offset + at] = text.charCodeAt(at)
  return offset + text.length
}
