import { isCrossEncoder } from '../../engine/cross-encoder-config.ts'
import { CrossEncoderModel } from '../../engine/cross-encoder-model.ts'
import { EmbeddingModel } from '../../engine/embedding-model.ts'
import type { EncoderModel, LoadOptions } from '../../engine/encoder-model.ts'
import type { EncoderOutput } from '../../engine/encoder.ts'
import { ModelFolder } from '../../engine/model-folder.ts'
import { weightsId } from '../../engine/weights-id.ts'
import { InvalidInputError } from '../../kernel/errors.ts'
import type { ModelDescription, Request } from '../protocol.ts'
import { EmbedJob } from './embed-job.ts'
import type { Job } from './job.ts'
import { LateInteractionJob } from './late-interaction-job.ts'
import { PairJob } from './pair-job.ts'
import type { ResidentModel } from './resident.ts'

/** A loaded model of any kind, as the thread works with it. Its owner calls `release()` when the last run has ended. */
export interface ThreadModel<Row = unknown> extends ResidentModel<Row> {
  readonly description: ModelDescription
  readonly nativeBytes: number
  release(): void
}

/** @throws ModelLoadError naming the file that is missing, damaged or foreign; the signal's reason when aborted. */
export async function loadThreadModel(options: LoadOptions): Promise<ThreadModel> {
  if (isCrossEncoder(new ModelFolder(options.folder))) {
    return crossEncoderThreadModel(await CrossEncoderModel.load(options))
  }
  const model = await EmbeddingModel.load(options)
  return embeddingThreadModel(model, weightsId(options.folder, options.graphFile))
}

function embeddingThreadModel(model: EmbeddingModel, weights: string): ThreadModel<EncoderOutput> {
  const { dimensions, isBatchInvariant, config } = model
  const { maxTokens, pooling } = config
  return {
    description: {
      tasks: ['embed', 'rerank'],
      embedding: { dimensions, maxTokens, pooling, isBatchInvariant, weights },
    },
    ...parts(model),
    createJob(request, nowMs): Job<EncoderOutput> {
      if (request.type === 'embed') return new EmbedJob(request, model, nowMs)
      if (request.type === 'rerank') return new LateInteractionJob(request, model, nowMs)
      throw unknownTask(request, this.description)
    },
  }
}

function crossEncoderThreadModel(model: CrossEncoderModel): ThreadModel<EncoderOutput> {
  return {
    description: { tasks: ['rerank'] },
    ...parts(model),
    createJob(request, nowMs): Job<EncoderOutput> {
      if (request.type === 'rerank') return new PairJob(request, model, nowMs)
      throw unknownTask(request, this.description)
    },
  }
}

function parts(model: EncoderModel): Omit<ThreadModel<EncoderOutput>, 'description' | 'createJob'> {
  return {
    isBatchInvariant: model.isBatchInvariant,
    givesRowsEarly: model.givesRowsEarly,
    get nativeBytes() {
      return model.nativeBytes
    },
    run: (items, cancellation, sink) => model.run(items, cancellation, sink),
    release: () => model.release(),
  }
}

function unknownTask({ type }: Request, { tasks }: ModelDescription): InvalidInputError {
  return new InvalidInputError(`The model cannot ${type}; it can ${tasks.join(', ')}.`)
}
