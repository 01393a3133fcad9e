// Translates with both directions of a group, a text with placeholders, and a longer one sentence by sentence as they are done.
import { createRuntime } from 'leasehold'

await using runtime = await createRuntime({
  models: {
    'en-hi': { source: './models/translate-en-hi-tiny', group: 'hindi' },
    'hi-en': { source: './models/translate-hi-en-tiny', group: 'hindi' },
  },
})
const hindi = { source: 'en', target: 'hi' }

for (const { model, targets } of runtime.translators()) console.log(model, targets)

const { texts, servedBy, timings } = await runtime.translate(hindi, [
  'Please stop the car near the temple.',
  'The car number is {plate}. 😀',
])
console.log(texts.join('\n'))
console.log(`${servedBy}: both directions loaded in ${timings.loadMs.toFixed(0)} ms`)

const back = await runtime.translate({ source: 'hi', target: 'en' }, 'मेरी बेटी बारह साल की है।')
console.log(`${back.texts[0]} (loaded with the other: ${back.timings.loadMs.toFixed(0)} ms)`)

const story = 'They like this train.\n\nThe neighbour was friendly. He sometimes drives his car.'
for await (const { sentence, translation } of runtime.translate(hindi, story, { stream: true })) {
  console.log(sentence, JSON.stringify(translation))
}

if (!texts[1]?.includes('{plate}')) throw new Error('The placeholder should have survived.')
