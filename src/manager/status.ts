import type { ResolvedModelConfig } from '../config/resolve.ts'
import type { Clock } from '../kernel/clock.ts'
import { hasEncoder } from '../registry/graph-files.ts'
import type { Isolation } from '../registry/isolation.ts'
import type { EmbeddingInfo, Model, Task } from '../registry/model.ts'
import { isRerankerFolder } from '../registry/reranker-folder.ts'
import { backOffOf } from '../scheduler/back-off.ts'
import { waitingFor } from '../scheduler/demand.ts'
import type { Incoming, ModelState, Resident, State } from '../scheduler/state.ts'

/** What can be known about one model at this moment, without waiting for anything. */
export interface ModelStatus {
  name: string
  /** What it can be asked for, as far as that is known before its files were read. */
  tasks: readonly Task[]
  state: 'unloaded' | 'loading' | 'ready' | 'draining' | 'unloading' | 'failed'
  /** What serves at this moment, as `formatKey` writes it. */
  servedBy?: string
  servedByFallback: boolean
  /** Where what serves runs. */
  isolation?: Isolation
  /** Why it runs in a process of its own, where that was not asked for. */
  isolationReason?: string
  generation?: number
  isLoading: boolean
  /** 0 to 1, while loading. */
  progress?: number
  queuedRequests: number
  concurrentAccessCount: number
  maxConcurrentAccess: number
  accessTimeoutMs: number
  loadingTimeoutMs: number
  /** Milliseconds since 1970. */
  lastAccessTime?: number
  memoryBytes: number
  isPinned: boolean
  /** Why it was last unloaded. */
  lastUnloadReason?: string
  lastError?: string
  /** Milliseconds since 1970: before then a load is refused with `lastError`. */
  nextRetryAt?: number
  /** Once loaded; stays known after an unload. */
  embedding?: EmbeddingInfo
}

interface StatusSources {
  readonly clock: Clock
  readonly config: ResolvedModelConfig
  readonly loaded: (generation: number) => Model | undefined
}

export function statusOf(state: State, name: string, { clock, config, loaded }: StatusSources): ModelStatus {
  const model = state.models.get(name)
  if (model === undefined) throw new Error(`the scheduler knows no model ${name}`)
  const { slot, lastError, lastUnloadReason, lastAccessAtMs } = model
  const resident = slot.current?.demand.model === model ? slot.current : undefined
  const incoming = slot.incoming?.demand.model === model ? slot.incoming : undefined
  const residents = [...state.residents.values()].filter((it) => it.demand.model === model)
  const live = resident && loaded(resident.generation)
  const retryAtMs = nextRetryAtMs(state, model)
  const toWallMs = (atMs: number): number => Math.round(clock.wallMs() + atMs - clock.nowMs())
  return {
    name,
    tasks: live?.tasks ?? tasksBeforeLoad(config),
    state: stateOf(model, resident, incoming, residents),
    ...(resident && { servedBy: resident.variant.label, generation: resident.generation }),
    servedByFallback: resident?.isFallback ?? false,
    ...(live?.isolation && { isolation: live.isolation }),
    ...(live?.isolationReason !== undefined && { isolationReason: live.isolationReason }),
    isLoading: incoming !== undefined,
    ...(incoming?.phase.type === 'loading' && { progress: incoming.phase.progress }),
    queuedRequests: [...model.demands.values()].reduce((sum, demand) => sum + waitingFor(demand), 0),
    concurrentAccessCount: residents.reduce((sum, { leases }) => sum + leases.lease + leases.use, 0),
    maxConcurrentAccess: slot.limits.maxConcurrent,
    accessTimeoutMs: slot.limits.accessTimeoutMs,
    loadingTimeoutMs: slot.limits.loadingTimeoutMs,
    ...(lastAccessAtMs !== undefined && { lastAccessTime: toWallMs(lastAccessAtMs) }),
    memoryBytes: residents.reduce((sum, { bytes }) => sum + bytes, 0),
    isPinned: model.isPinned,
    ...(lastUnloadReason !== undefined && { lastUnloadReason }),
    ...(lastError !== undefined && {
      lastError: messageOf(lastError),
    }),
    ...(retryAtMs !== undefined && { nextRetryAt: toWallMs(retryAtMs) }),
    ...(live?.embedding && { embedding: live.embedding }),
  }
}

const tasksOf = new WeakMap<ResolvedModelConfig, readonly Task[]>()

/** Until its files were read, a model is taken for what it is configured as, or what they are called like. */
function tasksBeforeLoad(config: ResolvedModelConfig): readonly Task[] {
  const known = tasksOf.get(config)
  if (known !== undefined) return known
  const translates = config.languages !== undefined || hasEncoder(config.source)
  const other = isRerankerFolder(config.source) ? 'rerank' : 'embed'
  const task = config.task ?? (translates ? 'translate' : other)
  // An embedding model reranks, too.
  const tasks: readonly Task[] = task === 'embed' ? ['embed', 'rerank'] : [task]
  tasksOf.set(config, tasks)
  return tasks
}

function stateOf(
  model: ModelState,
  resident: Resident | undefined,
  incoming: Incoming | undefined,
  residents: readonly Resident[],
): ModelStatus['state'] {
  if (resident) return model.slot.drain ? 'draining' : 'ready'
  if (incoming) return 'loading'
  if (residents.some((it) => it.phase === 'draining')) return 'draining'
  if (residents.length > 0) return 'unloading'
  return model.lastError === undefined ? 'unloaded' : 'failed'
}

/** When a load of what is configured is tried again; undefined while nothing keeps it from being tried. */
function nextRetryAtMs(state: State, model: ModelState): number | undefined {
  const times = model.spec.candidates(undefined).map((variant) => backOffOf(state, variant)?.nextRetryAtMs)
  if (times.length === 0 || times.includes(undefined)) return undefined
  return Math.min(...times.map((atMs) => atMs ?? Infinity))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
