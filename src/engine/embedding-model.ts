import { readEmbeddingConfig, type EmbeddingConfig } from './embedding-config.ts'
import { embeddingOutput, embeddingSize } from './embedding-output.ts'
import { Encoder, type EncoderOutput } from './encoder.ts'
import { isBatchInvariant, type GraphFacts } from './graph-facts.ts'
import { ModelFolder } from './model-folder.ts'
import { openGraphs, releaseWhenOpen, type OpenGraph } from './open-graphs.ts'
import type { OrtSession } from './ort-session.ts'
import type { RunCancellation } from './run-cancellation.ts'
import type { Engine, RunItem } from './run-item.ts'
import { TextTokenizer, type EncodedText, type EncodeOptions } from './text-tokenizer.ts'

export interface LoadOptions {
  readonly folder: string
  /** The graph, relative to the folder. */
  readonly graphFile: string
  readonly intraOpThreads: number
  /** One element; see `SessionOptions.address`. */
  readonly sessionAddresses: BigUint64Array
  readonly signal: AbortSignal
  /** 0 to 1. */
  onProgress(fraction: number): void
}

/** How far the load is when a part of it has ended. The parts go on at the same time. */
const PROGRESS = { tokenizer: 0.1, checked: 0.8, session: 1 }

/** A text-embedding model, loaded. Its owner calls `release()` when the last run has ended. */
export class EmbeddingModel implements Engine<EncoderOutput> {
  readonly config: EmbeddingConfig
  readonly dimensions: number
  /** False for graphs that must run one text at a time, unpadded. */
  readonly isBatchInvariant: boolean
  readonly givesRowsEarly = false
  readonly #tokenizer: TextTokenizer
  readonly #session: OrtSession
  readonly #encoder: Encoder
  readonly #weightBytes: number
  readonly #allocatedAtLoadBytes: number

  private constructor(
    config: EmbeddingConfig,
    facts: GraphFacts,
    tokenizer: TextTokenizer,
    session: OrtSession,
  ) {
    this.config = config
    this.isBatchInvariant = isBatchInvariant(facts)
    this.#tokenizer = tokenizer
    this.#session = session
    const output = embeddingOutput(session.outputs)
    this.dimensions = embeddingSize(output, config)
    this.#encoder = new Encoder(session, output, this.dimensions)
    this.#weightBytes = facts.totalBytes
    this.#allocatedAtLoadBytes = session.allocatedBytes
  }

  /** @throws ModelLoadError naming the file that is missing, damaged or foreign; the signal's reason when aborted. */
  static async load(options: LoadOptions): Promise<EmbeddingModel> {
    const folder = new ModelFolder(options.folder)
    const config = readEmbeddingConfig(folder)
    const opening = openGraphs(folder, [options.graphFile], {
      ...options,
      onProgress: (fraction) => options.onProgress(fraction * PROGRESS.checked),
    })
    try {
      // Other threads make the session meanwhile.
      const tokenizer = new TextTokenizer(folder, config)
      options.onProgress(PROGRESS.tokenizer)
      const [{ session, facts }] = (await opening) as [OpenGraph]
      options.signal.throwIfAborted()
      options.onProgress(PROGRESS.session)
      return new EmbeddingModel(config, facts, tokenizer, session)
    } catch (error) {
      await releaseWhenOpen(opening)
      throw error
    }
  }

  /**
   * Native memory: the weights count as their files (what the CPU wants in another order is repacked, and the original
   * given up), and what runs take is what the session's allocator has grown by since the load.
   */
  get nativeBytes(): number {
    return this.#weightBytes + this.#session.allocatedBytes - this.#allocatedAtLoadBytes
  }

  encode(input: string | readonly number[], index: number, options: EncodeOptions): EncodedText {
    return this.#tokenizer.encode(input, index, options)
  }

  /** Pieces of a text that is longer than the model's limit. See `TextTokenizer.encodeChunks`. */
  encodeChunks(
    input: string | readonly number[],
    index: number,
    inputType: EncodeOptions['inputType'],
  ): Generator<Int32Array> {
    return this.#tokenizer.encodeChunks(input, index, inputType)
  }

  run(
    items: readonly RunItem[],
    cancellation: RunCancellation,
    sink: (index: number, output: EncoderOutput) => void,
  ): Promise<void> {
    return this.#encoder.run(items, cancellation, sink)
  }

  release(): void {
    this.#session.release()
  }
}
