import * as z from 'zod'
import { milliseconds, name } from './fields.ts'

/** How the server listens and what it lets in. */
export interface ServerConfig {
  /** @default '127.0.0.1' */
  host?: string | undefined
  /** 0 takes any free one. @default 8000 */
  port?: number | undefined
  /** Any of them opens every route but the probes. None: no key is asked for, on a loopback address only. */
  apiKeys?: string[] | undefined
  /** Lets a server without keys listen on an address that others can reach. @default false */
  insecureNoKey?: boolean | undefined
  /** Other names for configured models: `{ 'text-embedding-3-small': 'all-MiniLM-L6-v2' }`. */
  aliases?: Record<string, string> | undefined
  /** Names that `Host` may have beside those of the loopback, when listening there: for a proxy in front. */
  allowedHosts?: string[] | undefined
  /** @default 16_777_216 (16 MiB): 2048 texts of 8 KiB */
  bodyLimitBytes?: number | undefined
  /** For the headers of a request to arrive. @default 20_000 */
  headersTimeoutMs?: number | undefined
  /** For the whole of a request to arrive. @default 120_000 */
  requestTimeoutMs?: number | undefined
  /** How long an unused connection stays open. @default 72_000: longer than the minute that proxies keep theirs */
  keepAliveTimeoutMs?: number | undefined
  /** Where the sessions of callers are kept: `memory`, `lmdb:<file>` or `redis://<host>`. @default 'memory' */
  sessions?: string | undefined
  /** How long a session is kept after its last change. @default 86_400_000: a day */
  sessionTtlMs?: number | undefined
}

/** The same with every default filled in. */
export type ServerSettings = { [Name in keyof ServerConfig]-?: NonNullable<ServerConfig[Name]> }

export const DEFAULT_SERVER: ServerSettings = {
  host: '127.0.0.1',
  port: 8000,
  apiKeys: [],
  insecureNoKey: false,
  aliases: {},
  allowedHosts: [],
  bodyLimitBytes: 16 * 1024 * 1024,
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 120_000,
  keepAliveTimeoutMs: 72_000,
  sessions: 'memory',
  sessionTtlMs: 24 * 60 * 60_000,
}

const apiKey = z
  .string()
  .min(8)
  .regex(/^[\x21-\x7e]+$/, { error: 'must be of visible ASCII characters, without spaces' })

const fields = {
  host: z.string().min(1).meta({ description: 'The address to listen on.' }),
  port: z.int().min(0).max(65_535).meta({ description: 'The port to listen on; 0 takes any free one.' }),
  apiKeys: z.array(apiKey).meta({ description: 'Any of them opens every route but the probes.' }),
  insecureNoKey: z
    .boolean()
    .meta({ description: 'Listen where others can reach it without asking for a key.' }),
  aliases: z.record(name(), name()).meta({ description: 'Other names for configured models.' }),
  allowedHosts: z.array(z.string().min(1)).meta({
    description: 'What Host may name beside the loopback when listening there: for a proxy in front.',
  }),
  bodyLimitBytes: z
    .int()
    .min(1024)
    .max(1024 ** 3)
    .meta({ description: 'The largest body.' }),
  headersTimeoutMs: milliseconds().meta({ description: 'For the headers of a request to arrive.' }),
  requestTimeoutMs: milliseconds().meta({ description: 'For the whole of a request to arrive.' }),
  keepAliveTimeoutMs: milliseconds().meta({ description: 'How long an unused connection stays open.' }),
  sessions: z
    .string()
    .regex(/^(memory|lmdb:.+|rediss?:\/\/.+)$/, {
      error: 'must be "memory", "lmdb:" and a file, or "redis://" and a host',
    })
    .meta({ description: 'Where the sessions of callers are kept: memory, lmdb:<file> or redis://<host>.' }),
  sessionTtlMs: milliseconds().meta({ description: 'How long a session is kept after its last change.' }),
} satisfies Record<keyof ServerSettings, z.ZodType>

export const serverSchema: z.ZodType<ServerConfig, ServerConfig> = z.strictObject(
  Object.fromEntries(
    Object.entries(fields).map(([field, type]) => {
      const byDefault = DEFAULT_SERVER[field as keyof ServerSettings]
      return [field, type.optional().meta({ ...type.meta(), default: byDefault })]
    }),
  ),
)
