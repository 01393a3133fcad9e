/** Lets somebody else stop a run, or runs that follow one another. One object serves one caller. */
export class RunCancellation {
  #stop: (() => void) | undefined
  #isRequested = false

  get isRequested(): boolean {
    return this.#isRequested
  }

  /** Asks the run to stop: it fails within milliseconds, or as soon as it begins. After its end this does nothing. */
  request(): void {
    if (this.#isRequested) return
    this.#isRequested = true
    this.#stop?.()
  }

  /** For sessions: `stop` ends the run that begins now. It is called at once if that has been asked for. */
  begin(stop: () => void): void {
    this.#stop = stop
    if (this.#isRequested) stop()
  }

  /** For sessions: the run has ended. */
  end(): void {
    this.#stop = undefined
  }
}
