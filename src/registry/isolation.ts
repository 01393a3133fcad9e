/** Where a model runs: in a worker thread of this process, or in a process of its own. */
export const ISOLATIONS = ['thread', 'process'] as const
export type Isolation = (typeof ISOLATIONS)[number]
