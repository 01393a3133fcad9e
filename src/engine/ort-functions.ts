/** `ORTCHAR_T`: paths are UTF-16 on Windows and UTF-8 elsewhere. */
const PATH = process.platform === 'win32' ? 'str16' : 'str'

/** Functions that answer a status, NULL for success. */
export type StatusFunction =
  | 'CreateEnv'
  | 'CreateSession'
  | 'Run'
  | 'CreateSessionOptions'
  | 'SetIntraOpNumThreads'
  | `SessionGet${'Input' | 'Output'}${'Count' | 'TypeInfo' | 'Name'}`
  | 'CreateRunOptions'
  | 'RunOptionsSetTerminate'
  | 'CreateTensorWithDataAsOrtValue'
  | 'GetTensorMutableData'
  | 'CastTypeInfoToTensorInfo'
  | 'GetTensorElementType'
  | 'GetDimensionsCount'
  | 'GetDimensions'
  | 'GetTensorTypeAndShape'
  | 'CreateCpuMemoryInfo'
  | 'AllocatorFree'
  | 'GetAllocatorWithDefaultOptions'
  | 'AddSessionConfigEntry'
  | 'CreateAllocator'
  | 'SessionOptionsSetLoadCancellationFlag'
  | 'AllocatorGetStats'

/** Functions that give a handle back. */
export type ReleaseFunction =
  | 'ReleaseEnv'
  | 'ReleaseStatus'
  | 'ReleaseMemoryInfo'
  | 'ReleaseSession'
  | 'ReleaseValue'
  | 'ReleaseRunOptions'
  | 'ReleaseTypeInfo'
  | 'ReleaseTensorTypeAndShapeInfo'
  | 'ReleaseSessionOptions'
  | 'ReleaseAllocator'
  | 'ReleaseKeyValuePairs'

/**
 * Index in `struct OrtApi` of onnxruntime_c_api.h, and parameters. The table is append-only, so an index holds for
 * this and every later release.
 */
export const STATUS_FUNCTIONS: Record<StatusFunction, readonly [index: number, ...parameters: string[]]> = {
  CreateEnv: [3, 'int', 'str', 'void *'],
  CreateSession: [7, 'void *', PATH, 'void *', 'void *'],
  Run: [9, 'void *', 'void *', 'void *', 'void *', 'size_t', 'void *', 'size_t', 'void *'],
  CreateSessionOptions: [10, 'void *'],
  SetIntraOpNumThreads: [24, 'void *', 'int'],
  SessionGetInputCount: [30, 'void *', 'void *'],
  SessionGetOutputCount: [31, 'void *', 'void *'],
  SessionGetInputTypeInfo: [33, 'void *', 'size_t', 'void *'],
  SessionGetOutputTypeInfo: [34, 'void *', 'size_t', 'void *'],
  SessionGetInputName: [36, 'void *', 'size_t', 'void *', 'void *'],
  SessionGetOutputName: [37, 'void *', 'size_t', 'void *', 'void *'],
  CreateRunOptions: [39, 'void *'],
  RunOptionsSetTerminate: [46, 'void *'],
  CreateTensorWithDataAsOrtValue: [49, 'void *', 'void *', 'size_t', 'void *', 'size_t', 'int', 'void *'],
  GetTensorMutableData: [51, 'void *', 'void *'],
  CastTypeInfoToTensorInfo: [55, 'void *', 'void *'],
  GetTensorElementType: [60, 'void *', 'void *'],
  GetDimensionsCount: [61, 'void *', 'void *'],
  GetDimensions: [62, 'void *', 'void *', 'size_t'],
  GetTensorTypeAndShape: [65, 'void *', 'void *'],
  CreateCpuMemoryInfo: [69, 'int', 'int', 'void *'],
  AllocatorFree: [76, 'void *', 'void *'],
  GetAllocatorWithDefaultOptions: [78, 'void *'],
  AddSessionConfigEntry: [130, 'void *', 'str', 'str'],
  CreateAllocator: [131, 'void *', 'void *', 'void *'],
  SessionOptionsSetLoadCancellationFlag: [293, 'void *', 'bool'],
  AllocatorGetStats: [319, 'void *', 'void *'],
}

export const RELEASE_FUNCTIONS: Record<ReleaseFunction, number> = {
  ReleaseEnv: 92,
  ReleaseStatus: 93,
  ReleaseMemoryInfo: 94,
  ReleaseSession: 95,
  ReleaseValue: 96,
  ReleaseRunOptions: 97,
  ReleaseTypeInfo: 98,
  ReleaseTensorTypeAndShapeInfo: 99,
  ReleaseSessionOptions: 100,
  ReleaseAllocator: 132,
  ReleaseKeyValuePairs: 300,
}

/** Functions that answer a text. */
export const GET_ERROR_MESSAGE = 2
export const GET_KEY_VALUE = 297
