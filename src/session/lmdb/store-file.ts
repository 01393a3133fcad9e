import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from '../../kernel/errors.ts'
import { newSessionId } from '../names.ts'

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
    // First of all: a file that is somebody else's is left as it is.
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0 && !hasMagic(path))
      throw new ConfigError(`${path} is not a session store: it is no LMDB file. Name another one.`)
    for (const file of [path, `${path}-lock`]) keepToUser(file)
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

/**
 * The lock file must never be opened here: when a process closes any handle of a file, it loses all its locks on it (POSIX),
 * and other processes would take those of another thread, or of a store that is open already, for dead. So a new file gets
 * its name only after it was closed.
 */
function keepToUser(path: string): void {
  const draft = `${path}.${newSessionId()}`
  try {
    const { mode } = statSync(path)
    if ((mode & 0o077) !== 0) chmodSync(path, 0o600)
    accessSync(path, constants.R_OK | constants.W_OK)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    closeSync(openSync(draft, 'wx', 0o600))
    try {
      linkSync(draft, path)
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error
    } finally {
      unlinkSync(draft)
    }
  }
}

function hasMagic(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const head = Buffer.alloc(MAGIC_OFFSET + 4)
    readSync(file, head, 0, head.length, 0)
    return head.readUInt32LE(MAGIC_OFFSET) === MAGIC
  } finally {
    closeSync(file)
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
