import { ConfigError } from '../kernel/errors.ts'

/** An optional package, imported when it is needed. Rejects with a `ConfigError` that says what to do when it is not installed. */
export async function importPeer<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error
    throw new ConfigError(`These sessions need the package ${name}: npm install ${name}`, { cause: error })
  }
}
