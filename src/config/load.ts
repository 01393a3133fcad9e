import * as z from 'zod'
import { isLoopback } from './loopback.ts'
import { check, configError, fieldPatterns, type Problem } from './problems.ts'
import { resolveRuntimeConfig } from './resolve.ts'
import { configSchema, type Config, type LogLevel, type RuntimeConfig } from './schema.ts'
import { DEFAULT_SERVER, type ServerConfig, type ServerSettings } from './server-schema.ts'
import { mergeSources, type ConfigSource } from './source.ts'

/** A checked configuration: what `createRuntime()` takes, and the server's with every default filled in. */
export interface LoadedConfig {
  runtime: RuntimeConfig
  server: ServerSettings
  logLevel: LogLevel
  graceMs: number
}

/**
 * Puts the sources on top of each other, the first one highest, and checks the whole.
 *
 * @throws ConfigError that lists every fault, each by the name that its field has where it was written
 */
export function loadConfig(sources: readonly ConfigSource[]): LoadedConfig {
  const { values, nameOf } = mergeSources(sources)
  const config = check(configSchema, knownFields, values)
  if (Array.isArray(config)) throw configError(config, nameOf)
  const { server = {}, logLevel = 'warn', ...runtime } = config
  const { graceMs } = resolveRuntimeConfig(runtime, nameOf)
  const problems = [...contradictions(server, config)]
  if (problems.length > 0) throw configError(problems, nameOf)
  return { runtime, server: withDefaults(server), logLevel, graceMs }
}

const knownFields = (): string[] => fieldPatterns(z.toJSONSchema(configSchema, { io: 'input' }))

function withDefaults(server: ServerConfig): ServerSettings {
  const given = Object.entries(server).filter(([, value]) => value !== undefined)
  return { ...DEFAULT_SERVER, ...Object.fromEntries(given) }
}

/** Values that are right by themselves and wrong together; each problem names both fields. */
function* contradictions(server: ServerConfig, config: Config): Generator<Problem> {
  if (Object.keys(config.models).length === 0) yield { path: ['models'], message: 'names no model' }
  const { host, apiKeys, insecureNoKey, aliases, headersTimeoutMs, requestTimeoutMs } = withDefaults(server)
  const hasKey = apiKeys.length > 0
  if (!isLoopback(host) && !hasKey && !insecureNoKey) {
    const message = `is ${host}, where others can reach it, and no key is asked for: set server.apiKeys (LEASEHOLD_API_KEY, --api-key), or server.insecureNoKey (--insecure-no-key) if that is meant`
    yield { path: ['server', 'host'], message }
  }
  if (insecureNoKey && hasKey) {
    yield { path: ['server', 'insecureNoKey'], message: 'contradicts server.apiKeys: give one of them' }
  }
  if (headersTimeoutMs > requestTimeoutMs) {
    const message = `is ${headersTimeoutMs}, more than server.requestTimeoutMs (${requestTimeoutMs}), which counts the headers too`
    yield { path: ['server', 'headersTimeoutMs'], message }
  }
  for (const [alias, name] of Object.entries(aliases)) {
    const path = ['server', 'aliases', alias]
    if (!Object.hasOwn(config.models, name))
      yield { path, message: `stands for "${name}", which is no model of models` }
    if (Object.hasOwn(config.models, alias))
      yield { path, message: `is the name of a model in models already` }
  }
}
