import type { EmbeddingInfo, Task } from '../registry/model.ts'

/** What can be known about one model at this moment, without waiting for anything. */
export interface ModelStatus {
  name: string
  tasks: readonly Task[]
  state: 'unloaded' | 'loading' | 'ready' | 'draining' | 'unloading' | 'failed'
  /** What serves at this moment, as `formatKey` writes it. */
  servedBy?: string
  servedByFallback: boolean
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
