import type { Isolation } from '../registry/isolation.ts'
import type { FromThread, Gauges, LoadData, ToThread } from './protocol.ts'

/** How a thread or process ended: `how` completes "it ended …". `cause` is what it threw, or undefined when it threw nothing. */
export interface HostEnd {
  readonly how: string
  readonly cause: unknown
}

/** What a resident lives in, seen from the main side: starts it, carries messages, and sees its end. */
export interface Host {
  readonly isolation: Isolation
  /** Runs that can be in flight in it at once. */
  readonly maxRuns: number
  /** Settles, never rejects, when it has ended and its memory is given back. */
  readonly ended: Promise<HostEnd>
  /** Does nothing when the other side is gone. */
  post(message: ToThread): void
  /** Ends it without waiting for anything. */
  terminate(): void
}

export interface HostOptions {
  /** What people know it by. */
  readonly title: string
  readonly data: LoadData
  /** Kept up to date by whichever side can. */
  readonly gauges: Gauges
  readonly onMessage: (message: FromThread) => void
}
