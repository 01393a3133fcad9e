// transformers.js on the same files, with callers in its process.
import { env, pipeline } from '@huggingface/transformers'
import { answer } from './child.mjs'
import { closedLoop } from './loops.mjs'

let translate

answer({
  /** @param {{ source: string, dtype: string }} model */
  async start({ source, dtype }) {
    env.allowRemoteModels = false
    env.localModelPath = ''
    translate = await pipeline('translation', source, { dtype })
  },
  translateLoop: ({ texts, callers }) => closedLoop(texts, callers, (text) => translate(text)),
})
