// The engine alone, as it is inside a resident's thread: the one place of the bench that knows its classes.
import { EmbeddingModel } from '../../dist/engine/embedding-model.js'
import { EncoderLoad } from '../../dist/engine/encoder-load.js'
import { ortSessions } from '../../dist/engine/ort-session.js'
import { normalize, pooled } from '../../dist/engine/pooling.js'
import { RunCancellation } from '../../dist/engine/run-cancellation.js'
import { GRAPH_FILES } from '../../dist/registry/graph-files.js'

const OPTIONS = { inputType: 'unspecified', truncate: true }

/**
 * @param {{ source: string, dtype: string }} model
 * @param {number} intraOpThreads
 */
export async function openEngine({ source, dtype }, intraOpThreads) {
  const load = new EncoderLoad({
    folder: source,
    graphFile: `onnx/${GRAPH_FILES[dtype]}`,
    openSession: ortSessions(intraOpThreads, new BigUint64Array(new SharedArrayBuffer(8))),
    sparesCores: false,
    signal: new AbortController().signal,
    onProgress() {},
  })
  const model = await EmbeddingModel.load(load)
  const { pooling } = model.config
  return {
    /** @param {string} text @returns {Int32Array} */
    encode: (text) => model.encode(text, 0, OPTIONS).ids,
    /** @param {readonly Int32Array[]} batch @returns {Promise<Float32Array[]>} */
    async run(batch) {
      const vectors = []
      const items = batch.map((ids) => ({ ids }))
      await model.run(items, new RunCancellation(), (row, output) => {
        vectors[row] = pooled(pooling, output)
        normalize(vectors[row])
      })
      return vectors
    },
  }
}
