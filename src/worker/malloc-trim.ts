/**
 * Gives the memory of an ended thread back to the system. The allocator of glibc keeps what was freed for later; other
 * C libraries have no such function, and need none. A convenience: where it cannot be had, nothing happens.
 */
export async function trimMemory(): Promise<void> {
  if (process.platform !== 'linux') return
  trim ??= findMallocTrim()
  const mallocTrim = await trim
  mallocTrim?.(0)
}

let trim: Promise<((padding: number) => number) | undefined> | undefined

async function findMallocTrim(): Promise<((padding: number) => number) | undefined> {
  try {
    // Loaded when the first thread has ended: the main side does not need it before.
    const { default: koffi } = await import('koffi')
    return koffi.load(null).func('int malloc_trim(size_t padding)') as (padding: number) => number
  } catch {
    return undefined
  }
}
