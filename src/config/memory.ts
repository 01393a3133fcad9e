import { totalmem } from 'node:os'

/** What this process may use: the limit of its container where there is one, else the memory of the machine. */
export function availableMemoryBytes(): number {
  const machineBytes = totalmem()
  // Without a limit Node answers 0 or a number far beyond the machine, depending on the kernel.
  const limitBytes = process.constrainedMemory()
  return limitBytes > 0 && limitBytes < machineBytes ? limitBytes : machineBytes
}

/**
 * Bytes from a number of bytes, or from a share of `availableBytes` such as `75%`.
 *
 * @returns undefined where `value` is neither
 */
export function parseMemoryBytes(value: number | string, availableBytes: number): number | undefined {
  if (typeof value === 'number') return value
  const percent = Number(/^(\d+(?:\.\d+)?)%$/.exec(value.trim())?.[1])
  return percent > 0 && percent <= 100 ? Math.floor((availableBytes * percent) / 100) : undefined
}
