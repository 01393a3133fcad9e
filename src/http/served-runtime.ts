import type { Runtime } from '../services/runtime.ts'

/** What the server needs of a runtime. */
export type ServedRuntime = Pick<
  Runtime,
  'embed' | 'rerank' | 'translate' | 'translators' | 'models' | 'status' | 'readiness' | 'metrics'
>
