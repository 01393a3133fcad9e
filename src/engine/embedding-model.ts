import { join } from 'node:path'
import { ModelLoadError } from '../kernel/errors.ts'
import { Embedder, type VectorSink } from './embedder.ts'
import { readEmbeddingConfig, type EmbeddingConfig } from './embedding-config.ts'
import { ModelFolder } from './model-folder.ts'
import { OrtApi } from './ort-api.ts'
import { OrtSession, type RunCancellation } from './ort-session.ts'
import { TextTokenizer, type EncodedText, type EncodeOptions } from './text-tokenizer.ts'

export interface LoadOptions {
  readonly folder: string
  readonly dtype: string
  readonly intraOpThreads: number
  /** Looked at between the steps of the load. */
  readonly signal: AbortSignal
  onProgress(fraction: number): void
}

/** A text-embedding model, loaded. Its owner calls `release()` when the last run has ended. */
export class EmbeddingModel {
  readonly config: EmbeddingConfig
  readonly #tokenizer: TextTokenizer
  readonly #session: OrtSession
  readonly #embedder: Embedder

  private constructor(config: EmbeddingConfig, tokenizer: TextTokenizer, session: OrtSession) {
    this.config = config
    this.#tokenizer = tokenizer
    this.#session = session
    this.#embedder = new Embedder(session, config)
  }

  /** @throws ModelLoadError naming the file that is missing, damaged or foreign; the signal's reason when aborted. */
  static async load(options: LoadOptions): Promise<EmbeddingModel> {
    const { signal } = options
    const folder = new ModelFolder(options.folder)
    const graphFile = folder.graphFile(options.dtype)
    const config = readEmbeddingConfig(folder)
    signal.throwIfAborted()
    const tokenizer = new TextTokenizer(folder, config)
    options.onProgress(0.4)
    signal.throwIfAborted()
    const session = await openSession(join(folder.path, graphFile), options.intraOpThreads)
    try {
      signal.throwIfAborted()
      return new EmbeddingModel(config, tokenizer, session)
    } catch (error) {
      session.release()
      throw error
    }
  }

  get dimensions(): number {
    return this.#embedder.dimensions
  }

  get isBatchInvariant(): boolean {
    return true
  }

  encode(input: string | readonly number[], index: number, options: EncodeOptions): EncodedText {
    return this.#tokenizer.encode(input, index, options)
  }

  run(texts: readonly Int32Array[], cancellation: RunCancellation, sink: VectorSink): Promise<void> {
    return this.#embedder.run(texts, cancellation, sink)
  }

  release(): void {
    this.#session.release()
  }
}

async function openSession(path: string, intraOpThreads: number): Promise<OrtSession> {
  try {
    return await OrtSession.create(new OrtApi(), path, { intraOpThreads })
  } catch (cause) {
    if (cause instanceof ModelLoadError) throw cause
    throw new ModelLoadError(`ONNX Runtime cannot load ${path}.`, { cause })
  }
}
