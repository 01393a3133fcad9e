import type { Isolation } from '../registry/isolation.ts'
import type { Host, HostOptions } from './host.ts'
import { ProcessHost } from './process-host.ts'
import { ThreadHost } from './thread-host.ts'

export function startHost(isolation: Isolation, options: HostOptions): Host {
  return isolation === 'thread' ? new ThreadHost(options) : new ProcessHost(options)
}
