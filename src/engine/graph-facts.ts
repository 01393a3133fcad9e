import { closeSync, existsSync, openSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { ModelLoadError } from '../kernel/errors.ts'
import { ProtobufError, ProtobufReader, type FieldHandlers } from './protobuf-reader.ts'

/** What can be told about a graph without loading it. */
export interface GraphFacts {
  /** `op_type` of all nodes, those of subgraphs and functions included. */
  readonly operators: ReadonlySet<string>
  /** Size of the file, and of the files beside it that hold its weights. */
  readonly totalBytes: number
}

/** `location`, `offset` and `length` of weights that are in another file (`TensorProto.external_data`). */
type ExternalData = ReadonlyMap<string, string>

/**
 * These take one scale for a whole tensor of activations from its content, so that the vector of a text depends on its
 * neighbours in the batch: cosine 0.97 in the worst case between alone and in a batch.
 */
const QUANTISES_WHOLE_TENSORS = ['DynamicQuantizeLinear', 'DynamicQuantizeMatMul', 'DynamicQuantizeLSTM']

export function isBatchInvariant(facts: GraphFacts): boolean {
  return !QUANTISES_WHOLE_TENSORS.some((operator) => facts.operators.has(operator))
}

/**
 * Reads the structure of an ONNX file (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), and checks that the files
 * that it refers to are inside its folder and long enough.
 * @throws ModelLoadError naming the file.
 */
export function readGraphFacts(path: string): GraphFacts {
  const sizeBytes = statSync(path).size
  const operators = new Set<string>()
  const externalData: ExternalData[] = []
  const file = openSync(path, 'r')
  try {
    new ProtobufReader(file, sizeBytes).message(modelFields(operators, externalData))
  } catch (cause) {
    if (!(cause instanceof ProtobufError)) throw cause
    throw new ModelLoadError(`${path} is damaged or no ONNX file: ${cause.message}`, { cause })
  } finally {
    closeSync(file)
  }
  if (operators.size === 0) throw new ModelLoadError(`${path} is no ONNX file: it has no graph.`)
  const externalFiles = new Map(externalData.map((data) => checkExternalData(path, data)))
  const externalBytes = [...externalFiles.values()].reduce((sum, bytes) => sum + bytes, 0)
  return { operators, totalBytes: sizeBytes + externalBytes }
}

/** What is read of ModelProto, by the field numbers of onnx.proto. */
function modelFields(operators: Set<string>, externalData: ExternalData[]): FieldHandlers {
  const tensor = (reader: ProtobufReader, end: number): void => {
    const data = readExternalData(reader, end)
    if (data.size > 0) externalData.push(data)
  }
  const graph = (reader: ProtobufReader, end: number): void => reader.message({ 1: node, 5: tensor }, end)
  const attribute = (reader: ProtobufReader, end: number): void =>
    reader.message({ 5: tensor, 6: graph, 10: tensor, 11: graph }, end)
  const node = (reader: ProtobufReader, end: number): void =>
    reader.message({ 4: (reader, end) => operators.add(reader.text(end)), 5: attribute }, end)
  const localFunction = (reader: ProtobufReader, end: number): void => reader.message({ 7: node }, end)
  return { 7: graph, 25: localFunction }
}

function readExternalData(reader: ProtobufReader, end: number): ExternalData {
  const data = new Map<string, string>()
  const entry = (reader: ProtobufReader, end: number): void => {
    let [key, value] = ['', '']
    reader.message(
      { 1: (reader, end) => (key = reader.text(end)), 2: (reader, end) => (value = reader.text(end)) },
      end,
    )
    data.set(key, value)
  }
  reader.message({ 13: entry }, end)
  return data
}

/** Path and size of the file that external data is in. */
function checkExternalData(graphPath: string, data: ExternalData): [path: string, sizeBytes: number] {
  const location = data.get('location') ?? ''
  if (location === '' || isAbsolute(location) || location.split(/[/\\]/).includes('..')) {
    throw new ModelLoadError(`${graphPath} refers to weights outside its folder: "${location}".`)
  }
  const path = join(dirname(graphPath), location)
  if (!existsSync(path)) throw new ModelLoadError(`${path} is missing: ${graphPath} has weights in it.`)
  const neededBytes = Number(data.get('offset') ?? 0) + Number(data.get('length') ?? 0)
  const { size } = statSync(path)
  if (size >= neededBytes) return [path, size]
  throw new ModelLoadError(
    `${path} is cut short: ${graphPath} needs ${neededBytes} bytes of it, and it has ${size}.`,
  )
}
