import type { Mode } from '../backend.ts'
import type { Sessions } from '../sessions.ts'
import { frameworkStore, type FrameworkStoreOptions } from './framework-store.ts'

/**
 * A store for express-session.
 *
 * ```ts
 * import session from 'express-session'
 * app.use(session({ store: expressStore(session, sessions), secret, resave: false, saveUninitialized: false }))
 * ```
 *
 * @param session The module express-session: what its stores have in common comes from there.
 */
export function expressStore<Store extends object>(
  session: { Store: abstract new () => Store },
  sessions: Sessions<Mode>,
  options?: FrameworkStoreOptions,
): Store {
  // Abstract in its types alone; what is abstract there is what is added here.
  const Store = session.Store as unknown as new () => Store
  return Object.assign(new Store(), frameworkStore(sessions, options))
}
