import { availableParallelism } from 'node:os'

/** The size that libuv gives its pool of threads unless `UV_THREADPOOL_SIZE` says otherwise. */
const DEFAULT_POOL_THREADS = 4
/** Threads of the pool that stay free for files, names and the session store, which are the process's too. */
const RESERVED_POOL_THREADS = 2

export interface RunLimits {
  /** Runs in flight at once, of all residents together. */
  readonly maxRuns: number
  /** Threads of each run: cores that are more than the runs are shared out among them. */
  readonly intraOpThreads: number
}

/** What runs may use of this machine: each takes one thread of libuv's pool and `intraOpThreads` cores. */
export function runLimits(
  cores: number = availableParallelism(),
  poolThreads: number = Number(process.env['UV_THREADPOOL_SIZE']) || DEFAULT_POOL_THREADS,
): RunLimits {
  const maxRuns = Math.max(1, Math.min(cores, poolThreads - RESERVED_POOL_THREADS))
  return { maxRuns, intraOpThreads: Math.max(1, Math.floor(cores / maxRuns)) }
}
