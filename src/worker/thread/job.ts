import type { RunItem } from '../../engine/run-item.ts'
import type { Waiter } from '../../kernel/wait-queue.ts'
import type { FromThread, Request, RunTimings } from '../protocol.ts'
import type { SharedItem } from './waiting-items.ts'

/** What goes to the main side when a job is done. */
export interface JobReply {
  readonly message: FromThread
  readonly transfer: ArrayBuffer[]
}

/**
 * One request inside the thread: what it asked for, and what of its answer is there already. It says which items are to run,
 * a piece of its input at a time, and takes what each of them gave; the resident does the rest.
 *
 * @typeParam Row What the engine gives for one item.
 */
export abstract class Job<Row> implements Waiter {
  readonly id: number
  /** Whose share of the tokens its items are taken from: tenants share, and so do the tasks of one model. */
  readonly tenant: string
  readonly weight: number
  readonly priority: number
  readonly arrivedAtMs: number
  readonly deadlineAtMs: number
  /** Answered, failed or withdrawn: what still arrives for it is dropped. */
  isEnded = false
  /** Where it waits to be encoded. The resident's own. */
  place: Waiter['place']
  /** Its items that wait or run. The resident's own. */
  readonly pending: Set<SharedItem<Row>> = new Set<SharedItem<Row>>()

  constructor({ id, type, options }: Request, nowMs: number) {
    this.id = id
    this.tenant = `${type} ${options.tenant}`
    this.weight = options.weight
    this.priority = options.priority
    this.arrivedAtMs = nowMs
    this.deadlineAtMs = nowMs + options.deadlineInMs
  }

  /** Whether there is no input left to encode. What an item gave may turn this to false again. */
  abstract readonly isEncoded: boolean

  /** Whether it has input left that is not to be encoded before the caller has read some of its answer. */
  get isPaused(): boolean {
    return false
  }

  /** The caller has read so many parts of its answer. */
  read(_parts: number): void {}

  /**
   * Encodes the next piece of its input; called until `isEncoded`. Items are numbered 0, 1, 2 … in the order in which they
   * are given out.
   * @returns What is to run for it; may be none.
   * @throws InvalidInputError, InputTooLongError that name the field
   */
  abstract encodeNext(): readonly RunItem[]

  /**
   * Takes over what one item gave; `row` is free again afterwards.
   * @throws InferenceError when it is nothing that can be used
   */
  abstract takeRow(item: number, row: Row): void

  /** Called when all items are done. */
  abstract reply(timings: RunTimings): JobReply

  /** The part of the input that the item comes from, for messages: `input[3]`. */
  abstract fieldOf(item: number): string
}
