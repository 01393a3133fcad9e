/** What the process ends with; `docs/cli.md` has the table. */
export const EXIT = {
  ok: 0,
  /** The work failed: a model cannot be loaded, an input is wrong, a check of `doctor` failed. */
  failed: 1,
  /** The command line or the configuration is wrong; nothing was done. */
  usage: 2,
  /** The address to listen on cannot be had. */
  cannotListen: 3,
  /** Ctrl-C, as shells report it: 128 + the number of the signal. */
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Ends a command with a message for people and a code for scripts. */
export class CommandError extends Error {
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CommandError'
    this.exitCode = exitCode
  }
}
