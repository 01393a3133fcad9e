import { destination, pino } from 'pino'
import { readEnvironment } from '../config/environment.ts'
import { readConfigFile } from '../config/file.ts'
import { loadConfig, type LoadedConfig } from '../config/load.ts'
import { isLoopback } from '../config/loopback.ts'
import { dotted } from '../config/problems.ts'
import type { ServerSettings } from '../config/server-schema.ts'
import type { ConfigSource } from '../config/source.ts'
import { HttpServer } from '../http/server.ts'
import { openServerSessions } from '../http/server-sessions.ts'
import { createRuntime, type ModelStatus, type Runtime } from '../index.ts'
import { Deferred } from '../kernel/deferred.ts'
import { systemClock } from '../kernel/clock.ts'
import { CommandError, EXIT, type ExitCode } from './exit-code.ts'
import { bundledModels, modelFromFolder, type ModelFlags } from './model-folder.ts'
import { isNpmScript, onOrphaned } from './orphaned.ts'
import { onStopSignal } from './stop-signals.ts'

export interface ServeFlags extends ModelFlags {
  config?: string
  host?: string
  port?: string
  apiKey?: string[]
  insecureNoKey?: true
  logLevel?: string
}

/** Serves until it is told to stop; what the configuration says is checked before anything is opened. */
export async function serve(folder: string | undefined, flags: ServeFlags): Promise<ExitCode> {
  const { config, only } = readConfig(folder, flags)
  const logger = pino({ name: 'leasehold', level: config.logLevel }, destination({ dest: 2, sync: true }))
  const stop = new Deferred<void>()
  using _signals = onStopSignal(() => stop.resolve())
  using _parent = isNpmScript() ? onOrphaned(systemClock, () => stop.resolve()) : undefined
  await using sessions = await openServerSessions(config.server, logger)
  await using runtime = await createRuntime(config.runtime, { logger })
  await using server = new HttpServer(runtime, config.server, { logger, sessions })
  const { url } = await listen(server, config.server)
  process.stdout.write(greeting(url, config, runtime))

  const loaded = announceLoad(runtime, only)
  await Promise.race([stop.promise, loaded])
  await stop.promise
  await shutDown(server, runtime, config.graceMs)
  return EXIT.ok
}

/** `only`: the one model that is loaded at once, where there is no configuration that names others. */
function readConfig(
  folder: string | undefined,
  flags: ServeFlags,
): { config: LoadedConfig; only: string | undefined } {
  const file = flags.config === undefined ? [] : [readConfigFile(flags.config)]
  const hasModels = file.some(({ values }) => values['models'] !== undefined)
  const single =
    folder !== undefined ? modelFromFolder(folder, flags) : hasModels ? undefined : bundledModels(flags)
  const sources = [
    flagSource(flags),
    ...(single ? [single.source] : []),
    readEnvironment(process.env),
    ...file,
  ]
  return { config: loadConfig(sources), only: hasModels ? undefined : single?.name }
}

function flagSource({ host, port, apiKey, insecureNoKey, logLevel }: ServeFlags): ConfigSource {
  const portNumber = port === undefined || Number.isNaN(Number(port)) ? port : Number(port)
  const names = new Map([
    ['server.host', '--host'],
    ['server.port', '--port'],
    ['server.apiKeys', '--api-key'],
    ['server.insecureNoKey', '--insecure-no-key'],
    ['logLevel', '--log-level'],
  ])
  return {
    values: { server: { host, port: portNumber, apiKeys: apiKey, insecureNoKey }, logLevel },
    nameOf: (path) => names.get(dotted(path.slice(0, 2))) ?? dotted(path),
  }
}

async function listen(server: HttpServer, { host, port }: ServerSettings): Promise<{ url: string }> {
  try {
    return await server.listen()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason = LISTEN_FAILURES[code ?? ''] ?? `(${(error as Error).message})`
    throw new CommandError(EXIT.cannotListen, `Cannot listen on ${host} port ${port}: ${reason}.`, {
      cause: error,
    })
  }
}

const LISTEN_FAILURES: Record<string, string> = {
  EADDRINUSE: 'another program does; stop it or choose another port with --port, 0 for any free one',
  EACCES: 'this user may not; ports below 1024 need rights, so choose a higher one with --port',
  EADDRNOTAVAIL:
    'this machine has no such address; 127.0.0.1 is this machine alone, 0.0.0.0 all its addresses',
  ENOTFOUND: 'there is no such host; 127.0.0.1 is this machine alone, 0.0.0.0 all its addresses',
}

function greeting(url: string, { runtime: { models }, server }: LoadedConfig, runtime: Runtime): string {
  const names = Object.keys(models)
  const others = isLoopback(server.host) ? '' : `, and for other machines on ${server.host},`
  const key = server.apiKeys.length > 0 ? ` -H "authorization: Bearer $LEASEHOLD_API_KEY"` : ''
  const [path, body] = requestToTry(runtime.models()[0])
  const data = body && ` -H 'content-type: application/json' -d '${JSON.stringify(body)}'`
  return (
    `Leasehold listens on ${url}${others} with ${names.join(', ')}.\n` +
    `Try: curl -s ${url}${path}${key}${data ?? ''}\n`
  )
}

function requestToTry(first: ModelStatus | undefined): [path: string, body?: object] {
  const { name: model, tasks = [] } = first ?? {}
  if (tasks.includes('embed')) return ['/v1/embeddings', { model, input: 'Hello' }]
  if (tasks.includes('rerank'))
    return ['/v2/rerank', { model, query: 'Which is it?', documents: ['One.', 'Another.'] }]
  return [tasks.includes('translate') ? '/languages' : '/v1/models']
}

/** Says when the one model is ready. It is all that there is to serve: when it cannot be loaded, the command fails. */
async function announceLoad(runtime: Runtime, only: string | undefined): Promise<void> {
  if (only === undefined) return
  const beganMs = systemClock.nowMs()
  await runtime.load(only)
  const seconds = ((systemClock.nowMs() - beganMs) / 1000).toFixed(1)
  process.stdout.write(`${runtime.status(only).servedBy ?? only} is ready (${seconds} s).\n`)
}

async function shutDown(server: HttpServer, runtime: Runtime, graceMs: number): Promise<void> {
  const isDrained = await server.drain(graceMs)
  await runtime.close({ graceMs: 0 })
  // What the grace did not suffice for was aborted just now, and is answered so.
  if (!isDrained) await server.drain(LAST_ANSWERS_MS)
  await server.close()
}

const LAST_ANSWERS_MS = 1000
