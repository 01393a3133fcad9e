import { getHeapStatistics } from 'node:v8'
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { ortSessions } from '../../engine/ort-session.ts'
import { systemClock } from '../../kernel/clock.ts'
import { toWire } from '../../kernel/error-wire.ts'
import { ModelLoadError } from '../../kernel/errors.ts'
import type { FromThread, ProtocolVersion, ThreadData, ToThread } from '../protocol.ts'
import { Resident } from './resident.ts'
import { loadThreadModel, type ThreadModel } from './thread-model.ts'

const VERSION: number = 1 satisfies ProtocolVersion

/**
 * The other side of a resident: loads one model, serves it until it is told to close, and ends by itself then, when
 * nothing is left that would keep the thread alive.
 */
async function serve(port: MessagePort, data: ThreadData): Promise<void> {
  const send = (message: FromThread, transfer: ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer)
  const closing = new AbortController()
  let resident: Resident<unknown> | undefined
  port.on('message', (message: ToThread) => {
    switch (message.type) {
      case 'embed':
      case 'rerank':
      case 'translate':
        return resident?.ask(message)
      case 'runs-granted':
        resident?.permits.grant(message.runs)
        return resident?.scheduleTurn()
      case 'run-recalled':
        resident?.permits.recall()
        return resident?.scheduleTurn()
      case 'withdraw':
        return resident?.withdraw(message.id)
      case 'stop-runs':
        return resident?.stopRuns()
      case 'close':
        return closing.abort()
      default:
        return message satisfies never
    }
  })
  let model: ThreadModel
  try {
    const onProgress = inSteps((fraction) => send({ type: 'progress', fraction }))
    model = await loadModel(data, closing.signal, onProgress)
  } catch (error) {
    send({ type: 'load-failed', error: toWire(error) })
    return port.close()
  }
  const writeGauges = (activeRuns: number): void => {
    Atomics.store(data.gauges.activeRuns, 0, activeRuns)
    Atomics.store(data.gauges.memoryBytes, 0, BigInt(memoryBytes(model)))
  }
  writeGauges(0)
  resident = new Resident({
    model,
    clock: systemClock,
    send,
    onRunsChanged: writeGauges,
  })
  send({ type: 'loaded', description: model.description })
  await aborted(closing.signal)
  await resident.close()
  model.release()
  port.close()
}

/** Passes on what is a hundredth or more beyond what was passed on last. */
function inSteps(onProgress: (fraction: number) => void): (fraction: number) => void {
  let last = 0
  return (fraction) => {
    if (fraction < last + 0.01) return
    last = fraction
    onProgress(fraction)
  }
}

async function loadModel(
  data: ThreadData,
  signal: AbortSignal,
  onProgress: (fraction: number) => void,
): Promise<ThreadModel> {
  const theirs: number = data.version
  if (theirs !== VERSION) {
    throw new ModelLoadError(
      `The thread speaks version ${VERSION} and the main side ${theirs}: dist/ is a mixture of two builds.`,
    )
  }
  const { folder, graphFile, intraOpThreads, gauges } = data
  const openSession = ortSessions(intraOpThreads, gauges.sessionAddresses)
  return await loadThreadModel({ folder, graphFile, openSession, signal, onProgress })
}

/** What this thread takes: the model's native memory, and the heap of its own JavaScript. */
function memoryBytes(model: ThreadModel): number {
  const heap = getHeapStatistics()
  return model.nativeBytes + heap.total_physical_size + heap.malloced_memory + heap.external_memory
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

if (parentPort === null) throw new Error('This file is the entry of a worker thread.')
await serve(parentPort, workerData as ThreadData)
