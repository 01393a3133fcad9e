import { statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { ModelConfig } from '../config/schema.ts'
import type { ConfigSource } from '../config/source.ts'
import { CommandError, EXIT } from './exit-code.ts'

const bundled = (name: string): string => join(import.meta.dirname, '..', '..', 'models', name)

/** The model that comes with the package: what the commands use unless told otherwise. */
export const BUNDLED_MODEL: string = bundled('all-MiniLM-L6-v2')

/** Both directions of the translator that comes with the package, by their languages. */
export const BUNDLED_TRANSLATORS: ReadonlyMap<string, string> = new Map([
  ['en-hi', bundled('translate-en-hi-tiny')],
  ['hi-en', bundled('translate-hi-en-tiny')],
])

export interface ModelFlags {
  name?: string
  dtype?: string
}

/** A configuration of the one model in `folder`, named after it. @throws CommandError when there is no such folder */
export function modelFromFolder(
  folder: string,
  { name, dtype }: ModelFlags,
): { name: string; source: ConfigSource } {
  const path = resolve(folder)
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) throw new CommandError(EXIT.usage, `The model folder ${folder} does not exist.`)
  if (!stat.isDirectory())
    throw new CommandError(EXIT.usage, `${folder} is a file; a model is the folder that holds its files.`)
  const modelName = name ?? basename(path)
  const model: ModelConfig = { source: path, preload: true }
  if (dtype !== undefined) Object.assign(model, { dtype })
  return {
    name: modelName,
    source: {
      values: { models: { [modelName]: model } },
      nameOf: (field) =>
        field[2] === 'dtype' ? '--dtype' : field.length === 2 ? '--name' : `the folder ${folder}`,
    },
  }
}

/** What a server without a configuration serves: the bundled model at once, the translators as soon as one is asked for. */
export function bundledModels(flags: ModelFlags): { name: string; source: ConfigSource } {
  const single = modelFromFolder(BUNDLED_MODEL, flags)
  const translators = [...BUNDLED_TRANSLATORS.values()].map((folder): [string, ModelConfig] => [
    basename(folder),
    { source: folder, task: 'translate', group: 'bundled-translators' },
  ])
  const models = { ...(single.source.values['models'] as object), ...Object.fromEntries(translators) }
  return { name: single.name, source: { ...single.source, values: { models } } }
}
