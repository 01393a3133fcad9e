import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isCrossEncoder } from '../kernel/architectures.ts'

/** Whether the folder holds a model that reranks and does nothing else. */
export function isRerankerFolder(folder: string): boolean {
  try {
    return isCrossEncoder(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')))
  } catch {
    // No configuration, or not a readable one: what is wrong with it is said by the load.
    return false
  }
}
