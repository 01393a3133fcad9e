/**
 * Sessions for many machines. Needs the package `ioredis`, which is a peer dependency, and a Redis server from 6.2 on.
 *
 * @module
 */
export { redisBackend, type RedisBackend, type RedisBackendOptions } from './redis-backend.ts'
