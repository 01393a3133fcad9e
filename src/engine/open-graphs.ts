import { join } from 'node:path'
import { onAbort } from '../kernel/abort.ts'
import { ModelLoadError } from '../kernel/errors.ts'
import { readGraphFacts, type GraphFacts } from './graph-facts.ts'
import type { ModelFolder } from './model-folder.ts'
import { checkDigests, listedFiles } from './model-manifest.ts'
import { OrtApi } from './ort-api.ts'
import { OrtSession } from './ort-session.ts'

export interface OpenOptions {
  readonly intraOpThreads: number
  /** One element for each graph; see `SessionOptions.address`. */
  readonly sessionAddresses: BigUint64Array
  readonly signal: AbortSignal
  /** Told the part of all files that is checked, 0 to 1. */
  onProgress(fraction: number): void
}

/** A graph that is loaded. Whoever opened it releases the session. */
export interface OpenGraph {
  readonly session: OrtSession
  readonly facts: GraphFacts
}

/**
 * Makes the sessions of a model's graphs while its files are being checked against its manifest. What fails the check is not
 * given out.
 *
 * @param graphFiles Relative to the folder.
 * @throws ModelLoadError naming the file that is missing, damaged or foreign; the signal's reason when aborted.
 */
export async function openGraphs(
  folder: ModelFolder,
  graphFiles: readonly string[],
  options: OpenOptions,
): Promise<OpenGraph[]> {
  const files = listedFiles(folder, ...graphFiles)
  const facts = graphFiles.map((file) => readGraphFacts(join(folder.path, file)))
  options.signal.throwIfAborted()
  const stop = new AbortController()
  const abortListener = onAbort(options.signal, (reason) => stop.abort(reason))
  const sessions: OrtSession[] = []
  const checking = checkDigests(folder, files, stop.signal, (fraction) => options.onProgress(fraction))
  const opening = openInto(sessions, folder, graphFiles, options, stop.signal)
  // Whichever fails first makes the other one stop.
  for (const part of [checking, opening]) part.catch((error: unknown) => stop.abort(error))
  await Promise.allSettled([checking, opening])
  abortListener[Symbol.dispose]()
  if (!stop.signal.aborted) {
    return sessions.map((session, index) => ({ session, facts: facts[index] as GraphFacts }))
  }
  for (const session of sessions) session.release()
  throw stop.signal.reason
}

/** For a load that fails while its graphs are being opened. Never rejects. */
export async function releaseWhenOpen(opening: Promise<readonly OpenGraph[]>): Promise<void> {
  const [opened] = await Promise.allSettled([opening])
  if (opened.status === 'fulfilled') for (const { session } of opened.value) session.release()
}

/** One after the other: each uses several threads while it is made. */
async function openInto(
  sessions: OrtSession[],
  folder: ModelFolder,
  graphFiles: readonly string[],
  { intraOpThreads, sessionAddresses }: OpenOptions,
  signal: AbortSignal,
): Promise<void> {
  const api = new OrtApi()
  for (const [index, file] of graphFiles.entries()) {
    const path = join(folder.path, file)
    const address = sessionAddresses.subarray(index, index + 1)
    try {
      sessions.push(await OrtSession.create(api, path, { intraOpThreads, address, signal }))
    } catch (cause) {
      if (cause instanceof ModelLoadError) throw cause
      throw new ModelLoadError(`ONNX Runtime cannot load ${path}.`, { cause })
    }
  }
}
