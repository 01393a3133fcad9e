import { setMaxListeners } from 'node:events'
import { loadConfig } from '../config/load.ts'
import { createRuntime, type Runtime } from '../index.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { LineOutput } from './line-output.ts'
import { modelFromFolder, type ModelFlags } from './model-folder.ts'
import { onStopSignal, type StopSignal } from './stop-signals.ts'

/** What a command works with. */
export interface JobParts {
  readonly runtime: Runtime
  /** Of the one model that there is. */
  readonly model: string
  readonly output: LineOutput
  /** Aborts when the job is to end before it has come to its end. */
  readonly signal: AbortSignal
}

export interface Job {
  run(parts: JobParts): Promise<void>
  /** How far it came, for people who stopped it. */
  describeStop(): string
}

/** Runs a job on the model of `folder` until it is done, the reader is gone or a signal comes. */
export async function runJob(folder: string, flags: ModelFlags, job: Job): Promise<ExitCode> {
  const { name: model, source } = modelFromFolder(folder, flags)
  const stop = new AbortController()
  // Every text that is begun listens; beyond ten Node would suspect a leak and say so.
  setMaxListeners(0, stop.signal)
  let stoppedBy: StopSignal | undefined
  using _signals = onStopSignal((signal) => {
    stoppedBy = signal
    stop.abort()
  })
  const output = new LineOutput(process.stdout, () => stop.abort())
  await using runtime = await createRuntime(loadConfig([source]).runtime)
  try {
    await job.run({ runtime, model, output, signal: stop.signal })
    return EXIT.ok
  } catch (error) {
    // Whoever reads has enough: nothing is wrong.
    if (output.isGone) return EXIT.ok
    if (stoppedBy === undefined) throw error
    process.stderr.write(`${job.describeStop()}\n`)
    return stoppedBy === 'SIGINT' ? EXIT.interrupted : EXIT.terminated
  } finally {
    process.stdin.destroy()
  }
}
