import type { Command } from 'commander'
import type { ExitCode } from './exit-code.ts'
import type { TranslateFlags } from './translate.ts'

const EXAMPLES = `
Input is the arguments; those that end in .jsonl are files with a line {"text": "…"} or {"input": "…"} for each text, and
an "id" if you like. Without arguments, or with -, a text is a line of standard input.
Output is a line of text for each text, in the order of the input; with --json, and for files, a JSON line
{"index": 0, "translation": "…"}.

Examples:
  leasehold translate --to hi "Please stop the car near the temple."
  leasehold translate --from hi --to en < lines.txt
  leasehold translate --to hi --with-text docs.jsonl > translated.jsonl
  leasehold translate --model ./models/nllb-200-distilled-600M --from en --to fr "Good morning."

The models that come with Leasehold translate between English (en) and Hindi (hi), in a narrow domain.
Ctrl-C stops cleanly: it says how far it came and ends with 130; every line that was written is whole.`

export function translateCommand(program: Command, end: (code: ExitCode) => void): void {
  program
    .command('translate')
    .description('turn texts into another language')
    .argument('[text...]', 'texts, or .jsonl files; none, or -, for standard input')
    .option('--from <language>', 'language of the texts', 'en')
    .requiredOption('--to <language>', 'language that is wanted')
    .option('--model <folder>', 'folder of a model (default: the bundled one for the two languages)')
    .option('--dtype <dtype>', 'quantisation: fp32, fp16, int8, q8 or q4')
    .option('--json', 'write JSON lines')
    .option('--with-text', 'repeat the text in the output; as JSON lines')
    .option('--jsonl', 'standard input has JSON lines, and so has the output')
    .addHelpText('after', EXAMPLES)
    .action(async (parameters: string[], flags: TranslateFlags) => {
      const { translate } = await import('./translate.ts')
      end(await translate(parameters, flags))
    })
}
