import { LeaseReleasedError } from '../kernel/errors.ts'
import type { Dtype, ModelKey } from '../registry/model-key.ts'
import { formatKey } from '../registry/model-key.ts'
import type { Model } from '../registry/model.ts'

/** How a caller wants to wait for a model. */
export interface AcquireOptions {
  signal?: AbortSignal | undefined
  /** From now, in milliseconds; what has not begun by then is never computed. */
  deadlineMs?: number | undefined
  /** 0 is highest, 9 lowest; one level is gained for each `maxSwapWaitMs` of waiting. @default 1 */
  priority?: number | undefined
  /** Tenants share a slot by weight. */
  tenant?: string | undefined
  /** `reject` fails at once with `ConcurrencyLimitError` where `wait` would queue. @default 'wait' */
  whenFull?: 'wait' | 'reject' | undefined
  /** This dtype and no other. @default the configured one, or the fallback while that is in force */
  dtype?: Dtype | undefined
  /** This device and no other. */
  device?: 'cpu' | 'cuda' | undefined
  /** How long the model stays loaded after this use, in milliseconds; 0: until it is idle, `Infinity`: for ever. */
  keepAliveMs?: number | undefined
}

/** The right to use one generation of one model. Nothing unloads, swaps or evicts it before `release()`. */
export interface Lease extends Disposable {
  readonly generation: number
  /** What it is a lease on. */
  readonly key: ModelKey
  /** The same as text, `minilm:int8@cpu`. */
  readonly servedBy: string
  /**
   * @throws LeaseReleasedError after the release
   * @throws LeaseRevokedError when the model was lost
   * @throws ShutdownError when the runtime was closed before the lease ended
   */
  readonly model: Model
  /** Idempotent and synchronous. */
  release(): void
}

/** Given to one holder. Every way to end it comes to the same place once. */
export class ManagedLease implements Lease {
  readonly id: number
  readonly generation: number
  readonly key: ModelKey
  /** How long its caller waited for the load alone. */
  readonly loadMs: number
  readonly #model: Model
  readonly #onRelease: (lease: number) => void
  #end: { revokedBy: Error | undefined } | undefined

  constructor(
    id: number,
    resident: { readonly generation: number; readonly key: ModelKey; readonly model: Model },
    loadMs: number,
    onRelease: (lease: number) => void,
  ) {
    this.id = id
    this.generation = resident.generation
    this.key = resident.key
    this.loadMs = loadMs
    this.#model = resident.model
    this.#onRelease = onRelease
  }

  get servedBy(): string {
    return formatKey(this.key)
  }

  get model(): Model {
    if (this.#end === undefined) return this.#model
    const { name } = this.key
    throw (
      this.#end.revokedBy ??
      new LeaseReleasedError(`The lease on ${name} was released; take a new one for further use.`, {
        model: name,
      })
    )
  }

  release(): void {
    if (this.#end) return
    this.#end = { revokedBy: undefined }
    this.#onRelease(this.id)
  }

  /** The manager took it away; a later release has no effect. */
  revoke(reason: Error): void {
    this.#end ??= { revokedBy: reason }
  }

  [Symbol.dispose](): void {
    this.release()
  }
}
