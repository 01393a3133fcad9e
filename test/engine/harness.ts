import { cpSync, existsSync, linkSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Tensor, type InferenceSession } from 'onnxruntime-node'
import type { Dtype } from '../../src/registry/model-key.ts'
import type { Embeddings, LoadRequest } from '../../src/registry/model.ts'
import type { Isolation } from '../../src/registry/isolation.ts'
import type { Host } from '../../src/worker/host.ts'
import { onnxFactory, type OnnxFactoryOptions } from '../../src/worker/onnx-factory.ts'
import type { OnnxModel } from '../../src/worker/onnx-model.ts'
import { startHost } from '../../src/worker/start-host.ts'

const ROOT = join(import.meta.dirname, '../..')
export const MODEL_FOLDER: string = join(ROOT, 'models/all-MiniLM-L6-v2')
/** Weights that are for tests only lie beside the repository; absent on most machines. */
export const SHARED_FOLDER: string = join(ROOT, '../shared/models/all-MiniLM-L6-v2')
export const hasFp32: boolean = existsSync(join(SHARED_FOLDER, 'onnx/model.onnx'))
export const NO_FP32 =
  'the fp32 weights are not on this machine (../shared/models/all-MiniLM-L6-v2/onnx/model.onnx)'

export const RERANK_FOLDER: string = join(ROOT, '../shared/models/rerank-docs-minilm')
export const hasRerank: boolean = existsSync(RERANK_FOLDER)
export const NO_RERANK = 'the reranking model is not on this machine (../shared/models/rerank-docs-minilm)'

export interface Reference {
  readonly text: string
  readonly input_ids: number[]
  readonly embedding: number[]
}

export const REFERENCE: readonly Reference[] = (
  JSON.parse(readFileSync(join(MODEL_FOLDER, 'reference.json'), 'utf8')) as { items: Reference[] }
).items

/** 8-bit products are exact with these instructions; older x86 CPUs saturate. */
export const hasVnni: boolean =
  existsSync('/proc/cpuinfo') && /\bavx(512)?_vnni\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))

export interface LoadOptions extends OnnxFactoryOptions {
  source?: string
  dtype?: Dtype
  isolation?: Isolation
  signal?: AbortSignal
  onProgress?: LoadRequest['onProgress']
}

export async function load(options: LoadOptions = {}): Promise<OnnxModel> {
  const {
    source = MODEL_FOLDER,
    dtype = 'int8',
    isolation,
    signal = new AbortController().signal,
    onProgress = () => {},
    ...factoryOptions
  } = options
  const key = { name: 'minilm', revision: '', dtype, device: 'cpu' } as const
  return (await onnxFactory(factoryOptions)({ key, source, isolation, signal, onProgress })) as OnnxModel
}

/** A model, with what it lives in at hand: to end it behind the model's back, as a crash would. */
export async function loadWithHost(options: LoadOptions = {}): Promise<{ model: OnnxModel; host: Host }> {
  let host: Host | undefined
  const model = await load({
    ...options,
    startHost: (isolation, hostOptions) => (host = startHost(isolation, hostOptions)),
  })
  return { model, host: host as Host }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn()
}

/** A copy of the model's folder that a test may damage; disposing it removes it. Weights are links where possible. */
export function copyOfModel(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'leasehold-model-'))
  cpSync(MODEL_FOLDER, path, { recursive: true, filter: (name) => !name.endsWith('.onnx') })
  try {
    linkSync(join(MODEL_FOLDER, 'onnx/model_int8.onnx'), join(path, 'onnx/model_int8.onnx'))
  } catch {
    cpSync(join(MODEL_FOLDER, 'onnx/model_int8.onnx'), join(path, 'onnx/model_int8.onnx'))
  }
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

export function rows({ values, dimensions }: Embeddings): Float32Array[] {
  const count = values.length / dimensions
  return Array.from({ length: count }, (_, row) => values.subarray(row * dimensions, (row + 1) * dimensions))
}

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, squaresA, squaresB] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    dot += (a[i] as number) * (b[i] as number)
    squaresA += (a[i] as number) ** 2
    squaresB += (b[i] as number) ** 2
  }
  return dot / Math.sqrt(squaresA * squaresB)
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

/** Sentences of many lengths, the same in every run. */
export function sentences(count: number, seed = 1): string[] {
  const words =
    'the a quick slow river bank model serves vectors of text under load while others wait for it'.split(' ')
  let state = seed
  const next = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state % below
  }
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + next(next(4) === 0 ? 120 : 25) }, () => words[next(words.length)]).join(' '),
  )
}

/** The states of the tokens of one text by `session.run` of onnxruntime-node, one after the other. */
export async function stockStates(session: InferenceSession, ids: readonly number[]): Promise<Float32Array> {
  const tensor = (value: (id: number) => number): Tensor =>
    new Tensor(
      'int64',
      BigInt64Array.from(ids, (id) => BigInt(value(id))),
      [1, ids.length],
    )
  const output = await session.run({
    input_ids: tensor((id) => id),
    attention_mask: tensor(() => 1),
    token_type_ids: tensor(() => 0),
  })
  return output['last_hidden_state']?.data as Float32Array
}
