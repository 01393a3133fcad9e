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
