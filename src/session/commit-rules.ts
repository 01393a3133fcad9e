import type { Change, CommitResult, Expectation, Fields, SessionRecord } from './backend.ts'

/**
 * What a commit does, without clock or store: the rules that backends in JavaScript share, and that the script for Redis
 * (`redis/commit.lua`) follows to the letter.
 *
 * @param current The record as it is, unless it has expired.
 * @param newVersion Greater than any version that the id ever had.
 */
export function decide(
  current: SessionRecord | undefined,
  change: Change,
  newVersion: number,
  wallMs: number,
): CommitResult {
  if (!holds(change.expect, current)) return { outcome: 'conflict', now: current }
  if (change.destroy) return { outcome: 'done', version: newVersion, record: undefined }
  const fields = change.fields ?? patched(current?.fields ?? {}, change)
  const expiresAtMs = change.ttlMs === undefined ? current?.expiresAtMs : wallMs + change.ttlMs
  const record =
    expiresAtMs === undefined || expiresAtMs === Infinity
      ? { fields, version: newVersion }
      : { fields, version: newVersion, expiresAtMs }
  return { outcome: 'done', version: newVersion, record }
}

function holds(expect: Expectation, current: SessionRecord | undefined): boolean {
  switch (expect) {
    case 'any':
      return true
    case 'present':
      return current !== undefined
    case 'absent':
      return current === undefined
    default:
      return current?.version === expect
  }
}

function patched(fields: Fields, { set, remove }: Change): Fields {
  const next: Record<string, unknown> = { ...fields, ...set }
  for (const key of remove) delete next[key]
  return Object.freeze(next)
}
