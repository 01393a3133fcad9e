// Kills translators in the middle of their work, one after the other, and prints the resident memory in MB after the second
// and after the last.
import { loadTranslator } from './load-translator.mjs'

const [source, rounds] = process.argv.slice(2)
const book = Array.from({ length: 2_000 }, (_, n) => `They like this train ${n}.`).join(' ')
const residentMb = () => Math.round(process.memoryUsage().rss / 1e6)

const read = []
for (let round = 1; round <= Number(rounds); round++) {
  const model = await loadTranslator(source)
  const isRunning = new Promise((resolve) => {
    let started = 0
    model.onRun(({ phase }) => {
      if (phase === 'started' && ++started === 5) resolve()
    })
  })
  const work = model.translate([book]).catch(() => {})
  await isRunning
  await model.kill(new Error('stuck'))
  await work
  globalThis.gc()
  read.push(residentMb())
}
console.log(JSON.stringify([read[1], read.at(-1)]))
