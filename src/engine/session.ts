import type { RunCancellation } from './run-cancellation.ts'
import type { NativeTensor, TensorView, ValueInfo } from './tensor.ts'

/** Tensors by the names that the graph gives its inputs and outputs. */
export type NamedTensors = Readonly<Record<string, TensorView | NativeTensor>>

/**
 * One loaded graph, whatever runs it. Its owner calls `release()` when the last run has ended. Two implementations:
 * `OrtSession` calls the C API, off the JavaScript thread and as often at once as is wanted; `StockSession` uses the
 * binding of `onnxruntime-node`, which holds the thread up for as long as a run takes.
 */
export interface Session {
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  /** What it has allocated beside the weights; 0 where that cannot be told. */
  readonly allocatedBytes: number
  /**
   * For what goes into many runs: each finds in the memory what it holds at that time, or leaves its result there. The caller's
   * to release.
   */
  adopt(tensor: TensorView): NativeTensor
  /**
   * `inputs` and `outputs` go by name; results are written straight into the memory of `outputs`, which must have the shapes
   * that the graph gives.
   *
   * @param unshaped Further outputs, whose shapes are known only afterwards: ONNX Runtime allocates them.
   * @returns A value for each name in `unshaped`, in that order; the caller's to release.
   * @throws OrtError when the run fails, or was stopped by `cancellation`.
   */
  run(
    inputs: NamedTensors,
    outputs: NamedTensors,
    cancellation: RunCancellation,
    unshaped?: readonly string[],
  ): Promise<NativeTensor[]>
  /** Gives the memory back. Idempotent; a fault of the caller while a run is in flight. */
  release(): void
}

/**
 * Makes the session of a graph.
 *
 * @param index Which of the model's graphs it is: 0, 1 …
 * @param signal Stops the load where that is possible.
 * @throws OrtError with the library's own words when the file is not a graph it can run, or the load was stopped.
 */
export type OpenSession = (path: string, index: number, signal: AbortSignal) => Promise<Session>

/** A failure that ONNX Runtime reported. Callers wrap it into the error that fits what they were doing. */
export class OrtError extends Error {
  override readonly name = 'OrtError'
}
