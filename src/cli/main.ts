import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { LeaseholdError, ConfigError } from '../kernel/errors.ts'
import { doctorCommand } from './doctor-command.ts'
import { embedCommand } from './embed-command.ts'
import { CommandError, EXIT, type ExitCode } from './exit-code.ts'
import { rerankCommand } from './rerank-command.ts'
import { serveCommand } from './serve-command.ts'
import { translateCommand } from './translate-command.ts'

const HELP = `
Start with:
  leasehold serve                      a server on 127.0.0.1:8000 that OpenAI's clients can use
  leasehold embed "a text" "another"   vectors as JSON lines
  leasehold rerank "query" docs.jsonl  documents in the order in which they answer a query
  leasehold translate --to hi "a text"  texts in another language
  leasehold doctor                     what this machine can do, and what is wrong with it

Exit codes: 0 done, 1 the work failed, 2 the command line or configuration is wrong, 3 the address cannot be
listened on, 130 interrupted.`

/** Runs one command line; sets the exit code of the process. */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader that is gone (`| head`) is no fault; without a listener it would end the process.
  process.stdout.on('error', () => {})
  let exitCode: ExitCode = EXIT.ok
  const program = createProgram((code) => (exitCode = code))
  try {
    await program.parseAsync(argv)
  } catch (error) {
    exitCode = report(error)
  }
  process.exitCode = exitCode
}

function createProgram(end: (code: ExitCode) => void): Command {
  const program = new Command('leasehold')
    .description('Serves machine-learning models, safely and fast under concurrency.')
    .version(packageVersion(), '-v, --version')
    .addHelpText('after', HELP)
    .showHelpAfterError('Run with --help to see what there is.')
    .exitOverride()
  serveCommand(program, end)
  embedCommand(program, end)
  rerankCommand(program, end)
  translateCommand(program, end)
  doctorCommand(program, end)
  return program
}

/** Prints what went wrong, without a stack where the message says it all. */
function report(error: unknown): ExitCode {
  // Commander has printed its own message.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (error instanceof CommandError) {
    process.stderr.write(`leasehold: ${error.message}\n`)
    return error.exitCode
  }
  if (error instanceof LeaseholdError) {
    process.stderr.write(`leasehold: ${error.message}\n`)
    return error instanceof ConfigError ? EXIT.usage : EXIT.failed
  }
  process.stderr.write(
    `leasehold: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  )
  return EXIT.failed
}

function packageVersion(): string {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
