import { Encoder, type EncoderOutput } from './encoder.ts'
import { isBatchInvariant } from './graph-facts.ts'
import type { ModelFolder } from './model-folder.ts'
import { openGraphs, releaseWhenOpen, type OpenGraph } from './open-graphs.ts'
import type { RunCancellation } from './run-cancellation.ts'
import type { Engine, RunItem } from './run-item.ts'
import type { OpenSession, Session } from './session.ts'
import type { ValueInfo } from './tensor.ts'

export interface LoadOptions {
  readonly folder: string
  /** The graph, relative to the folder. */
  readonly graphFile: string
  readonly openSession: OpenSession
  readonly signal: AbortSignal
  /** 0 to 1. */
  onProgress(fraction: number): void
}

/** How far the load is when a part of it has ended. The parts go on at the same time. */
const PROGRESS = { tokenizer: 0.1, checked: 0.8, session: 1 }

/** A model of one graph that reads whole texts, loaded. Its owner calls `release()` when the last run has ended. */
export abstract class EncoderModel implements Engine<EncoderOutput> {
  /** False for graphs that must run one item at a time, unpadded. */
  readonly isBatchInvariant: boolean
  readonly givesRowsEarly = false
  readonly #session: Session
  readonly #encoder: Encoder
  readonly #weightBytes: number
  readonly #allocatedAtLoadBytes: number

  /**
   * @param output The one that is wanted: `[items, size]` or `[items, tokens, size]`, float32.
   * @throws ModelLoadError when the graph is not that of a text encoder.
   */
  protected constructor({ session, facts }: OpenGraph, output: ValueInfo, size: number) {
    this.isBatchInvariant = isBatchInvariant(facts)
    this.#session = session
    this.#encoder = new Encoder(session, output, size)
    this.#weightBytes = facts.totalBytes
    this.#allocatedAtLoadBytes = session.allocatedBytes
  }

  /**
   * Native memory: the weights count as their files (what the CPU wants in another order is repacked, and the original
   * given up), and what runs take is what the session's allocator has grown by since the load.
   */
  get nativeBytes(): number {
    return this.#weightBytes + this.#session.allocatedBytes - this.#allocatedAtLoadBytes
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

/**
 * Opens the graph of a model and makes its tokenizer at the same time.
 * @param make Makes the model of both; when it throws, the graph is closed.
 * @throws ModelLoadError naming the file that is missing, damaged or foreign; the signal's reason when aborted.
 */
export async function loadEncoderModel<Tokenizer, Loaded extends EncoderModel>(
  folder: ModelFolder,
  options: LoadOptions,
  makeTokenizer: () => Tokenizer,
  make: (graph: OpenGraph, tokenizer: Tokenizer) => Loaded,
): Promise<Loaded> {
  const opening = openGraphs(folder, [options.graphFile], {
    ...options,
    onProgress: (fraction) => options.onProgress(fraction * PROGRESS.checked),
  })
  try {
    // Other threads make the session meanwhile.
    const tokenizer = makeTokenizer()
    options.onProgress(PROGRESS.tokenizer)
    const [graph] = (await opening) as [OpenGraph]
    options.signal.throwIfAborted()
    options.onProgress(PROGRESS.session)
    return make(graph, tokenizer)
  } catch (error) {
    await releaseWhenOpen(opening)
    throw error
  }
}
