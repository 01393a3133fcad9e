import { join } from 'node:path'
import { onAbort } from '../kernel/abort.ts'
import { ModelLoadError } from '../kernel/errors.ts'
import { readEmbeddingConfig, type EmbeddingConfig } from './embedding-config.ts'
import { embeddingOutput, embeddingSize } from './embedding-output.ts'
import { Encoder, type EncoderOutput } from './encoder.ts'
import { isBatchInvariant, readGraphFacts, type GraphFacts } from './graph-facts.ts'
import { ModelFolder } from './model-folder.ts'
import { checkDigests, listedFiles, type ListedFile } from './model-manifest.ts'
import { OrtApi } from './ort-api.ts'
import { OrtSession } from './ort-session.ts'
import type { RunCancellation } from './run-cancellation.ts'
import type { Engine, RunItem } from './run-item.ts'
import { TextTokenizer, type EncodedText, type EncodeOptions } from './text-tokenizer.ts'

export interface LoadOptions {
  readonly folder: string
  /** The graph, relative to the folder. */
  readonly graphFile: string
  readonly intraOpThreads: number
  /** See `SessionOptions.address`. */
  readonly sessionAddress: BigUint64Array
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
    const files = listedFiles(folder, options.graphFile)
    const facts = readGraphFacts(join(folder.path, options.graphFile))
    options.signal.throwIfAborted()
    const opening = openChecked(folder, files, options)
    try {
      // Other threads make the session meanwhile.
      const tokenizer = new TextTokenizer(folder, config)
      options.onProgress(PROGRESS.tokenizer)
      const session = await opening
      options.signal.throwIfAborted()
      options.onProgress(PROGRESS.session)
      return new EmbeddingModel(config, facts, tokenizer, session)
    } catch (error) {
      await opening.then(
        (session) => session.release(),
        () => {},
      )
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

/** Makes the session while its file is being checked; one that fails the check is not given out. */
async function openChecked(
  folder: ModelFolder,
  files: readonly ListedFile[],
  options: LoadOptions,
): Promise<OrtSession> {
  const stop = new AbortController()
  const abortListener = onAbort(options.signal, (reason) => stop.abort(reason))
  const onProgress = (fraction: number): void => options.onProgress(fraction * PROGRESS.checked)
  const checking = checkDigests(folder, files, stop.signal, onProgress)
  const opening = openSession(join(folder.path, options.graphFile), options, stop.signal)
  checking.catch((error: unknown) => stop.abort(error))
  const [checked, opened] = await Promise.allSettled([checking, opening])
  abortListener[Symbol.dispose]()
  if (opened.status === 'fulfilled' && checked.status === 'fulfilled') return opened.value
  if (opened.status === 'fulfilled') opened.value.release()
  options.signal.throwIfAborted()
  throw checked.status === 'rejected' ? checked.reason : (opened as PromiseRejectedResult).reason
}

async function openSession(path: string, options: LoadOptions, signal: AbortSignal): Promise<OrtSession> {
  const { intraOpThreads, sessionAddress: address } = options
  try {
    return await OrtSession.create(new OrtApi(), path, { intraOpThreads, address, signal })
  } catch (cause) {
    if (cause instanceof ModelLoadError) throw cause
    throw new ModelLoadError(`ONNX Runtime cannot load ${path}.`, { cause })
  }
}
