import { Encoder, type EncoderOutput } from './encoder.ts'
import { isBatchInvariant } from './graph-facts.ts'
import type { OpenGraph } from './open-graphs.ts'
import type { RunCancellation } from './run-cancellation.ts'
import type { Engine, RunItem } from './run-item.ts'
import type { Session } from './session.ts'
import type { ValueInfo } from './tensor.ts'

/** A model of one graph that reads whole texts, loaded. Its owner calls `release()` when the last run has ended. */
export abstract class EncoderModel implements Engine<EncoderOutput> {
  /** False for graphs that must run one item at a time, unpadded. */
  readonly isBatchInvariant: boolean
  readonly givesRowsEarly = false
  readonly #session: Session
  readonly #encoder: Encoder
  readonly #weightBytes: number
  readonly #allocatedAtLoadBytes: number

  /**
   * @param output The one that is wanted: `[items, size]` or `[items, tokens, size]`, float32.
   * @throws ModelLoadError when the graph is not that of a text encoder.
   */
  protected constructor({ session, facts }: OpenGraph, output: ValueInfo, size: number) {
    this.isBatchInvariant = isBatchInvariant(facts)
    this.#session = session
    this.#encoder = new Encoder(session, output, size)
    this.#weightBytes = facts.totalBytes
    this.#allocatedAtLoadBytes = session.allocatedBytes
  }

  /**
   * Native memory: the weights count as their files (what the CPU wants in another order is repacked, and the original
   * given up), and what runs take is what the session's allocator has grown by since the load.
   */
  get nativeBytes(): number {
    return this.#weightBytes + this.#session.allocatedBytes - this.#allocatedAtLoadBytes
  }

  run(
    items: readonly RunItem[],
    cancellation: RunCancellation,
    sink: (index: number, output: EncoderOutput) => void,
  ): Promise<void> {
    return this.#encoder.run(items, cancellation, sink)
  }

  release(): void {
    this.#session.release()
  }
}
