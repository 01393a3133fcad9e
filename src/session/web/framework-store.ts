import { SessionConflictError } from '../../kernel/errors.ts'
import type { Mode } from '../backend.ts'
import type { Sessions } from '../sessions.ts'
import { LoadedBase } from './loaded-base.ts'
import { thaw } from './thaw.ts'
import { plain } from './plain.ts'
import { mergeThreeWay } from './three-way-merge.ts'

/** What a framework keeps, as far as a store looks at it. */
export interface FrameworkSession {
  cookie?: { expires?: Date | string | null | undefined; maxAge?: number | null | undefined } | undefined
}

export type StoreCallback<T = void> = (error: unknown, result?: T) => void

export interface FrameworkStoreOptions {
  /** Top-level keys that hold counters: when two requests change one, both changes count. @default none */
  counters?: readonly string[]
  /** How long a session without an expiry of its own is kept. @default 86_400_000 (a day) */
  ttlMs?: number
}

/**
 * A store as express-session and @fastify/session want it: they load a session when a request begins and save the whole of it
 * when it ends, without knowing of each other. So a save is taken as the changes since the load, and those are merged into
 * what the session has become. A session that was destroyed meanwhile stays destroyed: the save is dropped, and counted in
 * `refusedRevivals`.
 */
export interface FrameworkStore {
  get(id: string, callback: StoreCallback<FrameworkSession | null>): void
  set(id: string, session: object, callback?: StoreCallback): void
  destroy(id: string, callback?: StoreCallback): void
  touch(id: string, session: object, callback?: StoreCallback): void
  all(callback: StoreCallback<Record<string, FrameworkSession>>): void
  length(callback: StoreCallback<number>): void
  clear(callback?: StoreCallback): void
}

const DAY_MS = 86_400_000

/** For @fastify/session, and what else takes stores of that kind. For express-session there is `expressStore`. */
export function frameworkStore(
  sessions: Sessions<Mode>,
  { counters = [], ttlMs: defaultTtlMs = DAY_MS }: FrameworkStoreOptions = {},
): FrameworkStore {
  const isCounter = (key: string): boolean => counters.includes(key)

  function timeToLiveMs({ cookie }: FrameworkSession): number {
    const endsAtMs = cookie?.expires ? Number(new Date(cookie.expires)) : NaN
    // Neither is a date that is none an end.
    return Number.isNaN(endsAtMs) ? defaultTtlMs : endsAtMs - sessions.wallMs()
  }

  async function load(id: string): Promise<FrameworkSession | null> {
    const fields = await sessions.open(id).read()
    if (fields === undefined) return null
    const session = thaw(fields) as Record<string, unknown>
    new LoadedBase(fields).attachTo(session)
    return session
  }

  async function save(id: string, session: object): Promise<void> {
    const ttlMs = timeToLiveMs(session)
    if (ttlMs <= 0) return end(id)
    const base = LoadedBase.of(session)
    const mine = plain(session)
    const update = (fields: object): Record<string, unknown> =>
      mergeThreeWay(base?.fields ?? {}, mine, fields as Record<string, unknown>, isCounter)
    try {
      await sessions.open(id, { mustExist: base !== undefined }).atomicUpdate(update, { ttlMs })
    } catch (error) {
      if (!(error instanceof SessionConflictError)) throw error
      sessions.noteRefusedRevival()
      return
    }
    new LoadedBase(mine).attachToOwn(session)
  }

  async function touch(id: string, session: object): Promise<void> {
    const ttlMs = timeToLiveMs(session)
    if (ttlMs <= 0) return end(id)
    const { cookie } = plain(session)
    try {
      await sessions.open(id, { mustExist: true }).atomicUpdate(() => ({ cookie }), { ttlMs })
      if (cookie !== undefined) LoadedBase.of(session)?.agree('cookie', cookie)
    } catch (error) {
      if (!(error instanceof SessionConflictError)) throw error
    }
  }

  async function end(id: string): Promise<void> {
    await sessions.open(id).destroy()
  }

  async function allIds(): Promise<string[]> {
    const ids = new Set<string>()
    let cursor: string | undefined
    do {
      const page = await sessions.list(cursor === undefined ? {} : { cursor })
      for (const id of page.ids) ids.add(id)
      cursor = page.cursor
    } while (cursor !== undefined)
    return [...ids]
  }

  async function all(): Promise<Record<string, FrameworkSession>> {
    const found: Record<string, FrameworkSession> = {}
    for (const id of await allIds()) {
      const fields = await sessions.open(id).read()
      if (fields !== undefined) found[id] = thaw(fields) as FrameworkSession
    }
    return found
  }

  async function clear(): Promise<void> {
    for (const id of await allIds()) await end(id)
  }

  return {
    get: (id, callback) => answer(load(id), callback),
    set: (id, session, callback) => answer(save(id, session), callback),
    destroy: (id, callback) => answer(end(id), callback),
    touch: (id, session, callback) => answer(touch(id, session), callback),
    all: (callback) => answer(all(), callback),
    length: (callback) =>
      answer(
        allIds().then((ids) => ids.length),
        callback,
      ),
    clear: (callback) => answer(clear(), callback),
  }
}

/** In a turn of its own: what a callback throws is not ours to catch. */
function answer<T>(work: Promise<T>, callback: StoreCallback<T> = () => {}): void {
  work.then(
    (result) => setImmediate(callback, null, result),
    (error: unknown) => setImmediate(callback, error),
  )
}
