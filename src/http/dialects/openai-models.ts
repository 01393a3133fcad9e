import { InvalidInputError, ModelNotFoundError } from '../../kernel/errors.ts'
import { nearest } from '../../kernel/nearest.ts'
import type { ModelStatus } from '../../manager/status.ts'
import type { Task } from '../../registry/model.ts'
import type { ServedRuntime } from '../served-runtime.ts'
import { shownName } from '../shown-name.ts'

/** One entry of `GET /v1/models`, with the `status` that llama.cpp and llama-swap add and UIs show. */
export interface ModelObject {
  id: string
  object: 'model'
  /** Seconds since 1970. */
  created: number
  owned_by: string
  /** Other names that requests may use. */
  aliases: string[]
  tasks: readonly string[]
  /** Known once the model was loaded. */
  dimensions?: number
  max_tokens?: number
  status: { value: 'loaded' | 'unloaded' | 'loading'; failed?: true; progress?: { value: number } }
}

export class ModelList {
  readonly #runtime: ServedRuntime
  readonly #aliases: ReadonlyMap<string, string>
  readonly #createdSeconds: number

  /** `createdSeconds`: since 1970; OpenAI gives each model one, and a folder of files has none that means anything. */
  constructor(runtime: ServedRuntime, aliases: ReadonlyMap<string, string>, createdSeconds: number) {
    this.#runtime = runtime
    this.#aliases = aliases
    this.#createdSeconds = createdSeconds
  }

  all(): ModelObject[] {
    return this.#runtime.models().map((status) => this.#describe(status, status.name))
  }

  /** By name or alias; throws `ModelNotFoundError`. */
  get(id: string): ModelObject {
    return this.#describe(this.#runtime.status(this.nameOf(id)), id)
  }

  /** What an alias stands for; any other name as it is. */
  nameOf(id: string): string {
    return this.#aliases.get(id) ?? id
  }

  /**
   * What a request gets that names no model: the first that does nothing else, or else the first that can do it, as far as
   * is known before a load. An embedding model reranks, too.
   */
  defaultFor(task: Task): string {
    const able = this.#runtime.models().filter(({ tasks }) => tasks.includes(task))
    const choice = able.find(({ tasks }) => tasks.length === 1) ?? able[0]
    if (choice !== undefined) return choice.name
    throw new InvalidInputError(`Name a model: none of those that are served can ${task}.`, {
      field: 'model',
    })
  }

  /** Every name and alias that a request may use. */
  names(): string[] {
    return [...this.#runtime.models().map((status) => status.name), ...this.#aliases.keys()]
  }

  /** An unknown model is reported in the words that OpenAI's users know, with the nearest name of ours. */
  async explained<T>(id: string, call: () => T | Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof ModelNotFoundError)) throw error
      const similar = nearest(id, this.names())
      const hint =
        similar === undefined ? 'GET /v1/models lists those that do.' : `Did you mean \`${similar}\`?`
      const message = `The model \`${shownName(id)}\` does not exist or you do not have access to it. ${hint}`
      throw new ModelNotFoundError(message, { model: id, cause: error })
    }
  }

  #describe(status: ModelStatus, id: string): ModelObject {
    const aliases = [...this.#aliases].filter(([, name]) => name === status.name).map(([alias]) => alias)
    return {
      id,
      object: 'model',
      created: this.#createdSeconds,
      owned_by: 'leasehold',
      aliases,
      tasks: status.tasks,
      ...(status.embedding && {
        dimensions: status.embedding.dimensions,
        max_tokens: status.embedding.maxTokens,
      }),
      status: statusOf(status),
    }
  }
}

function statusOf({ state, isLoading, progress }: ModelStatus): ModelObject['status'] {
  // A model that is being replaced serves until the new one does.
  if (state === 'ready' || state === 'draining') return { value: 'loaded' }
  if (isLoading) return { value: 'loading', ...(progress !== undefined && { progress: { value: progress } }) }
  return { value: 'unloaded', ...(state === 'failed' && { failed: true }) }
}
