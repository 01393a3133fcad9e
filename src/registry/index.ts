/**
 * What a model is, the key by which one is loaded, and factories by name.
 *
 * @module
 */
export { ResolutionError } from '../kernel/errors.ts'
export { DEVICES, DTYPES, formatKey, sameKey, type Device, type Dtype, type ModelKey } from './model-key.ts'
export { TASKS } from './model.ts'
export type * from './model.ts'
export { Registry } from './registry.ts'
