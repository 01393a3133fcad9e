// Loads a model, uses it and unloads it, one time after the other, and prints how many stacks are left after the second and
// after the last.
import { readFileSync } from 'node:fs'
import { loadTranslator } from './translation/load-translator.mjs'

const [source, rounds] = process.argv.slice(2)

/** A stack is known by the page before it, which nobody may touch. */
function stacks() {
  const mappings = readFileSync('/proc/self/maps', 'utf8').trim().split('\n')
  return mappings.filter((mapping) => {
    const [range, access] = mapping.split(' ')
    const [start, end] = range.split('-').map((address) => BigInt(`0x${address}`))
    return access === '---p' && end - start === 4096n
  }).length
}

const counted = []
for (let round = 1; round <= Number(rounds); round++) {
  const model = await loadTranslator(source)
  await Promise.all(
    ['They like this train.', 'The child reads a new book.'].map((text) => model.translate([text])),
  )
  await model.close()
  counted.push(stacks())
}
console.log(JSON.stringify([counted[1], counted.at(-1)]))
