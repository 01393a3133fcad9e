import type { LoadOptions } from '../load-options.ts'
import { isBatchInvariant } from '../graph-facts.ts'
import { ModelFolder } from '../model-folder.ts'
import { openGraphs, releaseWhenOpen, type OpenGraph } from '../open-graphs.ts'
import type { RunCancellation } from '../run-cancellation.ts'
import type { Engine, RunItem } from '../run-item.ts'
import type { Session } from '../session.ts'
import { readGenerationConfig, type GenerationConfig } from './generation-config.ts'
import { graphPair } from './graph-pair.ts'
import { GreedyDecoder } from './greedy-decoder.ts'
import { SentenceTokenizer } from './sentence-tokenizer.ts'
import type { RowSink, TargetRow } from './target-rows.ts'

/** How far the load is when a part of it has ended. The parts go on at the same time. */
const PROGRESS = { tokenizer: 0.1, checked: 0.8, sessions: 1 }

/** An encoder-decoder model, loaded. Its owner calls `release()` when the last run has ended. */
export class TranslationModel implements Engine<TargetRow> {
  readonly config: GenerationConfig
  readonly tokenizer: SentenceTokenizer
  /** False for graphs that must run one text at a time, unpadded. */
  readonly isBatchInvariant: boolean
  readonly givesRowsEarly = true
  readonly #sessions: readonly Session[]
  readonly #decoder: GreedyDecoder
  readonly #weightBytes: number
  readonly #allocatedAtLoadBytes: number

  private constructor(config: GenerationConfig, tokenizer: SentenceTokenizer, graphs: readonly OpenGraph[]) {
    this.config = config
    this.tokenizer = tokenizer
    this.isBatchInvariant = graphs.every(({ facts }) => isBatchInvariant(facts))
    this.#sessions = graphs.map(({ session }) => session)
    const [encoder, decoder] = this.#sessions as [Session, Session]
    this.#decoder = new GreedyDecoder(encoder, decoder, config)
    this.#weightBytes = graphs.reduce((sum, { facts }) => sum + facts.totalBytes, 0)
    this.#allocatedAtLoadBytes = allocatedBytes(this.#sessions)
  }

  /**
   * @param options The graph is that of the encoder; the decoder of the same quantisation goes with it.
   * @throws ModelLoadError naming the file that is missing, damaged or foreign; the signal's reason when aborted.
   */
  static async load(options: LoadOptions): Promise<TranslationModel> {
    const folder = new ModelFolder(options.folder)
    const { encoder, decoder } = graphPair(folder, options.graphFile)
    const config = readGenerationConfig(folder)
    const onProgress = (fraction: number): void => options.onProgress(fraction * PROGRESS.checked)
    const opening = openGraphs(folder, [encoder, decoder], { ...options, onProgress })
    try {
      // Other threads make the sessions meanwhile.
      const tokenizer = new SentenceTokenizer(folder, config)
      options.onProgress(PROGRESS.tokenizer)
      const graphs = await opening
      options.signal.throwIfAborted()
      options.onProgress(PROGRESS.sessions)
      return new TranslationModel(config, tokenizer, graphs)
    } catch (error) {
      await releaseWhenOpen(opening)
      throw error
    }
  }

  /** Native memory: the weights count as their files, and what runs take is what the allocators have grown by. */
  get nativeBytes(): number {
    return this.#weightBytes + allocatedBytes(this.#sessions) - this.#allocatedAtLoadBytes
  }

  /** @param isWanted False as soon as nobody waits for an item any more. */
  run(
    items: readonly RunItem[],
    cancellation: RunCancellation,
    sink: RowSink,
    isWanted: (index: number) => boolean = () => true,
  ): Promise<void> {
    return this.#decoder.run(items, cancellation, sink, isWanted)
  }

  release(): void {
    for (const session of this.#sessions) session.release()
  }
}

function allocatedBytes(sessions: readonly Session[]): number {
  return sessions.reduce((sum, session) => sum + session.allocatedBytes, 0)
}
