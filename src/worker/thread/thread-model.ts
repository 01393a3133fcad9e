import { EncoderLoad } from '../../engine/encoder-load.ts'
import type { LoadOptions } from '../../engine/load-options.ts'
import { isPairEncoder } from '../../engine/translation/graph-pair.ts'
import { weightsId } from '../../engine/weights-id.ts'
import type { ModelDescription, ThreadTranslation } from '../protocol.ts'
import type { ResidentModel } from './resident.ts'

/** A loaded model of any kind, as the thread works with it. Its owner calls `release()` when the last run has ended. */
export interface ThreadModel<Row = unknown> extends ResidentModel<Row> {
  readonly description: ModelDescription
  readonly nativeBytes: number
  release(): void
}

export interface ThreadLoadOptions extends LoadOptions {
  readonly translation: ThreadTranslation
}

/**
 * The code for a kind of model is read when one is loaded; of encoders while their graph is being opened, where cores need not
 * be spared: reading it takes as long as a third of that.
 *
 * @throws ModelLoadError naming the file that is missing, damaged or foreign; the signal's reason when aborted.
 */
export async function loadThreadModel(options: ThreadLoadOptions): Promise<ThreadModel> {
  if (isPairEncoder(options.graphFile)) {
    const { loadTranslator } = await import('./translator.ts')
    return loadTranslator(options)
  }
  const weights = weightsId(options.folder, options.graphFile)
  const load = new EncoderLoad(options)
  await load.turn()
  const { finishEncoder } = await import('./encoders.ts')
  return finishEncoder(load, weights)
}
