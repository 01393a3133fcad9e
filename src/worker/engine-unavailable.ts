import type { Isolation } from '../registry/isolation.ts'

const WAYS = { thread: 'by its C API', process: 'by the binding of onnxruntime-node' }

/** ONNX Runtime cannot be had in this way, whatever the model; in another it perhaps can. Never leaves this folder. */
export class EngineUnavailable extends Error {
  constructor(isolation: Isolation, cause: Error) {
    super(`ONNX Runtime cannot be had ${WAYS[isolation]}: ${cause.message}`, { cause })
  }
}
