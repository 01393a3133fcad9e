import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The model that comes with the package: int8, loaded through the default registry into a real thread. */
export const REAL_MODEL: string = join(import.meta.dirname, '..', '..', 'models', 'all-MiniLM-L6-v2')

const bundled = (name: string): string => join(import.meta.dirname, '..', '..', 'models', name)

/** Both directions of the translator that comes with the package. */
export const TRANSLATORS: Readonly<Record<'en-hi' | 'hi-en', string>> = {
  'en-hi': bundled('translate-en-hi-tiny'),
  'hi-en': bundled('translate-hi-en-tiny'),
}

/** Sentences of 1 to 24 words, all different. */
export function sentences(count: number): string[] {
  const words = ['lease', 'thread', 'vector', 'queue', 'model', 'memory', 'batch', 'token', 'clock', 'slot']
  return Array.from({ length: count }, (_, index) => {
    const length = 1 + ((index * 7) % 24)
    return (
      Array.from({ length }, (_, n) => `${words[(index + n * 3) % words.length]}`).join(' ') + ` ${index}`
    )
  })
}

/** Runs a story of `memory-stories.mjs` in a process of its own; answers the resident memory that it read on its way, in bytes. */
export async function residentMemoryIn(story: string): Promise<Record<string, number>> {
  const file = join(import.meta.dirname, 'memory-stories.mjs')
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', file, story, REAL_MODEL])
  return JSON.parse(stdout) as Record<string, number>
}
