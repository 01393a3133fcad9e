import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DTYPES, type Dtype } from './model-key.ts'

/** Names of the hub for a graph in each quantisation, inside `onnx/` or beside the configuration. */
export const GRAPH_FILES: Readonly<Record<Dtype, string>> = {
  fp32: 'model.onnx',
  fp16: 'model_fp16.onnx',
  int8: 'model_int8.onnx',
  q8: 'model_quantized.onnx',
  q4: 'model_q4.onnx',
}

/** What is taken where nobody chose: the smallest that is as fast as any on a CPU, and the original after it. */
const PREFERENCE: readonly Dtype[] = ['int8', 'q8', 'fp32', 'fp16', 'q4']

/** What goes before the name of a translator's encoder, and of its decoder. */
const [ENCODER, DECODER] = ['encoder_', 'decoder_model_merged']

/** Path of the graph in this quantisation, of a translator its encoder, or undefined where the folder has none. */
export function graphPath(folder: string, dtype: Dtype): string | undefined {
  const files = [GRAPH_FILES[dtype], ENCODER + GRAPH_FILES[dtype]]
  return files
    .flatMap((file) => [join(folder, 'onnx', file), join(folder, file)])
    .find((path) => existsSync(path))
}

/** Whether the folder holds a translator: a graph that reads and another one that writes. */
export function hasEncoder(folder: string): boolean {
  return DTYPES.some((dtype) => isEncoder(graphPath(folder, dtype)))
}

function isEncoder(path: string | undefined): path is string {
  return path !== undefined && basename(path).startsWith(ENCODER)
}

export function dtypesIn(folder: string): Dtype[] {
  return DTYPES.filter((dtype) => graphPath(folder, dtype) !== undefined)
}

/** The folder's own choice: what its manifest names, else the best of what is there; `fp32` where nothing is. */
export function defaultDtype(folder: string): Dtype {
  const present = dtypesIn(folder)
  const named = manifestDefault(folder)
  if (named !== undefined && present.includes(named)) return named
  return PREFERENCE.find((dtype) => present.includes(dtype)) ?? 'fp32'
}

function manifestDefault(folder: string): Dtype | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as { dtype?: unknown }
    return DTYPES.find((dtype) => dtype === manifest.dtype)
  } catch {
    // No manifest, or not a readable one: what is wrong with it is said by the load, which checks it whole.
    return undefined
  }
}

/** Bytes of the graph, of a translator those of both; undefined where there is none. */
export function graphBytes(folder: string, dtype: Dtype): number | undefined {
  const path = graphPath(folder, dtype)
  if (path === undefined) return undefined
  const decoder = isEncoder(path) ? path.replace(`${ENCODER}model`, DECODER) : undefined
  return statSync(path).size + (decoder !== undefined && existsSync(decoder) ? statSync(decoder).size : 0)
}
