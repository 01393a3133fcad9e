/**
 * Gives the memory of an ended thread back to the system. The allocator of glibc keeps what was freed for later; other
 * C libraries have no such function, and need none. A convenience: where it cannot be had, nothing happens.
 */
export async function trimMemory(): Promise<void> {
  if (process.platform !== 'linux') return
  trim ??= findMallocTrim()
  await (
    await trim
  )?.()
}

let trim: Promise<(() => Promise<void>) | undefined> | undefined

async function findMallocTrim(): Promise<(() => Promise<void>) | undefined> {
  try {
    // Loaded when the first thread has ended: the main side does not need it before.
    const { default: koffi } = await import('koffi')
    const mallocTrim = koffi.load(null).func('int malloc_trim(size_t padding)')
    // Off the event loop: it walks through the whole heap.
    return () => new Promise((resolve) => mallocTrim.async(0, () => resolve()))
  } catch {
    return undefined
  }
}
