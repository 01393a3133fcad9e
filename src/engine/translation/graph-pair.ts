import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ModelLoadError } from '../../kernel/errors.ts'
import type { ModelFolder } from '../model-folder.ts'

/** The graphs of a translation model in one quantisation, relative to its folder. */
export interface GraphPair {
  readonly encoder: string
  readonly decoder: string
}

const ENCODER = /(?<=^|\/)encoder_model(_\w+)?\.onnx$/

/** Whether a graph is the encoder of such a pair, by the name that optimum gives it. */
export function isPairEncoder(graphFile: string): boolean {
  return ENCODER.test(graphFile)
}

/**
 * The decoder that goes with an encoder: `onnx/encoder_model_quantized.onnx` and `onnx/decoder_model_merged_quantized.onnx`.
 * @throws ModelLoadError naming the file that is missing.
 */
export function graphPair(folder: ModelFolder, encoder: string): GraphPair {
  const decoder = encoder.replace(ENCODER, 'decoder_model_merged$1.onnx')
  if (existsSync(join(folder.path, decoder))) return { encoder, decoder }
  throw new ModelLoadError(
    `${join(folder.path, decoder)} is missing: a translation model has an encoder and a merged decoder ` +
      '(optimum exports one with the task text2text-generation-with-past).',
  )
}
