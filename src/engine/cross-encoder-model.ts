import { readCrossEncoderConfig, scoreOutput, type CrossEncoderConfig } from './cross-encoder-config.ts'
import { EncoderModel, loadEncoderModel, type LoadOptions } from './encoder-model.ts'
import { ModelFolder } from './model-folder.ts'
import type { OpenGraph } from './open-graphs.ts'
import { PairTokenizer, type EncodedPair, type EncodedQuery } from './pair-tokenizer.ts'

/** A model that reads a query and a document together and gives one number, its logit, for the pair. Loaded. */
export class CrossEncoderModel extends EncoderModel {
  readonly config: CrossEncoderConfig
  readonly #tokenizer: PairTokenizer

  private constructor(graph: OpenGraph, config: CrossEncoderConfig, tokenizer: PairTokenizer) {
    super(graph, scoreOutput(graph.session.outputs), 1)
    this.config = config
    this.#tokenizer = tokenizer
  }

  /** @throws ModelLoadError naming the file that is missing, damaged or foreign; the signal's reason when aborted. */
  static async load(options: LoadOptions): Promise<CrossEncoderModel> {
    const folder = new ModelFolder(options.folder)
    const config = readCrossEncoderConfig(folder)
    return loadEncoderModel(
      folder,
      options,
      () => new PairTokenizer(folder, config),
      (graph, tokenizer) => new CrossEncoderModel(graph, config, tokenizer),
    )
  }

  /** @throws InputTooLongError naming `query` when it leaves no room for a document. */
  encodeQuery(query: string): EncodedQuery {
    return this.#tokenizer.encodeQuery(query)
  }

  /** @param maxDocumentTokens Special tokens are not counted; `Infinity` for no limit but the model's. */
  encodePair(query: EncodedQuery, document: string, maxDocumentTokens: number): EncodedPair {
    return this.#tokenizer.encodePair(query, document, maxDocumentTokens)
  }
}
