import type { EmbedInput, Task } from '../registry/model.ts'

/** What a fake model does, from its load to its end. Times are milliseconds on the engine's clock. */
export interface FakeScript {
  /** How long the load takes; 0 ends it without a timer, `Infinity` hangs. @default 0 */
  loadMs?: number
  /** What the load fails with when its time has passed. */
  loadError?: Error
  /** What the load reports, and when after its start. @default none */
  progress?: readonly { atMs: number; fraction: number }[]
  /** What the model says it takes. @default 1,000,000 */
  memoryBytes?: number
  /** @default embed and rerank */
  tasks?: readonly Task[]
  /**
   * How long one call of `embed` or `rerank` runs, or one sentence of `translate`; `Infinity` hangs. The query counts as the first
   * input. @default 0
   */
  runMs?: number | ((inputs: readonly EmbedInput[]) => number)
  /** What such a call fails with when its time has passed. A function decides call by call. */
  runError?: Error | ((inputs: readonly EmbedInput[]) => Error | undefined)
  /**
   * How long a load or a run goes on after it was aborted or told to stop. With `Infinity` it is deaf: a load comes to its
   * own end and answers with a model although nobody wants it; a run stays active to its own end, or until `kill()`. The
   * caller who aborted a run is answered at once all the same, as by a real engine.
   * @default 0
   */
  abortMs?: number
  /** How long `close()` takes. @default 0 */
  closeMs?: number
  /** What `close()` fails with when its time has passed. */
  closeError?: Error
  /** Values of a vector, at least 3. @default 4 */
  dimensions?: number
  /** The most tokens of one text: its words and two more. @default 256 */
  maxTokens?: number
}

/** A script with all defaults filled in. */
export type FullScript = Required<Omit<FakeScript, 'loadError' | 'runError' | 'closeError'>> &
  Pick<FakeScript, 'loadError' | 'runError' | 'closeError'>

export function fillScript(script: FakeScript): FullScript {
  return {
    loadMs: 0,
    progress: [],
    memoryBytes: 1_000_000,
    tasks: ['embed', 'rerank'],
    runMs: 0,
    abortMs: 0,
    closeMs: 0,
    dimensions: 4,
    maxTokens: 256,
    ...script,
  }
}
