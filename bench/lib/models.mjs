import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The model that comes with the library. */
export const INT8 = {
  source: join(import.meta.dirname, '..', '..', 'models', 'all-MiniLM-L6-v2'),
  dtype: 'int8',
}

/** A translator that comes with the library, English to Hindi. */
export const TRANSLATOR = {
  source: join(import.meta.dirname, '..', '..', 'models', 'translate-en-hi-tiny'),
  dtype: 'q8',
}

/** A cross-encoder in int8, which is too large to come along; or why it cannot be had. */
export function rerankModel() {
  const source = process.env.BENCH_RERANK_MODEL
  if (source === undefined) return { skip: 'BENCH_RERANK_MODEL names no folder with onnx/model_int8.onnx' }
  if (!existsSync(join(source, 'onnx', 'model_int8.onnx')))
    return { skip: `${source} has no onnx/model_int8.onnx` }
  return { source, dtype: 'int8' }
}

/** The same model with its original weights, which are too large to come along; or why it cannot be had. */
export function fp32Model() {
  const source = process.env.BENCH_FP32_MODEL
  if (source === undefined) return { skip: 'BENCH_FP32_MODEL names no folder with onnx/model.onnx' }
  if (!existsSync(join(source, 'onnx', 'model.onnx'))) return { skip: `${source} has no onnx/model.onnx` }
  return { source, dtype: 'fp32' }
}
