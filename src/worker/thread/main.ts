import { getHeapStatistics } from 'node:v8'
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import type { ThreadData } from '../protocol.ts'
import { serve } from './serve.ts'
import type { ThreadModel } from './thread-model.ts'

/** Entry of a worker thread with a resident. It ends by itself when nothing is left that would keep it alive. */
async function serveThread(port: MessagePort, data: ThreadData): Promise<void> {
  const { activeRuns, memoryBytes, sessionAddresses, valueAddresses } = data.gauges
  let leave = (): void => {}
  await serve({
    port: {
      send: (message, transfer = []) => port.postMessage(message, transfer),
      onMessage: (listener) => port.on('message', listener),
      close: () => port.close(),
    },
    data,
    async engine() {
      // Imported late: where koffi cannot be loaded, the main side is told so.
      const [{ ortSessions }, { releaseCallStacks }] = await Promise.all([
        import('../../engine/ort-session.ts'),
        import('../../engine/ort-api.ts'),
      ])
      leave = releaseCallStacks
      return ortSessions(data.intraOpThreads, sessionAddresses, valueAddresses)
    },
    onRunsChanged(runs, model) {
      Atomics.store(activeRuns, 0, runs)
      Atomics.store(memoryBytes, 0, BigInt(memoryOf(model)))
    },
  })
  leave()
}

/** What this thread takes: the model's native memory, and the heap of its own JavaScript. */
function memoryOf(model: ThreadModel): number {
  const heap = getHeapStatistics()
  return model.nativeBytes + heap.total_physical_size + heap.malloced_memory + heap.external_memory
}

if (parentPort === null) throw new Error('This file is the entry of a worker thread.')
await serveThread(parentPort, workerData as ThreadData)
