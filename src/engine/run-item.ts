import type { RunCancellation } from './run-cancellation.ts'

/** What runs as one row of a batch: a text, a pair of texts or a sentence, as the graph takes it. */
export interface RunItem {
  /** With special tokens; never empty. */
  readonly ids: Int32Array
  /** Where the second of two texts begins, for models that read pairs. */
  readonly secondFrom?: number | undefined
  /** The first token that is written, for translators of several languages. */
  readonly firstToken?: number | undefined
}

/**
 * Runs batches; any number may be in flight at once.
 * @typeParam Row What it gives for one item.
 */
export interface Engine<Row> {
  /** False: a batch holds one item only, since the neighbours would change its result. */
  readonly isBatchInvariant: boolean
  /** True: rows come while the run goes on, and their callers need not wait for its end. */
  readonly givesRowsEarly: boolean
  /**
   * @param sink Called once for each item, by its index, as soon as it is done; the row is valid during the call only.
   * @param isWanted False as soon as nobody waits for an item any more: an engine that works in steps leaves it out.
   * @throws OrtError when the run fails, or was cancelled before the last item was done.
   */
  run(
    items: readonly RunItem[],
    cancellation: RunCancellation,
    sink: (index: number, row: Row) => void,
    isWanted?: (index: number) => boolean,
  ): Promise<void>
}
