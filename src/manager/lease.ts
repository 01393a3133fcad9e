import { LeaseReleasedError } from '../kernel/errors.ts'
import { formatKey, type ModelKey } from '../registry/model-key.ts'
import type { Model } from '../registry/model.ts'

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
