// For scripts that run in a process of their own and load the same translator again and again.
import { onnxFactory } from '../../../dist/worker/onnx-factory.js'

const load = onnxFactory()

/** @param {string} source @returns {Promise<import('../../../dist/registry/model.js').Model>} */
export const loadTranslator = (source) =>
  load({
    key: { name: 'm', revision: '', dtype: 'q8', device: 'cpu' },
    source,
    signal: new AbortController().signal,
    onProgress: () => {},
  })
