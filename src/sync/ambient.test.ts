import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

/** Runs `script` in a process of its own, in which the library has not been used yet. */
function inFreshProcess(script: string): string {
  return execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: new URL('../../', import.meta.url),
    encoding: 'utf8',
  }).trim()
}

describe('the AsyncLocalStorage', () => {
  it('is not made before the first section', () => {
    const counts = inFreshProcess(`
      import hooks from 'node:async_hooks'
      import { syncBuiltinESMExports } from 'node:module'
      let made = 0
      const Original = hooks.AsyncLocalStorage
      const value = class extends Original { constructor() { super(); made++ } }
      Object.defineProperty(hooks, 'AsyncLocalStorage', { value })
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
})
