import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'

/** An array inside it has the fields of a hash, with their values. */
export type Reply = (string | number | string[])[]

/** The scripts as commands. They are loaded when first used, and again when the server has forgotten them. */
export interface ScriptedRedis extends Redis {
  sessionCommit(...keysAndArguments: (string | number)[]): Promise<Reply>
  sessionIncrement(numberOfKeys: number, ...keysAndArguments: (string | number)[]): Promise<string[]>
  sessionAcquire(key: string, leaseMs: number, holder: string): Promise<Reply>
  sessionRenew(key: string, fence: number, leaseMs: number): Promise<number>
  sessionRelease(key: string, fence: number): Promise<number>
}

export function defineScripts(redis: Redis): ScriptedRedis {
  for (const [command, file, numberOfKeys] of [
    ['sessionCommit', 'commit', 2],
    ['sessionIncrement', 'increment', undefined],
    ['sessionAcquire', 'acquire', 1],
    ['sessionRenew', 'renew', 1],
    ['sessionRelease', 'release', 1],
  ] as const) {
    const lua = readFileSync(new URL(`./${file}.lua`, import.meta.url), 'utf8')
    redis.defineCommand(command, { lua, ...(numberOfKeys !== undefined && { numberOfKeys }) })
  }
  return redis as ScriptedRedis
}

/** As the scripts take it. */
export function timeToLive(ttlMs: number | undefined): string | number {
  if (ttlMs === undefined) return ''
  return ttlMs === Infinity ? 'inf' : Math.ceil(ttlMs)
}
