import { readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { LineCounter, parseDocument, type Document } from 'yaml'
import { ConfigError } from '../kernel/errors.ts'
import { dotted, type FieldPath } from './problems.ts'
import type { ConfigSource } from './source.ts'

/**
 * Reads a configuration file: YAML, of which JSON is a part. A model's `source` or `textProcessing` that begins with a dot is taken from the
 * folder of the file.
 *
 * @throws ConfigError that names the file and the line
 */
export function readConfigFile(path: string): ConfigSource {
  const lines = new LineCounter()
  const document = parseDocument(readText(path), { lineCounter: lines, prettyErrors: false })
  const lineAt = (offset: number): number => lines.linePos(offset).line
  const [fault] = document.errors
  if (fault !== undefined) {
    throw new ConfigError(`${path}:${lineAt(fault.pos[0])}: ${fault.message}`, { field: path, cause: fault })
  }
  const values: unknown = document.toJS() ?? {}
  if (typeof values !== 'object' || Array.isArray(values)) {
    throw new ConfigError(`${path} must be a mapping of fields, such as "models:".`, { field: path })
  }
  anchorSources(values, dirname(path))
  return {
    values: values as Record<string, unknown>,
    nameOf: (field) => `${dotted(field)} (${basename(path)}:${lineAt(offsetOf(document, field))})`,
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read'
    throw new ConfigError(`The configuration file ${path} ${reason}.`, { field: '--config', cause: error })
  }
}

/** Where the innermost part of the path that is there begins. */
function offsetOf(document: Document, field: FieldPath): number {
  for (let length = field.length; length > 0; length--) {
    const node = document.getIn(field.slice(0, length), true) as
      { range?: [number, number, number] } | undefined
    if (node?.range) return node.range[0]
  }
  return 0
}

/** Paths that begin with a dot are taken from the folder of the file. */
const ANCHORED: ReadonlySet<string> = new Set(['source', 'textProcessing'])

function anchorSources(values: unknown, folder: string): void {
  if (typeof values !== 'object' || values === null) return
  for (const [key, value] of Object.entries(values)) {
    if (ANCHORED.has(key) && typeof value === 'string' && value.startsWith('.')) {
      Object.assign(values, { [key]: resolve(folder, value) })
    } else {
      anchorSources(value, folder)
    }
  }
}
