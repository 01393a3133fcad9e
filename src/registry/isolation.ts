/** Where a model runs: in a worker thread of this process, or in a process of its own. */
export type Isolation = 'thread' | 'process'
