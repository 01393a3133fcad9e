import type { Fields } from './backend.ts'

/** Copies changes into another place, such as a web framework's own session. It is never read. */
export interface SessionMirror {
  /**
   * Called after each write, with the keys that changed and those that went. Answers whether there was anything to copy to;
   * what it throws is counted and does not undo the write.
   */
  write(set: Fields, removed: readonly string[]): boolean
}

/** The keys that differ. Values are frozen and shared, so that a comparison of identities tells. */
export function difference(before: Fields, after: Fields): { set: Fields; removed: string[] } {
  const set = Object.fromEntries(
    Object.entries(after).filter(([key, value]) => !Object.hasOwn(before, key) || before[key] !== value),
  )
  return { set, removed: Object.keys(before).filter((key) => !Object.hasOwn(after, key)) }
}
