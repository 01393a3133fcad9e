// Reranking by the engine alone, as it is inside a resident's thread.
import { CrossEncoderModel } from '../../dist/engine/cross-encoder-model.js'
import { EmbeddingModel } from '../../dist/engine/embedding-model.js'
import { EncoderLoad } from '../../dist/engine/encoder-load.js'
import { lateInteraction, normalizeRows } from '../../dist/engine/late-interaction.js'
import { ortSessions } from '../../dist/engine/ort-session.js'
import { RunCancellation } from '../../dist/engine/run-cancellation.js'
import { GRAPH_FILES } from '../../dist/registry/graph-files.js'

const loadOf = ({ source, dtype }) =>
  new EncoderLoad({
    folder: source,
    graphFile: `onnx/${GRAPH_FILES[dtype]}`,
    openSession: ortSessions(1, new BigUint64Array(new SharedArrayBuffer(8))),
    sparesCores: false,
    signal: new AbortController().signal,
    onProgress() {},
  })

const statesOf = ({ values, start, size, rows }) => values.subarray(start, start + rows * size)

/** What a method is to a loop: `prepare` the queries, `encode` a document for one of them, `run` a batch. */
const METHODS = {
  async late_interaction(model) {
    const engine = await EmbeddingModel.load(loadOf(model))
    const size = engine.dimensions
    const encode = (text, inputType) => engine.encode(text, 0, { inputType, truncate: true }).ids
    const run = (items, sink) => engine.run(items, new RunCancellation(), sink)
    return {
      isBatchInvariant: engine.isBatchInvariant,
      async prepare(queries) {
        const prepared = []
        await run(
          queries.map((query) => ({ ids: encode(query, 'query') })),
          (row, output) => {
            prepared[row] = statesOf(output).slice()
            normalizeRows(prepared[row], size)
          },
        )
        return prepared
      },
      encode: (query, document) => ({ ids: encode(document, 'document'), query }),
      run: (items, sink) =>
        run(items, (row, output) => sink(row, lateInteraction(items[row].query, statesOf(output), size))),
    }
  },
  async cross_encoder(model) {
    const engine = await CrossEncoderModel.load(loadOf(model))
    return {
      isBatchInvariant: engine.isBatchInvariant,
      prepare: (queries) => queries.map((query) => engine.encodeQuery(query)),
      encode: (query, document) => engine.encodePair(query, document, Infinity),
      run: (items, sink) =>
        engine.run(items, new RunCancellation(), (row, { values, start }) =>
          sink(row, 1 / (1 + Math.exp(-values[start]))),
        ),
    }
  },
}

/** @param {'late_interaction' | 'cross_encoder'} method */
export const openReranker = (method, model) => METHODS[method](model)
