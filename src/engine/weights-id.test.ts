import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { weightsId } from './weights-id.ts'

const MODEL = join(import.meta.dirname, '../../models/all-MiniLM-L6-v2')
const GRAPH = 'onnx/model_int8.onnx'
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'leasehold-weights-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('is that of the digests, wherever the folder lies', () => {
  cpSync(MODEL, folder, { recursive: true })
  writeFileSync(join(folder, 'onnx/model.onnx'), 'another graph')
  expect(weightsId(folder, GRAPH)).toBe(weightsId(MODEL, GRAPH))
})

it.each(['tokenizer.json', 'onnx/model_int8.onnx_data', GRAPH])(
  'is another one once %s has changed',
  (name) => {
    cpSync(MODEL, folder, { recursive: true, filter: (path) => !path.endsWith('manifest.json') })
    writeFileSync(join(folder, 'onnx/model_int8.onnx_data'), 'weights')
    const before = weightsId(folder, GRAPH)
    expect(weightsId(folder, GRAPH)).toBe(before)
    appendFileSync(join(folder, name), 'x')
    expect(weightsId(folder, GRAPH)).not.toBe(before)
  },
)
