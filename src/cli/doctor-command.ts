import type { Command } from 'commander'
import type { DoctorFlags } from './doctor.ts'
import type { ExitCode } from './exit-code.ts'
import { BUNDLED_MODEL } from './model-folder.ts'

const HELP = `
It loads the model, embeds with it and compares the vectors with those that the folder's reference.json holds, so that
"ok" means that it works. A warning (!) tells what could be better, a fault (✗) what does not work.
Exit codes: 0 nothing is at fault, 1 something is.`

export function doctorCommand(program: Command, end: (code: ExitCode) => void): void {
  program
    .command('doctor')
    .description('say what this machine can do, and what is wrong with it')
    .option('--model <folder>', 'folder of a model', BUNDLED_MODEL)
    .option('--port <number>', 'port that the server shall listen on', '8000')
    .addHelpText('after', HELP)
    .action(async (flags: DoctorFlags) => {
      const { doctor } = await import('./doctor.ts')
      end(await doctor(flags))
    })
}
