import type { Command } from 'commander'
import type { ExitCode } from './exit-code.ts'
import { BUNDLED_MODEL } from './model-folder.ts'
import type { RerankFlags } from './rerank.ts'

const EXAMPLES = `
The first argument is the query. Documents are the other arguments; those that end in .jsonl are files with a line
{"text": "…"} or {"input": "…"} for each document, and an "id" if you like. Without any, or with -, a document is a line of
standard input.
Output is a JSON line for each document, the best first: {"index": 3, "score": 0.81}; index counts the documents from 0.

Examples:
  leasehold rerank "how do I …?" "one document" "another"
  leasehold rerank "how do I …?" docs.jsonl --top-n 5 --with-text
  grep -rh lease docs | leasehold rerank "who may unload a model?" --top-n 3 --with-text

An embedding model reranks by late interaction, a cross-encoder (--model) by its own scores.`

export function rerankCommand(program: Command, end: (code: ExitCode) => void): void {
  program
    .command('rerank')
    .description('order documents by how well they answer a query, as JSON lines')
    .argument('<query>', 'what the documents should answer')
    .argument('[document...]', 'documents, or .jsonl files; none, or -, for standard input')
    .option('--model <folder>', 'folder of a model', BUNDLED_MODEL)
    .option('--dtype <dtype>', 'quantisation: fp32, fp16, int8, q8 or q4')
    .option('--top-n <number>', 'only so many of the best')
    .option('--max-tokens-per-doc <number>', 'only so many tokens of each document count')
    .option('--raw-scores', 'scores as the model gives them, not brought to the range from 0 to 1')
    .option('--with-text', 'repeat the text in the output')
    .option('--jsonl', 'standard input has JSON lines')
    .addHelpText('after', EXAMPLES)
    .action(async (query: string, parameters: string[], flags: RerankFlags) => {
      const { rerank } = await import('./rerank.ts')
      end(await rerank(query, parameters, flags))
    })
}
