import type { Command } from 'commander'
import type { ExitCode } from './exit-code.ts'
import type { ServeFlags } from './serve.ts'

const EXAMPLES = `
Examples:
  leasehold serve                                  the bundled models on 127.0.0.1:8000
  leasehold serve ./models/bge-small-en --port 0   a folder of yours, on any free port
  leasehold serve --config leasehold.yaml          several models; docs/config.md has the fields
  LEASEHOLD_API_KEY=… leasehold serve --host 0.0.0.0

Once it listens:
  curl http://127.0.0.1:8000/v1/embeddings -H 'content-type: application/json' \\
       -d '{"model": "all-MiniLM-L6-v2", "input": "Hello"}'

Flags win over environment variables (LEASEHOLD_PORT, …), those over the file, and that over the defaults.
SIGTERM or Ctrl-C: what is in flight is answered, then it ends with 0; a second one ends it at once.`

export function serveCommand(program: Command, end: (code: ExitCode) => void): void {
  program
    .command('serve')
    .description('serve models over HTTP, as OpenAI does')
    .argument('[folder]', 'folder of a model (default: those that come with Leasehold)')
    .option('--config <file>', 'configuration, YAML or JSON')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <number>', 'port to listen on, 0 for any free one (default: 8000)')
    .option(
      '--api-key <key>',
      'key that opens the server, may be repeated; better set LEASEHOLD_API_KEY, which ps does not show',
      (key: string, keys: string[] | undefined) => [...(keys ?? []), key],
    )
    .option('--insecure-no-key', 'let everybody in, also from other machines')
    .option('--name <name>', "what requests call the folder's model (default: the folder's name)")
    .option('--dtype <dtype>', "quantisation of the folder's model: fp32, fp16, int8, q8 or q4")
    .option('--log-level <level>', 'silent, fatal, error, warn, info, debug or trace (default: warn)')
    .addHelpText('after', EXAMPLES)
    .action(async (folder: string | undefined, flags: ServeFlags) => {
      // Loaded when it is needed: help and faults of the command line need none of the server.
      const { serve } = await import('./serve.ts')
      end(await serve(folder, flags))
    })
}
