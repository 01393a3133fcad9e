import type { Mode } from '../backend.ts'
import type { DeepReadonly, SessionManager, SessionValues, Update, WriteReceipt } from '../types.ts'
import { mirrorTo } from './framework-mirror.ts'
import { plain } from './plain.ts'

/**
 * For moving an application over step by step: works on a framework's session and on ours at once. What is only in the
 * framework's session is taken over when it is first asked for; every write goes to ours first and is then copied.
 *
 * ```ts
 * const session = new SafeSessionWrapper(sessions.open(req.sessionID), req.session)
 * await session.update(({ visits = 0 }) => ({ visits: visits + 1 }))
 * ```
 */
export class SafeSessionWrapper<S extends SessionValues = SessionValues> {
  readonly #manager: SessionManager<S, Mode>
  readonly #framework: Record<string, unknown> | undefined

  /** @param framework The framework's session, if there is one. */
  constructor(manager: SessionManager<S, Mode>, framework?: object | null) {
    this.#manager = manager
    this.#framework = (framework ?? undefined) as Record<string, unknown> | undefined
  }

  async get<K extends keyof S & string>(key: K): Promise<DeepReadonly<S[K]> | undefined>
  async get<K extends keyof S & string, D>(key: K, fallback: D): Promise<DeepReadonly<S[K]> | D>
  async get(key: keyof S & string, fallback?: unknown): Promise<unknown> {
    if (!(await this.#manager.exists(key)) && this.#hasOnlyThere(key)) await this.#takeOver(key)
    return this.#manager.get(key, fallback)
  }

  async has(key: keyof S & string): Promise<boolean> {
    return (await this.#manager.exists(key)) || this.#hasOnlyThere(key)
  }

  async set<K extends keyof S & string>(key: K, value: S[K]): Promise<WriteReceipt> {
    return this.#copied(await this.#manager.set(key, value), [key])
  }

  /** Answers whether the key was there, on either side. */
  async delete(key: keyof S & string): Promise<boolean> {
    const wasThere = this.#hasOnlyThere(key)
    const wasOurs = await this.#manager.delete(key)
    await this.#copied(undefined, [key])
    return wasThere || wasOurs
  }

  /** As `atomicUpdate`, on what both sides have; ours where both have a key. */
  async update(fn: (fields: DeepReadonly<S>) => Update<S>): Promise<WriteReceipt> {
    const there = this.#plain()
    let keys: string[] = []
    const receipt = await this.#manager.atomicUpdate((fields) => {
      const changed = fn({ ...there, ...fields })
      keys = Object.keys(changed)
      return changed
    })
    return this.#copied(receipt, keys)
  }

  #hasOnlyThere(key: string): boolean {
    return this.#framework !== undefined && Object.hasOwn(this.#framework, key) && key !== 'cookie'
  }

  /** Unless somebody else did so meanwhile, or wrote something newer. */
  async #takeOver(key: keyof S & string): Promise<void> {
    const value = this.#plain()[key] as S[typeof key]
    await this.#manager.atomicUpdate((fields) =>
      Object.hasOwn(fields, key) || value === undefined
        ? undefined
        : ({ [key]: value } as unknown as Update<S>),
    )
  }

  async #copied<R>(receipt: R, keys: readonly string[]): Promise<R> {
    const fields = ((await this.#manager.read()) ?? {}) as Record<string, unknown>
    const set = Object.fromEntries(
      keys.filter((key) => Object.hasOwn(fields, key)).map((key) => [key, fields[key]]),
    )
    const removed = keys.filter((key) => !Object.hasOwn(fields, key))
    mirrorTo(() => this.#framework).write(set, removed)
    return receipt
  }

  /** As it would be stored. */
  #plain(): Record<string, unknown> {
    if (this.#framework === undefined) return {}
    const { cookie: _cookie, ...fields } = plain(this.#framework)
    return fields
  }
}
