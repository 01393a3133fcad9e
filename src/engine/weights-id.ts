import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { ModelFolder } from './model-folder.ts'
import { listedFiles } from './model-manifest.ts'

/** What decides about a vector besides the graph, where there is no manifest. */
const CONFIGURATION = [
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
  '1_Pooling/config.json',
]

/**
 * Equal for models that give equal results: made of the digests in the manifest, which a load has checked. For a folder
 * without a manifest it is made of the place, size and time of its files: to read gigabytes again would cost more than a
 * cache that starts empty after a file was touched.
 */
export function weightsId(path: string, graphFile: string): string {
  const folder = new ModelFolder(path)
  const files = listedFiles(folder, graphFile)
  const isListed = files.some((file) => file.path === graphFile)
  const facts = isListed
    ? files.map((file) => `${file.path} ${file.sha256}`)
    : [graphFile, ...CONFIGURATION].map((name) => `${join(path, name)} ${stamp(join(path, name))}`)
  return createHash('sha256')
    .update([graphFile, ...facts].join('\n'))
    .digest('base64url')
}

function stamp(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? 'absent' : `${stat.size} ${stat.mtimeMs}`
}
