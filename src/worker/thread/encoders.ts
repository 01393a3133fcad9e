import { CrossEncoderModel } from '../../engine/cross-encoder-model.ts'
import { EmbeddingModel } from '../../engine/embedding-model.ts'
import type { EncoderLoad } from '../../engine/encoder-load.ts'
import type { EncoderModel } from '../../engine/encoder-model.ts'
import type { EncoderOutput } from '../../engine/encoder.ts'
import { isCrossEncoder } from '../../kernel/architectures.ts'
import { InvalidInputError } from '../../kernel/errors.ts'
import type { ModelDescription, Request } from '../protocol.ts'
import { EmbedJob } from './embed-job.ts'
import type { Job } from './job.ts'
import { LateInteractionJob } from './late-interaction-job.ts'
import { PairJob } from './pair-job.ts'
import type { ThreadModel } from './thread-model.ts'

/**
 * @param weights Of an embedding model: see `weightsId`.
 * @throws ModelLoadError naming the file that is missing, damaged or foreign; the signal's reason when aborted.
 */
export async function finishEncoder(load: EncoderLoad, weights: string): Promise<ThreadModel<EncoderOutput>> {
  if (isCrossEncoder(load.folder.optionalJson('config.json'))) {
    return crossEncoderThreadModel(await CrossEncoderModel.load(load))
  }
  return embeddingThreadModel(await EmbeddingModel.load(load), weights)
}

function embeddingThreadModel(model: EmbeddingModel, weights: string): ThreadModel<EncoderOutput> {
  const { dimensions, isBatchInvariant, config } = model
  const { maxTokens, pooling } = config
  return encoderThreadModel(model, {
    description: {
      tasks: ['embed', 'rerank'],
      embedding: { dimensions, maxTokens, pooling, isBatchInvariant, weights },
    },
    jobOf: (request, nowMs) => {
      if (request.type === 'embed') return new EmbedJob(request, model, nowMs)
      return request.type === 'rerank' ? new LateInteractionJob(request, model, nowMs) : undefined
    },
  })
}

function crossEncoderThreadModel(model: CrossEncoderModel): ThreadModel<EncoderOutput> {
  return encoderThreadModel(model, {
    description: { tasks: ['rerank'] },
    jobOf: (request, nowMs) => (request.type === 'rerank' ? new PairJob(request, model, nowMs) : undefined),
  })
}

interface EncoderVerbs {
  readonly description: ModelDescription
  /** Undefined for what the model cannot do. */
  readonly jobOf: (request: Request, nowMs: number) => Job<EncoderOutput> | undefined
}

function encoderThreadModel(
  model: EncoderModel,
  { description, jobOf }: EncoderVerbs,
): ThreadModel<EncoderOutput> {
  return {
    description,
    isBatchInvariant: model.isBatchInvariant,
    givesRowsEarly: model.givesRowsEarly,
    get nativeBytes() {
      return model.nativeBytes
    },
    createJob(request, nowMs) {
      const job = jobOf(request, nowMs)
      if (job !== undefined) return job
      throw new InvalidInputError(`The model cannot ${request.type}; it can ${description.tasks.join(', ')}.`)
    },
    run: (items, cancellation, sink) => model.run(items, cancellation, sink),
    release: () => model.release(),
  }
}
