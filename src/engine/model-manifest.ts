import { createHash } from 'node:crypto'
import { createReadStream, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ModelLoadError } from '../kernel/errors.ts'
import type { JsonObject, ModelFolder } from './model-folder.ts'

const MANIFEST = 'manifest.json'

/** What a manifest says of a file; `path` is relative to the folder. */
export interface ListedFile {
  readonly path: string
  readonly sizeBytes: number
  readonly sha256: string
}

/**
 * The files of a model that `manifest.json` lists, where the folder has one, with their sizes checked. Graphs of a
 * quantisation that is not being loaded are left out: they may be absent.
 * @param graphFiles The graphs that are to be loaded, relative to the folder.
 * @throws ModelLoadError naming the file that is missing or has another size.
 */
export function listedFiles(folder: ModelFolder, ...graphFiles: readonly string[]): ListedFile[] {
  const manifest = folder.optionalJson(MANIFEST)
  if (manifest === undefined) return []
  const files = readFiles(folder, manifest).filter(
    ({ path }) => graphFiles.includes(path) || !/\.onnx(_data|\.data)?$/.test(path),
  )
  for (const file of files) checkSize(folder, file)
  return files
}

/**
 * @param onProgress Told the part of all bytes that is checked, 0 to 1.
 * @throws ModelLoadError naming the file that has another SHA-256.
 */
export async function checkDigests(
  folder: ModelFolder,
  files: readonly ListedFile[],
  signal: AbortSignal,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const totalBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0)
  let checkedBytes = 0
  for (const file of files) {
    const digest = await sha256(join(folder.path, file.path), signal, (bytes) => {
      checkedBytes += bytes
      onProgress(checkedBytes / totalBytes)
    })
    if (digest === file.sha256) continue
    throw new ModelLoadError(
      `${join(folder.path, file.path)} is damaged: its SHA-256 should be ${file.sha256} and is ${digest}. Fetch it again.`,
    )
  }
}

function readFiles(folder: ModelFolder, manifest: JsonObject): ListedFile[] {
  const files = manifest['files']
  const wrong = new ModelLoadError(
    `${join(folder.path, MANIFEST)} should have "files": { "<path>": { "sizeBytes": number, "sha256": "<hex>" } }.`,
  )
  if (typeof files !== 'object' || files === null) throw wrong
  return Object.entries(files as JsonObject).map(([path, entry]) => {
    const { sizeBytes, sha256 } = (entry ?? {}) as { sizeBytes?: unknown; sha256?: unknown }
    if (typeof sizeBytes !== 'number' || typeof sha256 !== 'string') throw wrong
    return { path, sizeBytes, sha256 }
  })
}

function checkSize(folder: ModelFolder, file: ListedFile): void {
  const path = join(folder.path, file.path)
  if (!existsSync(path)) throw new ModelLoadError(`${path} is missing; ${MANIFEST} lists it.`)
  const { size } = statSync(path)
  if (size === file.sizeBytes) return
  const how = size < file.sizeBytes ? 'cut short' : 'too long'
  throw new ModelLoadError(
    `${path} is ${how}: it should have ${file.sizeBytes} bytes and has ${size}. Fetch it again.`,
  )
}

async function sha256(path: string, signal: AbortSignal, onBytes: (bytes: number) => void): Promise<string> {
  const hash = createHash('sha256')
  const chunks = createReadStream(path, { highWaterMark: 2 ** 20, signal }) as AsyncIterable<Buffer>
  for await (const chunk of chunks) {
    hash.update(chunk)
    onBytes(chunk.length)
  }
  return hash.digest('hex')
}
