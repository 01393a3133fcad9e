import { closeSync, fchmodSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from '../../kernel/errors.ts'

/** First word of the first meta page of the LMDB that the package brings, and where it stands. */
const MAGIC = 0xbeefc0de
const MAGIC_OFFSET = 24

/**
 * Sees to it that LMDB can open a file, before it tries: it ends the process on a file that is not its own. Makes the folder,
 * the file and its lock file where they are missing, for this user alone. Throws `ConfigError`, with the cause.
 */
export function prepareStoreFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    checkFile(path, true)
    checkFile(`${path}-lock`, false)
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    throw new ConfigError(
      `The session store ${path} cannot be opened for writing (${code ?? message}). ` +
        'Name a file in a folder that this user may write.',
      { cause: error },
    )
  }
}

function checkFile(path: string, isData: boolean): void {
  // For reading and writing; made with these rights, so that there is no moment at which others could read it.
  const file = openSync(path, 'a+', 0o600)
  try {
    const { mode, size } = fstatSync(file)
    if ((mode & 0o077) !== 0) fchmodSync(file, 0o600)
    if (isData && size > 0 && !hasMagic(file))
      throw new ConfigError(`${path} is not a session store: it is no LMDB file. Name another one.`)
  } finally {
    closeSync(file)
  }
}

function hasMagic(file: number): boolean {
  const head = Buffer.alloc(MAGIC_OFFSET + 4)
  readSync(file, head, 0, head.length, 0)
  return head.readUInt32LE(MAGIC_OFFSET) === MAGIC
}
