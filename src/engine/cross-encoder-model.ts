import { readCrossEncoderConfig, scoreOutput, type CrossEncoderConfig } from './cross-encoder-config.ts'
import type { EncoderLoad } from './encoder-load.ts'
import { EncoderModel } from './encoder-model.ts'
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
  static load(load: EncoderLoad): Promise<CrossEncoderModel> {
    const readTokenizer = () => {
      const config = readCrossEncoderConfig(load.folder)
      return { config, tokenizer: new PairTokenizer(load.folder, config) }
    }
    return load.finish(
      readTokenizer,
      (graph, { config, tokenizer }) => new CrossEncoderModel(graph, config, tokenizer),
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
