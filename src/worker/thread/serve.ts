import type { OpenSession } from '../../engine/session.ts'
import { systemClock } from '../../kernel/clock.ts'
import { toWire } from '../../kernel/error-wire.ts'
import { ModelLoadError } from '../../kernel/errors.ts'
import type { FromThread, LoadData, ProtocolVersion, ToThread } from '../protocol.ts'
import type { Resident } from './resident.ts'
import { loadThreadModel, type ThreadModel } from './thread-model.ts'

const VERSION: number = 1 satisfies ProtocolVersion

/** The way to the main side. */
export interface ResidentPort {
  /** @param transfer Buffers that go over without a copy where that can be done. */
  send(message: FromThread, transfer?: ArrayBuffer[]): void
  onMessage(listener: (message: ToThread) => void): void
  /** Whatever was sent still arrives. Nothing keeps this side alive any more. */
  close(): void
}

export interface ServeOptions {
  readonly port: ResidentPort
  readonly data: LoadData
  /** How graphs are opened here. What it throws means that none can be. */
  readonly engine: () => Promise<OpenSession>
  /** Called when the number of runs in flight has changed, and before it is told otherwise. */
  readonly onRunsChanged: (activeRuns: number, model: ThreadModel) => void
}

/** The other side of a resident: loads one model, serves it until it is told to close, and closes the port then. */
export async function serve({ port, data, engine, onRunsChanged }: ServeOptions): Promise<void> {
  const closing = new AbortController()
  let resident: Resident<unknown> | undefined
  port.onMessage((message) => {
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
      case 'read':
        return resident?.read(message.id, message.sentences)
      case 'withdraw':
        return resident?.withdraw(message.id)
      case 'are-you-alive':
        return port.send({ type: 'alive' })
      case 'stop-run':
        return resident?.stopRun(message.run)
      case 'close':
        return closing.abort()
      default:
        return message satisfies never
    }
  })
  const openSession = await engine().catch((error: unknown) => {
    port.send({ type: 'engine-unavailable', error: toWire(error) })
    port.close()
  })
  if (openSession === undefined) return
  let model: ThreadModel
  try {
    const onProgress = inSteps((fraction) => port.send({ type: 'progress', fraction }))
    const loading = load(data, openSession, closing.signal, onProgress)
    // Its code is read while the model is being loaded.
    const [{ Resident }, loaded] = await Promise.all([import('./resident.ts'), loading])
    model = loaded
    resident = new Resident({
      model,
      clock: systemClock,
      send: (message, transfer) => port.send(message, transfer),
      onRunsChanged: (activeRuns) => onRunsChanged(activeRuns, loaded),
    })
  } catch (error) {
    port.send({ type: 'load-failed', error: toWire(error) })
    return port.close()
  }
  onRunsChanged(0, model)
  port.send({ type: 'loaded', description: model.description })
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

async function load(
  { version, folder, graphFile, sparesCores, translation }: LoadData,
  openSession: OpenSession,
  signal: AbortSignal,
  onProgress: (fraction: number) => void,
): Promise<ThreadModel> {
  const theirs: number = version
  if (theirs !== VERSION) {
    throw new ModelLoadError(
      `The engine speaks version ${VERSION} and the main side ${theirs}: dist/ is a mixture of two builds.`,
    )
  }
  return await loadThreadModel({
    folder,
    graphFile,
    sparesCores,
    translation,
    openSession,
    signal,
    onProgress,
  })
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
