/**
 * Cuts a text into stretches of about `length` characters, at white space where there is any: joined they are the text.
 * A character outside the basic plane is never cut in two.
 */
export function* stretches(text: string, length: number): Generator<string> {
  let start = 0
  while (text.length - start > length) {
    const end = cutPlace(text, start, start + length)
    yield text.slice(start, end)
    start = end
  }
  if (start < text.length) yield text.slice(start)
}

/** Behind the last white space in the second half of the stretch, else where the stretch is full. */
function cutPlace(text: string, start: number, end: number): number {
  for (let place = end; place > (start + end) / 2; place--) {
    if (/\s/.test(text[place - 1] as string)) return place
  }
  const isHighSurrogate = (text.charCodeAt(end - 1) & 0xfc00) === 0xd800
  return isHighSurrogate ? end - 1 : end
}

/** As few pieces of at most `room` as hold all ids, of nearly the same length: a last piece of two words would say little. */
export function* evenPieces(ids: readonly number[], room: number): Generator<readonly number[]> {
  const count = Math.ceil(ids.length / room)
  for (let i = 0; i < count; i++) {
    yield ids.slice(Math.floor((i * ids.length) / count), Math.floor(((i + 1) * ids.length) / count))
  }
}
