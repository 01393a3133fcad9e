import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ModelFolder } from './model-folder.ts'
import { listedFiles } from './model-manifest.ts'

/** What decides about a vector besides the graph. */
const CONFIGURATION = [
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
  '1_Pooling/config.json',
]

/**
 * Equal for models that give equal results: made of the digests in the manifest, which a load checks. What no manifest lists
 * counts by the place, size and time of its file: to read gigabytes again would cost more than a cache that starts empty after
 * a file was touched. To be asked before the load, so that a file that is replaced meanwhile is not taken for the new one.
 */
export function weightsId(path: string, graphFile: string): string {
  const listed = listedFiles(new ModelFolder(path), graphFile)
  const digests = listed.map((file) => `${file.path} ${file.sha256}`)
  const known = new Set(listed.map((file) => file.path))
  const stamps = [graphFile, ...weightsBeside(path, graphFile), ...CONFIGURATION]
    .filter((name) => !known.has(name))
    .map((name) => `${join(path, name)} ${stamp(join(path, name))}`)
  return createHash('sha256')
    .update([graphFile, ...digests, ...stamps].join('\n'))
    .digest('base64url')
}

/** A large graph keeps its weights in other files, which may be called anything. */
function weightsBeside(path: string, graphFile: string): string[] {
  const folder = dirname(graphFile)
  if (folder === '.') return []
  return readdirSync(join(path, folder))
    .filter((name) => !name.endsWith('.onnx'))
    .sort()
    .map((name) => join(folder, name))
}

function stamp(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? 'absent' : `${stat.size} ${stat.mtimeMs}`
}
