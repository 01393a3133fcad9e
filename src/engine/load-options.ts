import type { OpenSession } from './session.ts'

/** What every load in a thread is given. */
export interface LoadOptions {
  readonly folder: string
  /** The graph, relative to the folder. */
  readonly graphFile: string
  readonly openSession: OpenSession
  /** Others are at work: the parts of the load follow one another, so that it takes one core and not all. */
  readonly sparesCores: boolean
  readonly signal: AbortSignal
  /** 0 to 1. */
  onProgress(fraction: number): void
}
