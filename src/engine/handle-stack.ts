/**
 * Native handles that are released together, last in, first out. Whoever makes handles in several steps owns one: if a
 * step fails, what was made before is released by the same line of code as in the end.
 */
export class HandleStack {
  #releases: (() => void)[] = []

  /** Takes a handle over, with what releases it, and returns it. */
  own<Handle>(handle: Handle, release: (handle: Handle) => void): Handle {
    this.#releases.push(() => release(handle))
    return handle
  }

  /** Keeps memory that native code points into from being collected before the release, and returns it. */
  keep<Memory>(memory: Memory): Memory {
    return this.own(memory, () => {})
  }

  /** Idempotent. */
  release(): void {
    const releases = this.#releases.reverse()
    this.#releases = []
    for (const release of releases) release()
  }
}
