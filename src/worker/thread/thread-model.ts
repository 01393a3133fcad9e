import { EmbeddingModel, type LoadOptions } from '../../engine/embedding-model.ts'
import type { EncoderOutput } from '../../engine/encoder.ts'
import { InvalidInputError } from '../../kernel/errors.ts'
import type { ModelDescription, Request } from '../protocol.ts'
import { EmbedJob } from './embed-job.ts'
import type { Job } from './job.ts'
import type { ResidentModel } from './resident.ts'

/** A loaded model of any kind, as the thread works with it. Its owner calls `release()` when the last run has ended. */
export interface ThreadModel<Row = unknown> extends ResidentModel<Row> {
  readonly description: ModelDescription
  readonly nativeBytes: number
  release(): void
}

/** @throws ModelLoadError naming the file that is missing, damaged or foreign; the signal's reason when aborted. */
export async function loadThreadModel(options: LoadOptions): Promise<ThreadModel> {
  return embeddingThreadModel(await EmbeddingModel.load(options))
}

function embeddingThreadModel(model: EmbeddingModel): ThreadModel<EncoderOutput> {
  const { dimensions, isBatchInvariant, config } = model
  const { maxTokens, pooling } = config
  return {
    description: { tasks: ['embed'], embedding: { dimensions, maxTokens, pooling, isBatchInvariant } },
    isBatchInvariant,
    givesRowsEarly: model.givesRowsEarly,
    get nativeBytes() {
      return model.nativeBytes
    },
    createJob(request, nowMs): Job<EncoderOutput> {
      if (request.type === 'embed') return new EmbedJob(request, model, nowMs)
      throw unknownTask(request, ['embed'])
    },
    run: (items, cancellation, sink) => model.run(items, cancellation, sink),
    release: () => model.release(),
  }
}

function unknownTask({ type }: Request, tasks: readonly string[]): InvalidInputError {
  return new InvalidInputError(`The model cannot ${type}; it can ${tasks.join(', ')}.`)
}
