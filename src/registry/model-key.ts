/** The quantisation of a model's file, by the names that model hubs give to the files. */
export const DTYPES = ['fp32', 'fp16', 'int8', 'q8', 'q4'] as const
export type Dtype = (typeof DTYPES)[number]

export const DEVICES = ['cpu', 'cuda'] as const
export type Device = (typeof DEVICES)[number]

/** What is loaded. Another revision, dtype or device is another key. */
export interface ModelKey {
  readonly name: string
  /** Which version of the files: what `swap()` counts up, or what the configuration names. */
  readonly revision: string
  readonly dtype: Dtype
  readonly device: Device
}

/** For people only, `minilm:int8@cpu`; nothing reads it back. */
export function formatKey(key: ModelKey): string {
  const revision = key.revision === '' ? '' : `#${key.revision}`
  return `${key.name}${revision}:${key.dtype}@${key.device}`
}

export function sameKey(a: ModelKey, b: ModelKey): boolean {
  return a.name === b.name && a.revision === b.revision && a.dtype === b.dtype && a.device === b.device
}
