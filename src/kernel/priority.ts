/** Whoever waits is ordered by levels, 0 (first) to this one. */
const LOWEST_PRIORITY = 9
export const DEFAULT_PRIORITY = 1

/** What lies outside is moved to the nearer end; what is no number counts as the highest, so that nothing can break. */
export function priorityLevel(priority: number | undefined): number {
  return Math.min(Math.max(Math.trunc(priority ?? DEFAULT_PRIORITY) || 0, 0), LOWEST_PRIORITY)
}
