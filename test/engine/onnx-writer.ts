/** Writes the wire format of Protocol Buffers, enough to make small ONNX files for tests. */
export type Field = readonly [number: number, value: string | number | Uint8Array | readonly Field[]]

export function message(...fields: Field[]): Uint8Array {
  return Buffer.concat(fields.map(encodeField))
}

function encodeField([number, value]: Field): Uint8Array {
  if (typeof value === 'number') return Buffer.concat([varint(number * 8), varint(value)])
  const bytes =
    typeof value === 'string' ? Buffer.from(value) : value instanceof Uint8Array ? value : message(...value)
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes])
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128)
  return Uint8Array.from([...bytes, value])
}

export const node = (operator: string, ...more: Field[]): Field => [1, [[4, operator], ...more]]
export const weights = (bytes: number): Field => [5, [[9, new Uint8Array(bytes)]]]
export const externalWeights = (entries: Record<string, string>): Field => [
  5,
  Object.entries(entries).map(([key, value]): Field => [
    13,
    [
      [1, key],
      [2, value],
    ],
  ]),
]
/** ModelProto with a graph of these nodes and initializers. */
export const model = (...graph: Field[]): Uint8Array => message([1, 8], [7, graph])
