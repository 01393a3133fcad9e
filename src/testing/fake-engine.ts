import type { Clock } from '../kernel/clock.ts'
import { formatKey, type ModelKey } from '../registry/model-key.ts'
import type { LoadRequest, Model, ModelFactory } from '../registry/model.ts'
import { elapse } from './elapse.ts'
import { FakeModel, type FakeModelState } from './fake-model.ts'
import { fillScript, type FakeScript, type FullScript } from './fake-script.ts'

/** What a fake engine has done so far. Every load that was started ends as exactly one of loaded, failed and aborted. */
export interface FakeCounts {
  /** Loads started. */
  loads: number
  loaded: number
  failed: number
  aborted: number
  /** Loads that have not ended. */
  loading: number
  /** Models that were loaded and are neither closed, killed nor lost. */
  resident: number
  closed: number
  killed: number
  /** Models that died, closed since or not. */
  lost: number
  /** Runs that began, over all models. */
  runs: number
  activeRuns: number
}

export interface FakeEngine {
  /** What to give to the runtime in place of a real engine. */
  readonly factory: ModelFactory
  /** Every model that was loaded, in the order in which the loads ended. */
  readonly models: readonly FakeModel[]
  readonly counts: FakeCounts
  /**
   * What no correct owner does: two loads of one key at once, a run after `close()`, a close in mid-run, a second close.
   * Empty at the end of every test.
   */
  readonly breaches: readonly string[]
  /**
   * Says how loads of a model go: the first load follows the first script, the second load the second, and the last script
   * serves all later ones. Replaces what was said before.
   *
   * @param model A name, for all its keys, or one key as `formatKey` writes it; the key wins.
   */
  script(model: string, ...scripts: readonly FakeScript[]): void
  /** The latest model of that name, `minilm`, that was loaded. Throws when there is none. */
  model(name: string): FakeModel
}

/** An engine that computes nothing and does what it is told, on a clock of the test's own. */
export function createFakeEngine(options: { clock: Clock }): FakeEngine {
  return new ScriptedEngine(options.clock)
}

class ScriptedEngine implements FakeEngine {
  readonly models: FakeModel[] = []
  readonly breaches: string[] = []
  readonly factory: ModelFactory = (request) => this.#load(request)
  readonly #clock: Clock
  readonly #scripts = new Map<string, FakeScript[]>()
  readonly #loadingKeys: string[] = []
  #loads = 0
  #failed = 0
  #aborted = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  script(model: string, ...scripts: readonly FakeScript[]): void {
    this.#scripts.set(model, [...scripts])
  }

  model(name: string): FakeModel {
    const found = this.models.findLast(({ key }) => key.name === name)
    if (found === undefined) throw new Error(`The fake engine has not loaded ${name}.`)
    return found
  }

  get counts(): FakeCounts {
    const inState = (...states: FakeModelState[]): number =>
      this.models.filter(({ state }) => states.includes(state)).length
    const sum = (of: (model: FakeModel) => number): number =>
      this.models.reduce((total, model) => total + of(model), 0)
    return {
      loads: this.#loads,
      loaded: this.models.length,
      failed: this.#failed,
      aborted: this.#aborted,
      loading: this.#loadingKeys.length,
      resident: inState('open', 'closing'),
      closed: inState('closed'),
      killed: inState('killed'),
      lost: this.models.filter(({ diedOf }) => diedOf !== undefined).length,
      runs: sum(({ runs }) => runs),
      activeRuns: sum(({ activeRuns }) => activeRuns),
    }
  }

  async #load(request: LoadRequest): Promise<Model> {
    const key = formatKey(request.key)
    const load = ++this.#loads
    if (this.#loadingKeys.includes(key)) this.breaches.push(`a second load of ${key} while one is in flight`)
    this.#loadingKeys.push(key)
    try {
      const script = this.#nextScript(request.key)
      await this.#elapseLoad(script, request)
      if (script.loadError) {
        this.#failed++
        throw script.loadError
      }
      const onBreach = (what: string): void => void this.breaches.push(what)
      const model = new FakeModel({ clock: this.#clock, key: request.key, load, script, onBreach })
      this.models.push(model)
      return model
    } finally {
      this.#loadingKeys.splice(this.#loadingKeys.indexOf(key), 1)
    }
  }

  async #elapseLoad(script: FullScript, request: LoadRequest): Promise<void> {
    const startMs = this.#clock.nowMs()
    const reports = script.progress.map(({ atMs, fraction }) =>
      this.#clock.callAt(startMs + atMs, () => request.onProgress(fraction)),
    )
    try {
      await elapse(this.#clock, script.loadMs, { signal: request.signal, abortMs: script.abortMs })
    } catch (reason) {
      this.#aborted++
      throw reason
    } finally {
      for (const report of reports) report.cancel()
    }
  }

  #nextScript(key: ModelKey): FullScript {
    const scripts = this.#scripts.get(formatKey(key)) ?? this.#scripts.get(key.name) ?? []
    const script = scripts.length > 1 ? scripts.shift() : scripts[0]
    return fillScript(script ?? {})
  }
}
