// Tells a story of loads and uses with the built package and a real model, and prints the resident memory at each of its points.
// Usage: node --expose-gc memory-stories.mjs <story> <folder of a model>
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntime } from '../../dist/index.js'

const [, , story, source] = process.argv
const texts = Array.from({ length: 64 }, (_, n) => `a sentence about memory, number ${n}`)
const seen = {}
let opened

async function open(models) {
  opened = await createRuntime({ models }, { logger: { warn: () => {} } })
  return opened
}

/** The least of several readings: what is there, not what is about to be freed. */
async function note(point) {
  const readings = []
  for (let n = 0; n < 5; n++) {
    globalThis.gc()
    await new Promise((resolve) => setTimeout(resolve, 20))
    readings.push(process.memoryUsage.rss())
  }
  seen[point] = Math.min(...readings)
}

/** A copy of the model's folder in which there is a second file, of dtype fp16, that is no graph. */
function folderWithBrokenFile() {
  const folder = mkdtempSync(join(tmpdir(), 'leasehold-'))
  cpSync(source, folder, { recursive: true })
  writeFileSync(join(folder, 'onnx', 'model_fp16.onnx'), Buffer.alloc(4_000_000, 7))
  return folder
}

const stories = {
  /** One caller, then 64 at once. */
  async callers() {
    const runtime = await open({ m: { source } })
    await runtime.embed('m', texts[0])
    await note('one')
    await Promise.all(texts.map((text) => runtime.embed('m', text)))
    await note('many')
  },

  /** The preferred file is broken and the fallback serves; then a replacement fails as well. */
  async fallback() {
    const folder = folderWithBrokenFile()
    const models = {
      plain: { source: folder, dtype: 'int8' },
      fallback: { source: folder, dtype: 'fp16', fallback: [{ dtype: 'int8' }] },
    }
    const runtime = await open(models)
    await runtime.embed('plain', texts)
    await note('plain')
    await runtime.unload('plain')
    await runtime.embed('fallback', texts)
    await note('fallback')
    await runtime.swap('fallback', { dtype: 'fp16', fallback: [] }).catch(() => {})
    await runtime.embed('fallback', texts)
    await note('kept')
    await runtime.embed('plain', texts)
    await note('both')
    rmSync(folder, { recursive: true })
  },

  /** Loaded and unloaded 50 times. */
  async reloads() {
    const runtime = await open({ m: { source } })
    for (let n = 1; n <= 50; n++) {
      await runtime.load('m')
      await runtime.embed('m', texts.slice(0, 4))
      await runtime.unload('m')
      if (n === 2) await note('after2')
    }
    await note('after50')
  },

  /** Loaded, used, closed. */
  async shutdown() {
    const runtime = await open({ m: { source } })
    await runtime.embed('m', texts)
    await note('loaded')
    await runtime.close()
    await note('closed')
  },
}

await note('bare')
await stories[story]()
await opened.close()
console.log(JSON.stringify(seen))
