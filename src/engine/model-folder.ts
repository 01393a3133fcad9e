import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ModelLoadError } from '../kernel/errors.ts'

/** Parsed JSON of which nothing is known yet; `embedding-config.ts` checks each value that it takes. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Names of the hub for a graph in each quantisation, inside `onnx/` or beside the configuration. */
const GRAPH_FILES: Readonly<Record<string, string>> = {
  fp32: 'model.onnx',
  fp16: 'model_fp16.onnx',
  int8: 'model_int8.onnx',
  q8: 'model_quantized.onnx',
  q4: 'model_q4.onnx',
}

/** A folder of model files in the layout of the hub. Every failure is a `ModelLoadError` that names the file. */
export class ModelFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
    if (!existsSync(path)) throw new ModelLoadError(`The model folder ${path} does not exist.`)
    if (!statSync(path).isDirectory()) throw new ModelLoadError(`${path} is not a folder of model files.`)
  }

  has(name: string): boolean {
    return existsSync(join(this.path, name))
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

  /** Path, relative to the folder, of the graph in this quantisation. */
  graphFile(dtype: string): string {
    const file = GRAPH_FILES[dtype]
    const found = file && [`onnx/${file}`, file].find((name) => this.has(name))
    if (found) return found
    const present = Object.keys(GRAPH_FILES).filter((other) => this.#hasGraph(other))
    throw new ModelLoadError(
      `${this.path} has no file for dtype ${dtype} (onnx/${file ?? '?'}). ` +
        (present.length > 0 ? `It has: ${present.join(', ')}.` : 'It has no model file at all.'),
    )
  }

  #hasGraph(dtype: string): boolean {
    return this.has(`onnx/${GRAPH_FILES[dtype]}`) || this.has(String(GRAPH_FILES[dtype]))
  }
}
