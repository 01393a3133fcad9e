import type { OpenSession } from './session.ts'

/** What every load in a thread is given. */
export interface LoadOptions {
  readonly folder: string
  /** The graph, relative to the folder. */
  readonly graphFile: string
  readonly openSession: OpenSession
  readonly signal: AbortSignal
  /** 0 to 1. */
  onProgress(fraction: number): void
}
