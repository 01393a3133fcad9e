import type { SessionMirror } from '../mirror.ts'
import { setOwn } from '../value.ts'
import { LoadedBase } from './loaded-base.ts'
import { thaw } from './thaw.ts'

/**
 * Copies what is changed through a manager into a framework's own session, so that code which still reads `req.session` sees it.
 *
 * ```ts
 * const session = sessions.open(req.sessionID, { mirror: mirrorTo(() => req.session) })
 * ```
 *
 * @param current The session at the moment of a write; without one, nothing is copied and nothing fails.
 */
export function mirrorTo(current: () => object | null | undefined): SessionMirror {
  return {
    write(set, removed) {
      const session = current()
      if (session === null || session === undefined) return false
      const base = LoadedBase.of(session)
      for (const [key, value] of Object.entries(set)) {
        setOwn(session, key, thaw(value))
        base?.agree(key, value)
      }
      for (const key of removed) {
        Reflect.deleteProperty(session, key)
        base?.agree(key, undefined)
      }
      return true
    },
  }
}
