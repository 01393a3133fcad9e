/**
 * Sessions for the threads and processes of one machine. Needs the package `lmdb`, which is a peer dependency.
 *
 * @module
 */
export { lmdbBackend, type LmdbBackend, type LmdbBackendOptions } from './lmdb-backend.ts'
