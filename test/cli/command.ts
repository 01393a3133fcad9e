import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export const BIN: string = join(import.meta.dirname, '..', '..', 'bin', 'leasehold.cjs')

export interface Running {
  child: ChildProcess
  stdout: () => string
  stderr: () => string
  /** The exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals | null>
  kill(): Promise<void>
}

/** Starts the built command, as a user would; it is killed when the test ends, if it still runs. */
export function start(parameters: readonly string[], environment: Record<string, string> = {}): Running {
  const running = startShared(parameters, environment)
  onTestFinished(() => running.kill())
  return running
}

/** The same for several tests: whoever starts it kills it. */
export function startShared(
  parameters: readonly string[],
  environment: Record<string, string> = {},
): Running {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('LEASEHOLD_')),
  )
  const child = spawn(process.execPath, [BIN, ...parameters], { env: { ...clean, ...environment } })
  const text = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (text.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (text.stderr += chunk.toString()))
  child.stdin.on('error', () => {})
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal))
  })
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  return { child, stdout: () => text.stdout, stderr: () => text.stderr, ended, kill }
}

/** Runs the command to its end, with `input` as standard input. */
export async function run(
  parameters: readonly string[],
  { input = '', environment = {} }: { input?: string; environment?: Record<string, string> } = {},
): Promise<{ code: number | NodeJS.Signals | null; stdout: string; stderr: string }> {
  const { child, ended, stdout, stderr } = start(parameters, environment)
  child.stdin?.end(input)
  return { code: await ended, stdout: stdout(), stderr: stderr() }
}
