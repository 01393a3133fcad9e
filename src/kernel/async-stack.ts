/**
 * Owners of several resources keep them in one stack and close it: last in, first out, each closed even if another one
 * fails, all failures gathered. (Node 20 has no `AsyncDisposableStack`.)
 */
export class AsyncStack implements AsyncDisposable {
  #closers: (() => unknown)[] = []
  #closing: Promise<void> | undefined

  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  /** Takes a resource over and returns it. */
  use<T extends Disposable | AsyncDisposable>(resource: T): T {
    this.defer(() =>
      Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose]() : resource[Symbol.dispose](),
    )
    return resource
  }

  /** Calls `close` when the stack is closed. */
  defer(close: () => unknown): void {
    if (this.#closing) throw new Error('The stack is closed: what is added now would never be closed.')
    this.#closers.push(close)
  }

  /** Hands everything over to a new stack and leaves this one empty: for constructors that may fail half way. */
  move(): AsyncStack {
    const moved = new AsyncStack()
    moved.#closers = this.#closers
    this.#closers = []
    return moved
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #closeAll(): Promise<void> {
    const failures: unknown[] = []
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        await close()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length === 1) throw failures[0]
    if (failures.length > 1)
      throw new AggregateError(failures, `${failures.length} resources failed to close`)
  }
}
