import type { Redis } from 'ioredis'
import type { Durability } from '../backend.ts'

/**
 * What an answered write survives, by the settings of the server: without its append-only file nothing is sure to survive its end;
 * with it, the end of the process; a power cut only where the file is flushed with every write. A server that does not tell
 * promises nothing.
 */
export async function durabilityOf(redis: Redis): Promise<Durability> {
  try {
    const settings = (await redis.call('CONFIG', 'GET', 'append*')) as string[]
    const setting = (name: string): string | undefined => settings[settings.indexOf(name) + 1]
    if (setting('appendonly') !== 'yes') return 'memory'
    return setting('appendfsync') === 'always' ? 'machine' : 'process'
  } catch {
    return 'memory'
  }
}

/** Whether one server has only a part of the keys. A server that does not tell is taken for a single one. */
export async function isClusterNode(redis: Redis): Promise<boolean> {
  try {
    return /^redis_mode:cluster\r?$/m.test((await redis.call('INFO', 'server')) as string)
  } catch {
    return false
  }
}
