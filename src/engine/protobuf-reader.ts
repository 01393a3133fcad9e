import { readSync } from 'node:fs'

/** The file is not in the wire format of Protocol Buffers, or ends too early. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError'
}

/** What to do with the length-delimited fields of a message, by field number; the others are passed over. */
export type FieldHandlers = Readonly<Record<number, (reader: ProtobufReader, end: number) => void>>

/** Wire types (https://protobuf.dev/programming-guides/encoding/). */
const [VARINT, FIXED64, LENGTH_DELIMITED, FIXED32] = [0, 1, 2, 5]

/** Small: what matters lies in short fields between long ones that are never read. */
const WINDOW_BYTES = 16_384

/** Subgraphs in subgraphs: real models have two or three levels. */
const DEEPEST = 100

/**
 * Walks through the messages of a file without reading it whole: fields that nobody wants are jumped over, so that a
 * file of gigabytes of weights costs as much as one of kilobytes.
 */
export class ProtobufReader {
  readonly #file: number
  readonly #size: number
  readonly #window = Buffer.alloc(WINDOW_BYTES)
  #windowStart = 0
  #windowEnd = 0
  #position = 0
  #depth = 0

  /** @param file An open file descriptor; the caller closes it. */
  constructor(file: number, sizeBytes: number) {
    this.#file = file
    this.#size = sizeBytes
  }

  /** Reads the fields of a message that ends at `end`; without it, of the message that is the file. */
  message(handlers: FieldHandlers, end: number = this.#size): void {
    if (++this.#depth > DEEPEST) throw new ProtobufError(`Messages are nested more than ${DEEPEST} deep.`)
    while (this.#position < end) {
      const tag = this.#varint()
      const handler = handlers[Math.floor(tag / 8)]
      switch (tag % 8) {
        case VARINT:
          this.#varint()
          break
        case FIXED64:
          this.#jump(this.#position + 8)
          break
        case FIXED32:
          this.#jump(this.#position + 4)
          break
        case LENGTH_DELIMITED: {
          const length = this.#varint()
          const fieldEnd = this.#position + length
          if (fieldEnd > end)
            throw new ProtobufError(`A field of ${length} bytes goes beyond the end of the data.`)
          handler?.(this, fieldEnd)
          this.#jump(fieldEnd)
          break
        }
        default:
          throw new ProtobufError(`Byte ${this.#position} has a wire type that does not exist.`)
      }
    }
    if (this.#position !== end) throw new ProtobufError('A field goes beyond the end of its message.')
    this.#depth--
  }

  /** The text from here to `end`. */
  text(end: number): string {
    const bytes = Buffer.alloc(end - this.#position)
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.#byte()
    return bytes.toString('utf8')
  }

  #varint(): number {
    let value = 0
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = this.#byte()
      value += (byte % 128) * scale
      if (byte < 128) return value
    }
    throw new ProtobufError(`The number at byte ${this.#position} has more than ten bytes.`)
  }

  #byte(): number {
    if (this.#position < this.#windowStart || this.#position >= this.#windowEnd) this.#fill()
    return this.#window[this.#position++ - this.#windowStart] as number
  }

  #fill(): void {
    const bytes = readSync(this.#file, this.#window, 0, WINDOW_BYTES, this.#position)
    if (bytes === 0)
      throw new ProtobufError(`The file ends at byte ${this.#position}, in the middle of a field.`)
    this.#windowStart = this.#position
    this.#windowEnd = this.#position + bytes
  }

  #jump(position: number): void {
    if (position > this.#size)
      throw new ProtobufError(`The file ends at byte ${this.#size}, in the middle of a field.`)
    this.#position = position
  }
}
