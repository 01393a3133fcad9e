import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ModelLoadError } from '../kernel/errors.ts'

/** Parsed JSON of which nothing is known yet; `embedding-config.ts` checks each value that it takes. */
export type JsonObject = Readonly<Record<string, unknown>>

/** A folder of model files in the layout of the hub. Every failure is a `ModelLoadError` that names the file. */
export class ModelFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
    if (!existsSync(path)) throw new ModelLoadError(`The model folder ${path} does not exist.`)
    if (!statSync(path).isDirectory()) throw new ModelLoadError(`${path} is not a folder of model files.`)
  }

  /** A file that the model cannot do without. */
  json(name: string): JsonObject {
    const content = this.optionalJson(name)
    if (content === undefined) throw new ModelLoadError(`${join(this.path, name)} is missing.`)
    return content
  }

  optionalJson(name: string): JsonObject | undefined {
    const path = join(this.path, name)
    if (!existsSync(path)) return undefined
    let content: unknown
    try {
      content = JSON.parse(readFileSync(path, 'utf8'))
    } catch (cause) {
      throw new ModelLoadError(`${path} cannot be read as JSON.`, { cause })
    }
    if (typeof content !== 'object' || content === null)
      throw new ModelLoadError(`${path} should hold a JSON object.`)
    return content as JsonObject
  }
}
