import { HandleStack } from './handle-stack.ts'
import type { OrtApi } from './ort-api.ts'
import type { Pointer } from './ort-library.ts'

/** Lets somebody else stop a run, or runs that follow one another. One object serves one caller. */
export class RunCancellation {
  readonly #handles = new HandleStack()
  #terminate: (() => void) | undefined
  #isRequested = false

  get isRequested(): boolean {
    return this.#isRequested
  }

  /** Asks the run to stop: it fails within milliseconds, or as soon as it begins. After its end this does nothing. */
  request(): void {
    if (this.#isRequested) return
    this.#isRequested = true
    this.#terminate?.()
  }

  /** For `OrtSession.run`: the native options of the run. */
  begin(api: OrtApi): Pointer {
    const runOptions = this.#handles.own(api.pointer('CreateRunOptions'), (runOptions) =>
      api.release('ReleaseRunOptions', runOptions),
    )
    this.#terminate = () => api.call('RunOptionsSetTerminate', runOptions)
    if (this.#isRequested) this.#terminate()
    return runOptions
  }

  /** For `OrtSession.run`: the options are not used any more. */
  end(): void {
    this.#terminate = undefined
    this.#handles.release()
  }
}
