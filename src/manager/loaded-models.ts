import { Deferred } from '../kernel/deferred.ts'
import { ModelLoadError } from '../kernel/errors.ts'
import { formatKey, type ModelKey } from '../registry/model-key.ts'
import type { Model, ModelFactory } from '../registry/model.ts'
import type { Event } from '../scheduler/events.ts'
import type { LoadableVariant } from './model-spec.ts'

/** A model that a factory gave, as long as the scheduler has it in its books. */
export interface LoadedModel {
  readonly generation: number
  readonly key: ModelKey
  readonly model: Model
  /** Settles when the books are closed on it. */
  readonly gone: Deferred<void>
  readonly listeners: Disposable[]
}

export interface LoadedModelsOptions {
  readonly factoryOf: (model: string) => ModelFactory
  /** Hands an event to the scheduler. May be called at any time, also while another event is being carried out. */
  readonly dispatch: (event: Event) => void
  /** Something failed that nobody waits for: the close of a model, say. */
  readonly onStrayError: (model: string, error: unknown) => void
}

/**
 * Starts and ends models: the asynchronous half of the scheduler's effects. Each promise that is begun here ends in an event;
 * what arrives after its load was given up is closed.
 */
export class LoadedModels {
  readonly #options: LoadedModelsOptions
  readonly #loading = new Map<number, AbortController>()
  readonly #loaded = new Map<number, LoadedModel>()

  constructor(options: LoadedModelsOptions) {
    this.#options = options
  }

  get(generation: number): LoadedModel | undefined {
    return this.#loaded.get(generation)
  }

  startLoad(generation: number, name: string, variant: LoadableVariant): void {
    const controller = new AbortController()
    this.#loading.set(generation, controller)
    this.#own(name, this.#load(generation, name, variant, controller.signal))
  }

  abortLoad(generation: number): void {
    this.#loading.get(generation)?.abort(new ModelLoadError('The load was aborted.'))
  }

  dispose(generation: number): void {
    this.#end(generation, (model) => model.close())
  }

  kill(generation: number, reason: Error): void {
    this.#end(generation, (model) => model.kill(reason))
  }

  stopRun(generation: number, run: number): void {
    this.#loaded.get(generation)?.model.stopRun(run)
  }

  /** The scheduler has written it off. */
  forget(generation: number): void {
    const loaded = this.#loaded.get(generation)
    this.#loaded.delete(generation)
    for (const listener of loaded?.listeners ?? []) listener[Symbol.dispose]()
    loaded?.gone.resolve()
  }

  async #load(
    generation: number,
    name: string,
    variant: LoadableVariant,
    signal: AbortSignal,
  ): Promise<void> {
    const { dispatch, factoryOf } = this.#options
    let model: Model
    try {
      const given = await factoryOf(name)({
        key: variant.key,
        source: variant.source,
        isolation: variant.isolation,
        translation: variant.translation,
        signal,
        onProgress: (fraction) => {
          if (fraction >= 0 && fraction <= 1) dispatch({ type: 'load-progress', generation, fraction })
        },
      })
      model = checkModel(given, variant.key)
    } catch (error) {
      this.#loading.delete(generation)
      return dispatch({ type: 'load-failed', generation, error })
    }
    this.#loading.delete(generation)
    this.#keep(generation, variant.key, model)
    const { memoryBytes: measured } = model
    const memoryBytes = measured > 0 && Number.isFinite(measured) ? measured : variant.estimateBytes
    dispatch({ type: 'load-ended', generation, memoryBytes })
  }

  /** The model is in the books before the scheduler hears of it, and so before anybody can get a lease on it. */
  #keep(generation: number, key: ModelKey, model: Model): void {
    const { dispatch } = this.#options
    const listeners: Disposable[] = []
    this.#loaded.set(generation, { generation, key, model, gone: new Deferred(), listeners })
    listeners.push(model.onLost((error) => dispatch({ type: 'lost', generation, error })))
    const onRun = model.onRun?.(({ run, phase }) => {
      dispatch({ type: phase === 'started' ? 'run-started' : 'run-ended', generation, run })
    })
    if (onRun) listeners.push(onRun)
  }

  #end(generation: number, end: (model: Model) => Promise<void>): void {
    const loaded = this.#loaded.get(generation)
    if (loaded) this.#own(loaded.key.name, this.#close(loaded, end))
  }

  async #close({ generation, key, model }: LoadedModel, end: (model: Model) => Promise<void>): Promise<void> {
    try {
      await end(model)
    } catch (error) {
      this.#options.onStrayError(key.name, error)
    }
    this.#options.dispatch({ type: 'unload-ended', generation })
    // Of a load that came too late the scheduler knows nothing, so it says nothing of its end either.
    this.forget(generation)
  }

  #own(model: string, work: Promise<void>): void {
    void work.catch((error: unknown) => this.#options.onStrayError(model, error))
  }
}

/** What the runtime itself calls; the verbs belong to the tasks. */
const METHODS = ['onLost', 'stopRun', 'close', 'kill'] as const

/** A factory is foreign code: what it gives is looked at before anybody relies on it. */
function checkModel(model: Model | undefined, key: ModelKey): Model {
  const isModel =
    typeof model === 'object' &&
    model !== null &&
    Array.isArray(model.tasks) &&
    METHODS.every((name) => typeof model[name] === 'function')
  if (isModel) return model
  throw new ModelLoadError(`The factory of ${formatKey(key)} gave ${describe(model)} instead of a model.`, {
    model: key.name,
  })
}

function describe(value: unknown): string {
  return value === undefined || value === null ? String(value) : `a ${typeof value} that is not one`
}
