import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import koffi, { type LibraryHandle, type TypeObject } from 'koffi'
import { ModelLoadError } from '../kernel/errors.ts'
import { keepLoaded, returnBigBlocks } from './c-library.ts'

/** An address in this process. Koffi gives and takes pointers as bigint; 0n is NULL. */
export type Pointer = bigint

/** What koffi makes of a C function: called at once, or by `async` on the thread pool of libuv. */
export interface NativeFunction {
  (...parameters: unknown[]): unknown
  async(...parametersAndCallback: unknown[]): void
}

/** The version of the OrtApi table that is asked for: the first that has every function used here (ONNX Runtime 1.23). */
const API_VERSION = 23

/** Of stacks for asynchronous calls; the most that koffi allows. Each is made when so many calls are in flight at once. */
const MOST_KEPT_STACKS = 32

/**
 * Libraries stay referenced for ever: koffi unloads one whose handle is garbage collected, and the next call into it
 * would be a segmentation fault.
 */
const loadedLibraries: unknown[] = []

/**
 * Path of the ONNX Runtime library that the installed `onnxruntime-node` package carries for this platform.
 * @throws ModelLoadError when the package, or a library for this platform, is missing.
 */
export function findOrtLibrary(): string {
  const { platform, arch } = process
  let entry: string
  try {
    entry = createRequire(import.meta.url).resolve('onnxruntime-node')
  } catch (cause) {
    throw new ModelLoadError('The package onnxruntime-node is not installed: npm install onnxruntime-node.', {
      cause,
    })
  }
  const folder = join(dirname(entry), '..', 'bin', 'napi-v6', platform, arch)
  const files = existsSync(folder) ? readdirSync(folder) : []
  const file = files.find((name) => /^(lib)?onnxruntime(\.so|\.dylib|\.dll|\.\d)/.test(name))
  if (file === undefined) {
    throw new ModelLoadError(`onnxruntime-node has no library for ${platform}/${arch}: none is in ${folder}.`)
  }
  return join(folder, file)
}

/** The table of functions of ONNX Runtime's C API, and its version text ("1.30.0"). */
export interface OrtTable {
  readonly version: string
  /** A function by its index in `struct OrtApi` of onnxruntime_c_api.h, whose order never changes. */
  entry(index: number, result: string, parameters: readonly string[]): NativeFunction
}

/** Loads the library into the process, once for each thread that asks. */
export function loadOrtTable(libraryPath: string): OrtTable {
  const library = openLibrary(libraryPath)
  const base = library.func('OrtGetApiBase', 'void *', [])() as Pointer
  const getApi = functionAt(base, 0, 'void *', ['uint32_t'])
  const getVersion = functionAt(base, 1, 'str', [])
  const version = getVersion() as string
  const api = getApi(API_VERSION) as Pointer | null
  if (!api) {
    throw new ModelLoadError(
      `ONNX Runtime ${version} has no C API of version ${API_VERSION}: at least 1.${API_VERSION} is needed.`,
    )
  }
  return { version, entry: (index, result, parameters) => functionAt(api, index, result, parameters) }
}

function openLibrary(libraryPath: string): LibraryHandle {
  // A stack that is made for a call, and unmapped after it, costs 25 µs and more: a tenth of a step of a small decoder.
  if (loadedLibraries.length === 0) koffi.config({ resident_async_pools: MOST_KEPT_STACKS })
  try {
    const library = koffi.load(libraryPath)
    loadedLibraries.push(library)
    keepLoaded(libraryPath)
    returnBigBlocks()
    return library
  } catch (cause) {
    throw new ModelLoadError(`The library ${libraryPath} cannot be loaded.`, { cause })
  }
}

/** Koffi does not give the memory of a type back when the thread ends: functions that look alike share one. */
const prototypes = new Map<string, TypeObject>()

function functionAt(
  table: Pointer,
  index: number,
  result: string,
  parameters: readonly string[],
): NativeFunction {
  const signature = [result, ...parameters].join()
  const prototype = prototypes.get(signature) ?? koffi.proto(result, [...parameters])
  prototypes.set(signature, prototype)
  const address = koffi.decode(table, index * koffi.sizeof('void *'), 'void *') as Pointer
  return koffi.decode(address, prototype) as NativeFunction
}
