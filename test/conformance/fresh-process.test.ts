/** What shows only in a process in which the locks have not been used yet, or which has nothing else to do. */
import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

function inFreshProcess(script: string): string {
  const args = ['--input-type=module', '--eval', script]
  return execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 120_000 }).trim()
}

it('the AsyncLocalStorage of reentrant locks is not made before the first section', () => {
  const counts = inFreshProcess(`
    import hooks from 'node:async_hooks'
    import { syncBuiltinESMExports } from 'node:module'
    let made = 0
    const counted = class extends hooks.AsyncLocalStorage {
      constructor() { super(); made++ }
    }
    // Node 24 has a getter in its place, which cannot be assigned to.
    Object.defineProperty(hooks, 'AsyncLocalStorage', { value: counted })
    syncBuiltinESMExports()
    const { Mutex, ReentrantLock } = await import('./dist/sync/index.js')
    await new Mutex().run(() => {})
    const lock = new ReentrantLock()
    await lock.withHold((hold) => hold.withHold(() => lock.isInside))
    ;(await lock.acquire()).release()
    lock.tryAcquire().release()
    const before = made
    await lock.run(() => lock.run(() => {}))
    await new ReentrantLock().run(() => {})
    console.log(before, made)
  `)
  expect(counts).toBe('0 1')
})

it('a process that waits for nothing but a lock lives until the timeout, and says so', () => {
  const output = inFreshProcess(`
    const { Mutex } = await import('./dist/sync/index.js')
    const mutex = new Mutex({ timeoutMs: 60_000 })
    mutex.tryAcquire()
    mutex.acquire({ timeoutMs: 20 }).catch((error) => console.log(error.code))
  `)
  expect(output).toBe('LOCK_TIMEOUT')
})

it('a process whose waits are over ends without waiting for their timeouts', () => {
  const output = inFreshProcess(`
    const { Mutex } = await import('./dist/sync/index.js')
    const mutex = new Mutex({ timeoutMs: 60_000 })
    const hold = mutex.tryAcquire()
    mutex.acquire().then(() => console.log('served'))
    hold.release()
  `)
  expect(output).toBe('served')
})
