import { readEmbeddingConfig, type EmbeddingConfig } from './embedding-config.ts'
import { embeddingOutput, embeddingSize } from './embedding-output.ts'
import type { EncoderLoad } from './encoder-load.ts'
import { EncoderModel } from './encoder-model.ts'
import type { OpenGraph } from './open-graphs.ts'
import { TextTokenizer, type EncodedText, type EncodeOptions } from './text-tokenizer.ts'

/** A text-embedding model, loaded. */
export class EmbeddingModel extends EncoderModel {
  readonly config: EmbeddingConfig
  readonly dimensions: number
  readonly #tokenizer: TextTokenizer

  private constructor(graph: OpenGraph, config: EmbeddingConfig, tokenizer: TextTokenizer) {
    const output = embeddingOutput(graph.session.outputs)
    const dimensions = embeddingSize(output, config)
    super(graph, output, dimensions)
    this.config = config
    this.dimensions = dimensions
    this.#tokenizer = tokenizer
  }

  /** @throws ModelLoadError naming the file that is missing, damaged or foreign; the signal's reason when aborted. */
  static load(load: EncoderLoad): Promise<EmbeddingModel> {
    const readTokenizer = () => {
      const config = readEmbeddingConfig(load.folder)
      return { config, tokenizer: new TextTokenizer(load.folder, config) }
    }
    return load.finish(
      readTokenizer,
      (graph, { config, tokenizer }) => new EmbeddingModel(graph, config, tokenizer),
    )
  }

  encode(input: string | readonly number[], index: number, options: EncodeOptions): EncodedText {
    return this.#tokenizer.encode(input, index, options)
  }

  /** Pieces of a text that is longer than the model's limit. See `TextTokenizer.encodeChunks`. */
  encodeChunks(
    input: string | readonly number[],
    index: number,
    inputType: EncodeOptions['inputType'],
  ): Generator<Int32Array | undefined> {
    return this.#tokenizer.encodeChunks(input, index, inputType)
  }
}
