import { CrossEncoderModel } from '../../engine/cross-encoder-model.ts'
import { EmbeddingModel } from '../../engine/embedding-model.ts'
import type { EncoderModel, LoadOptions } from '../../engine/encoder-model.ts'
import type { EncoderOutput } from '../../engine/encoder.ts'
import { ModelFolder } from '../../engine/model-folder.ts'
import { weightsId } from '../../engine/weights-id.ts'
import { isCrossEncoder } from '../../kernel/architectures.ts'
import { InvalidInputError } from '../../kernel/errors.ts'
import type { ModelDescription, Request, ThreadTranslation } from '../protocol.ts'
import { EmbedJob } from './embed-job.ts'
import type { Job } from './job.ts'
import { LateInteractionJob } from './late-interaction-job.ts'
import { PairJob } from './pair-job.ts'
import type { ResidentModel } from './resident.ts'
import { isTranslator, loadTranslator } from './translator.ts'

/** A loaded model of any kind, as the thread works with it. Its owner calls `release()` when the last run has ended. */
export interface ThreadModel<Row = unknown> extends ResidentModel<Row> {
  readonly description: ModelDescription
  readonly nativeBytes: number
  release(): void
}

export interface ThreadLoadOptions extends LoadOptions {
  readonly translation: ThreadTranslation
}

/** @throws ModelLoadError naming the file that is missing, damaged or foreign; the signal's reason when aborted. */
export async function loadThreadModel(options: ThreadLoadOptions): Promise<ThreadModel> {
  if (isTranslator(options.graphFile)) return loadTranslator(options)
  if (isCrossEncoder(new ModelFolder(options.folder).optionalJson('config.json'))) {
    return crossEncoderThreadModel(await CrossEncoderModel.load(options))
  }
  const weights = weightsId(options.folder, options.graphFile)
  return embeddingThreadModel(await EmbeddingModel.load(options), weights)
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
