import { join } from 'node:path'
import { onAbort } from '../kernel/abort.ts'
import { ModelLoadError } from '../kernel/errors.ts'
import { readGraphFacts, type GraphFacts } from './graph-facts.ts'
import type { ModelFolder } from './model-folder.ts'
import { checkDigests, listedFiles } from './model-manifest.ts'
import type { OpenSession, Session } from './session.ts'

export interface OpenOptions {
  readonly openSession: OpenSession
  readonly sparesCores: boolean
  readonly signal: AbortSignal
  /** Told the part of all files that is checked, 0 to 1. */
  onProgress(fraction: number): void
}

/** A graph that is loaded. Whoever opened it releases the session. */
export interface OpenGraph {
  readonly session: Session
  readonly facts: GraphFacts
}

/**
 * Makes the sessions of a model's graphs while its files are being checked against its manifest, or before that where cores
 * are to be spared. What fails the check is not given out.
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
  options.signal.throwIfAborted()
  const stop = new AbortController()
  const abortListener = onAbort(options.signal, (reason) => stop.abort(reason))
  const sessions: Session[] = []
  const check = (): Promise<void> =>
    checkDigests(folder, files, stop.signal, (fraction) => options.onProgress(fraction))
  const opening = openInto(sessions, folder, graphFiles, options, stop.signal)
  const checking = options.sparesCores ? opening.then(check) : check()
  // Whichever fails first makes the other one stop.
  for (const part of [checking, opening]) part.catch((error: unknown) => stop.abort(error))
  let facts: GraphFacts[] = []
  try {
    facts = graphFiles.map((file) => readGraphFacts(join(folder.path, file)))
  } catch (error) {
    stop.abort(error)
  }
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
  sessions: Session[],
  folder: ModelFolder,
  graphFiles: readonly string[],
  { openSession }: OpenOptions,
  signal: AbortSignal,
): Promise<void> {
  for (const [index, file] of graphFiles.entries()) {
    const path = join(folder.path, file)
    try {
      sessions.push(await openSession(path, index, signal))
    } catch (cause) {
      throw new ModelLoadError(`ONNX Runtime cannot load ${path}.`, { cause })
    }
  }
}
