import { existsSync } from 'node:fs'
import { relative, sep } from 'node:path'
import { systemClock, type Clock } from '../kernel/clock.ts'
import { ModelLoadError } from '../kernel/errors.ts'
import type { BatchEvent } from '../kernel/runtime-events.ts'
import { dtypesIn, GRAPH_FILES, graphPath } from '../registry/graph-files.ts'
import type { LoadRequest, ModelFactory } from '../registry/model.ts'
import { OnnxModel } from './onnx-model.ts'
import { RunCredits } from './run-credits.ts'
import { runLimits, type RunLimits } from './run-limits.ts'

export interface OnnxFactoryOptions {
  readonly clock?: Clock
  /** @default what this machine has cores and pool threads for */
  readonly limits?: RunLimits
  /** The share of a tenant where tenants compete for runs. @default 1 for each */
  weightOf?(tenant: string): number
  /** Told of every run of every model of this factory. */
  onBatch?(event: BatchEvent): void
}

/** Loads folders of ONNX files, each into a worker thread of its own. The runs of all of them share one limit. */
export function onnxFactory(options: OnnxFactoryOptions = {}): ModelFactory {
  const { clock = systemClock, limits = runLimits() } = options
  const credits = new RunCredits(limits.maxRuns)
  const weightOf = (tenant: string): number => options.weightOf?.(tenant) ?? 1
  const { intraOpThreads } = limits
  const onBatch = (event: BatchEvent): void => options.onBatch?.(event)
  return async (request) => {
    const graphFile = chooseGraph(request)
    return await OnnxModel.load(request, { clock, intraOpThreads, credits, weightOf, graphFile, onBatch })
  }
}

/** Path of the graph for this key, relative to the source. */
function chooseGraph({ key, source }: LoadRequest): string {
  const details = { model: key.name }
  if (key.device !== 'cpu')
    throw new ModelLoadError(
      `${key.name} is to run on ${key.device}; only the cpu is possible here.`,
      details,
    )
  if (!existsSync(source))
    throw new ModelLoadError(`The folder of ${key.name}, ${source}, does not exist.`, details)
  const path = graphPath(source, key.dtype)
  if (path !== undefined) return relative(source, path).split(sep).join('/')
  const present = dtypesIn(source)
  const instead = present.length > 0 ? `It has: ${present.join(', ')}.` : 'It has no ONNX file at all.'
  throw new ModelLoadError(
    `${source} has no onnx/${GRAPH_FILES[key.dtype]} for dtype ${key.dtype}. ${instead}`,
    details,
  )
}
