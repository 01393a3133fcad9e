import { existsSync } from 'node:fs'
import { relative, sep } from 'node:path'
import { systemClock, type Clock } from '../kernel/clock.ts'
import { ModelLoadError } from '../kernel/errors.ts'
import type { BatchEvent, WarningEvent } from '../kernel/runtime-events.ts'
import { dtypesIn, GRAPH_FILES, graphPath } from '../registry/graph-files.ts'
import type { Isolation } from '../registry/isolation.ts'
import type { LoadRequest, ModelFactory } from '../registry/model.ts'
import { translationTargets } from '../registry/translation-targets.ts'
import { EngineUnavailable } from './engine-unavailable.ts'
import type { Host, HostOptions } from './host.ts'
import { OnnxModel } from './onnx-model.ts'
import type { ThreadTranslation } from './protocol.ts'
import { RunCredits } from './run-credits.ts'
import { runLimits, type RunLimits } from './run-limits.ts'
import { startHost } from './start-host.ts'

export interface OnnxFactoryOptions {
  readonly clock?: Clock
  /** @default what this machine has cores and pool threads for */
  readonly limits?: RunLimits
  /** The share of a tenant where tenants compete for runs. @default 1 for each */
  weightOf?(tenant: string): number
  /** Told of every run of every model of this factory. */
  onBatch?(event: BatchEvent): void
  /** Told once when models run in processes of their own since they cannot run in threads. */
  onWarning?(event: WarningEvent): void
  /** For tests: starts what a model lives in. */
  readonly startHost?: (isolation: Isolation, options: HostOptions) => Host
}

/**
 * Loads folders of ONNX files, each into a worker thread of its own, or into a process where that is asked for or nothing
 * else is possible. The runs of all of them share one limit.
 */
export function onnxFactory(options: OnnxFactoryOptions = {}): ModelFactory {
  const { clock = systemClock, limits = runLimits() } = options
  /** Why there can be no model in a thread; undefined as long as nothing speaks against it. */
  let threadFault: EngineUnavailable | undefined
  const credits = new RunCredits(limits.maxRuns)
  const weightOf = (tenant: string): number => options.weightOf?.(tenant) ?? 1
  const onBatch = (event: BatchEvent): void => options.onBatch?.(event)
  const load = (request: LoadRequest, isolation: Isolation): Promise<OnnxModel> =>
    OnnxModel.load(request, {
      clock,
      credits,
      weightOf,
      onBatch,
      graphFile: chooseGraph(request),
      translation: translationOf(request),
      // A process has one run at a time, which may have all cores.
      intraOpThreads: isolation === 'thread' ? limits.intraOpThreads : limits.intraOpThreads * limits.maxRuns,
      startHost: (hostOptions) => (options.startHost ?? startHost)(isolation, hostOptions),
      isolationReason: request.isolation === isolation ? undefined : threadFault?.message,
    })
  return async (request) => {
    if (request.isolation !== 'process' && threadFault === undefined) {
      try {
        return await load(request, 'thread')
      } catch (error) {
        if (!(error instanceof EngineUnavailable)) throw error
        threadFault = error
        const message = `Models run in processes of their own. ${error.message}`
        options.onWarning?.({ model: request.key.name, code: 'isolation', message })
      }
    }
    try {
      return await load(request, 'process')
    } catch (error) {
      if (!(error instanceof EngineUnavailable)) throw error
      const faults = [threadFault, error].map((fault) => fault?.message ?? '').join(' ')
      // By the time of the next try the package may be installed.
      threadFault = undefined
      throw new ModelLoadError(faults.trim(), { model: request.key.name, cause: error })
    }
  }
}

function translationOf({ source, translation = {} }: LoadRequest): ThreadTranslation {
  const { languages, textProcessing } = translation
  return { targets: translationTargets(source, languages), textProcessing }
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
