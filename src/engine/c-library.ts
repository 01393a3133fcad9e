import koffi, { type LibraryHandle } from 'koffi'

/** `RTLD_NOW` of dlfcn.h. */
const RESOLVE_NOW = 2
/** `M_MMAP_THRESHOLD` of malloc.h, and the size from which glibc takes blocks from the system one by one. */
const MMAP_THRESHOLD = -3
const BIG_BLOCK_BYTES = 2 ** 20

/** The process itself, as a library. */
let self: LibraryHandle | undefined

/**
 * Keeps a library in the process after the thread that loaded it has ended. Koffi unloads what a thread loaded when the
 * thread ends, even when it was killed and its session, with threads of its own, is still there.
 */
export function keepLoaded(libraryPath: string): void {
  // One more reference than is ever given back.
  if (process.platform === 'win32') {
    koffi.load('kernel32.dll').func('void *LoadLibraryW(str16 path)')(libraryPath)
  } else {
    const dlopen = ownFunction('void *dlopen(str path, int mode)')
    dlopen?.(libraryPath, RESOLVE_NOW)
  }
}

/**
 * Lets weights go back to the system as soon as they are freed. By default glibc raises the threshold when it frees a
 * big block and puts the next ones onto its heaps, where small neighbours then hold them: after 30 loads the process was
 * 60 MB larger.
 */
export function returnBigBlocks(): void {
  if (process.platform === 'linux')
    ownFunction('int mallopt(int parameter, int value)')?.(MMAP_THRESHOLD, BIG_BLOCK_BYTES)
}

/** A function of the process itself; undefined where its C library does not have it. */
function ownFunction(declaration: string): ((...parameters: unknown[]) => unknown) | undefined {
  try {
    self ??= koffi.load(null)
    return self.func(declaration)
  } catch {
    return undefined
  }
}
