import { systemClock, type Clock } from '../kernel/clock.ts'
import { ModelLoadError } from '../kernel/errors.ts'
import type { BatchEvent } from '../kernel/runtime-events.ts'
import type { ModelFactory } from '../registry/model.ts'
import { OnnxModel } from './onnx-model.ts'
import { runLimits, type RunLimits } from './run-limits.ts'

export interface OnnxFactoryOptions {
  readonly clock?: Clock
  /** @default what this machine has cores and pool threads for */
  readonly limits?: RunLimits
  /** Told of every run of every model of this factory. */
  onBatch?(event: BatchEvent): void
}

/** Loads folders of ONNX files, each into a worker thread of its own. */
export function onnxFactory(options: OnnxFactoryOptions = {}): ModelFactory {
  const { clock = systemClock, limits = runLimits() } = options
  const onBatch = (event: BatchEvent): void => options.onBatch?.(event)
  return async (request) => {
    if (request.key.device !== 'cpu') {
      throw new ModelLoadError(
        `${request.key.name} is to run on ${request.key.device}; only the cpu is possible.`,
        {
          model: request.key.name,
        },
      )
    }
    return await OnnxModel.load(request, { clock, limits, onBatch })
  }
}
