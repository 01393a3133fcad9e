import type { Command } from 'commander'
import type { EmbedFlags } from './embed.ts'
import type { ExitCode } from './exit-code.ts'
import { BUNDLED_MODEL } from './model-folder.ts'

const EXAMPLES = `
Input is the arguments; those that end in .jsonl are files with a line {"text": "…"} or {"input": "…"} for each text, and
an "id" if you like. Without arguments, or with -, a text is a line of standard input.
Output is a JSON line for each text, in the order of the input: {"index": 0, "embedding": [0.1, …]}.

Examples:
  leasehold embed "a text" "another one"
  leasehold embed docs.jsonl > vectors.jsonl
  cat lines.txt | leasehold embed --with-text | head -n 3
  leasehold embed --model ./models/bge-small-en --input-type query "how do I …?"

Ctrl-C stops cleanly: it says how far it came and ends with 130; every line that was written is whole.`

export function embedCommand(program: Command, end: (code: ExitCode) => void): void {
  program
    .command('embed')
    .description('turn texts into vectors, as JSON lines')
    .argument('[text...]', 'texts, or .jsonl files; none, or -, for standard input')
    .option('--model <folder>', 'folder of a model', BUNDLED_MODEL)
    .option('--dtype <dtype>', 'quantisation: fp32, fp16, int8, q8 or q4')
    .option('--dimensions <number>', 'keep the first values of each vector and normalise again')
    .option('--input-type <type>', "put the model's prompt for it in front: query or document")
    .option('--no-truncate', "fail on a text over the model's limit instead of cutting it")
    .option(
      '--chunk',
      "run a text over the model's limit piece by piece and average the pieces by their length",
    )
    .option('--with-text', 'repeat the text in the output')
    .option('--jsonl', 'standard input has JSON lines')
    .addHelpText('after', EXAMPLES)
    .action(async (parameters: string[], flags: EmbedFlags) => {
      const { embed } = await import('./embed.ts')
      end(await embed(parameters, flags))
    })
}
