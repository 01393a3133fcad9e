import { isIP } from 'node:net'

/** Whether only this machine can reach a server that listens on `host`. */
export function isLoopback(host: string): boolean {
  const address = host.toLowerCase().replace(/^\[|\]$/g, '')
  if (address === 'localhost' || address.endsWith('.localhost')) return true
  if (isIP(address) === 4) return address.startsWith('127.')
  return address === '::1' || address.startsWith('::ffff:127.')
}
