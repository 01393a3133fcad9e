import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ModelFolder } from './model-folder.ts'
import { checkDigests, listedFiles } from './model-manifest.ts'

const GRAPH = 'onnx/model.onnx'
let path: string

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'manifest-'))
  mkdirSync(join(path, 'onnx'))
  writeFileSync(join(path, GRAPH), 'weights')
  writeManifest({ [GRAPH]: entryOf('weights') })
})
afterEach(() => rmSync(path, { recursive: true }))

const entryOf = (content: string): object => ({
  sizeBytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
})
const writeManifest = (files: unknown): void =>
  writeFileSync(join(path, 'manifest.json'), JSON.stringify({ files }))
async function check(
  signal = new AbortController().signal,
  onProgress: (part: number) => void = () => {},
): Promise<void> {
  const folder = new ModelFolder(path)
  await checkDigests(folder, listedFiles(folder, GRAPH), signal, onProgress)
}

describe('a folder with a manifest', () => {
  it('passes when every file is as it says', async () => {
    const seen: number[] = []
    await check(undefined, (part) => seen.push(part))
    expect(seen.at(-1)).toBe(1)
  })

  it('fails on a changed byte, naming the file', async () => {
    writeFileSync(join(path, GRAPH), 'Weights')
    await expect(check()).rejects.toThrow(/onnx\/model\.onnx is damaged: its SHA-256/)
  })

  it('fails on a file that is cut short, saying by how much', async () => {
    writeFileSync(join(path, GRAPH), 'weig')
    await expect(check()).rejects.toThrow(/cut short: it should have 7 bytes and has 4/)
  })

  it('fails on a file that is missing', async () => {
    writeManifest({ [GRAPH]: entryOf('weights'), 'tokenizer.json': entryOf('{}') })
    await expect(check()).rejects.toThrow(/tokenizer\.json is missing/)
  })

  it('does not ask for graphs of other quantisations', async () => {
    writeManifest({ [GRAPH]: entryOf('weights'), 'onnx/model_fp16.onnx': entryOf('other') })
    await expect(check()).resolves.toBeUndefined()
  })

  it('stops when aborted', async () => {
    await expect(check(AbortSignal.abort(new Error('enough')))).rejects.toThrow()
  })

  it.each([[undefined], [{ [GRAPH]: 7 }], [{ [GRAPH]: { sizeBytes: '7', sha256: 'x' } }]])(
    'fails when the manifest itself is wrong: %j',
    async (files) => {
      writeManifest(files)
      await expect(check()).rejects.toThrow(/manifest\.json should have/)
    },
  )
})

it('a folder without a manifest passes', async () => {
  rmSync(join(path, 'manifest.json'))
  await expect(check()).resolves.toBeUndefined()
})
