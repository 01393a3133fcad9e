/** What has been counted since the start or the last reset, over all sessions that were opened together. */
export interface SessionCounters {
  /** Times somebody had a session for themselves: every write, and every locked section. */
  lockAcquisitions: number
  /** Waits that ended because their timeout had passed. */
  failedAcquisitions: number
  reads: number
  writes: number
  /** Commits that met another process's change and were made again on top of it. */
  conflicts: number
  /** Writes that went along with another one's commit. */
  combinedWrites: number
  /** Leases that ran out or were taken over while their holder still worked. */
  lostLeases: number
  /** Changes that could not be copied into a web framework's own session. */
  failedMirrors: number
  /** Saves by a web framework that would have brought a destroyed session back. */
  refusedRevivals: number
}

export interface SessionStats extends SessionCounters {
  /** Keys of this session when it was last read or written here. */
  sessionKeys: number
  /** How long a write or a section waits for its turn. */
  lockTimeoutMs: number
}

export function newCounters(): SessionCounters {
  return {
    lockAcquisitions: 0,
    failedAcquisitions: 0,
    reads: 0,
    writes: 0,
    conflicts: 0,
    combinedWrites: 0,
    lostLeases: 0,
    failedMirrors: 0,
    refusedRevivals: 0,
  }
}

export interface SessionHealth {
  /** No wait timed out since the last reset, and a write and a read just worked. */
  isHealthy: boolean
  /** How long the write and the read took, in milliseconds. */
  durationMs: number
  failedAcquisitions: number
  /** Why the store did not work; absent if it did. */
  error?: Error
}
