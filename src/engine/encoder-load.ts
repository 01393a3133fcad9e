import type { EncoderModel } from './encoder-model.ts'
import type { LoadOptions } from './load-options.ts'
import { ModelFolder } from './model-folder.ts'
import { openGraphs, releaseWhenOpen, type OpenGraph } from './open-graphs.ts'

/** How far the load is when a part of it has ended. The parts go on at the same time, unless cores are to be spared. */
const PROGRESS = { tokenizer: 0.1, checked: 0.8, session: 1 }

/** The load of a model of one graph. From its beginning on, other threads make the session; `finish` is to be called once. */
export class EncoderLoad {
  readonly folder: ModelFolder
  readonly #options: LoadOptions
  readonly #opening: Promise<OpenGraph[]>

  constructor(options: LoadOptions) {
    this.folder = new ModelFolder(options.folder)
    this.#options = options
    this.#opening = openGraphs(this.folder, [options.graphFile], {
      ...options,
      onProgress: (fraction) => options.onProgress(fraction * PROGRESS.checked),
    })
    // `finish` tells it; until then nobody listens.
    this.#opening.catch(() => {})
  }

  /** Settles when the rest may be done, whether or not there is a session by then. */
  async turn(): Promise<void> {
    if (this.#options.sparesCores) await Promise.allSettled([this.#opening])
  }

  /**
   * @param makeTokenizer Reads the configuration too, if the model has one.
   * @param make Makes the model of both; when it throws, the graph is closed.
   * @throws ModelLoadError naming the file that is missing, damaged or foreign; the signal's reason when aborted.
   */
  async finish<Tokenizer, Loaded extends EncoderModel>(
    makeTokenizer: () => Tokenizer,
    make: (graph: OpenGraph, tokenizer: Tokenizer) => Loaded,
  ): Promise<Loaded> {
    const options = this.#options
    try {
      const tokenizer = makeTokenizer()
      options.onProgress(PROGRESS.tokenizer)
      const [graph] = (await this.#opening) as [OpenGraph]
      options.signal.throwIfAborted()
      options.onProgress(PROGRESS.session)
      return make(graph, tokenizer)
    } catch (error) {
      await releaseWhenOpen(this.#opening)
      throw error
    }
  }
}
