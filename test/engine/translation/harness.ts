import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ortSessions } from '../../../src/engine/ort-session.ts'
import { RunCancellation } from '../../../src/engine/run-cancellation.ts'
import type { RunItem } from '../../../src/engine/run-item.ts'
import type { TargetRow } from '../../../src/engine/translation/target-rows.ts'
import { TranslationModel } from '../../../src/engine/translation/translation-model.ts'

const ROOT = join(import.meta.dirname, '../../..')
export const tinyModel = (direction: string): string => join(ROOT, `models/translate-${direction}-tiny`)
export const fixture = (name: string): string => join(ROOT, 'test/fixtures/translation', name)

/** A model in this thread, without a resident around it. Its owner calls `release()`. */
export function loadHere(folder: string, encoder = 'onnx/encoder_model.onnx'): Promise<TranslationModel> {
  return TranslationModel.load({
    folder,
    graphFile: encoder,
    openSession: ortSessions(1, new BigUint64Array(new SharedArrayBuffer(16))),
    signal: new AbortController().signal,
    sparesCores: false,
    onProgress: () => {},
  })
}

export async function runHere(model: TranslationModel, items: readonly RunItem[]): Promise<TargetRow[]> {
  const rows: TargetRow[] = []
  await model.run(items, new RunCancellation(), (index, row) => {
    rows[index] = row
  })
  return rows
}

export function referenceOf<Entry>(folder: string): Entry[] {
  return JSON.parse(readFileSync(join(folder, 'reference.json'), 'utf8')) as Entry[]
}
