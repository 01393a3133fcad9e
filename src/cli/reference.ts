import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Comparison {
  /** Cosines between the vectors of this machine and those of the file. */
  mean: number
  least: number
  texts: number
}

interface ReferenceFile {
  items: { text: string; embedding: number[] }[]
}

/** Embeds the texts of a model's `reference.json`, where it has one, and compares. */
export async function compareWithReference(
  folder: string,
  embed: (texts: string[]) => Promise<readonly Float32Array[]>,
): Promise<Comparison | undefined> {
  const path = join(folder, 'reference.json')
  if (!existsSync(path)) return undefined
  const { items } = JSON.parse(readFileSync(path, 'utf8')) as ReferenceFile
  const vectors = await embed(items.map(({ text }) => text))
  const cosines = items.map(({ embedding }, index) => cosine(embedding, vectors[index] as Float32Array))
  const total = cosines.reduce((sum, value) => sum + value, 0)
  return { mean: total / cosines.length, least: Math.min(...cosines), texts: cosines.length }
}

function cosine(a: readonly number[], b: Float32Array): number {
  let [dot, squaresA, squaresB] = [0, 0, 0]
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? Number.NaN
    dot += value * other
    squaresA += value * value
    squaresB += other * other
  }
  return dot / Math.sqrt(squaresA * squaresB)
}
