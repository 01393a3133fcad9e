import { beforeEach, expect, it } from 'vitest'
import { memoryBackend } from '../memory-backend.ts'
import { openSessions } from '../sessions.ts'
import type { SessionManager } from '../types.ts'
import { SafeSessionWrapper } from './safe-session-wrapper.ts'

interface Values extends Record<string, unknown> {
  user?: { name: string }
  n?: number
}

let manager: SessionManager<Values, 'sync'>
let framework: Record<string, unknown>
let session: SafeSessionWrapper<Values>

beforeEach(() => {
  manager = openSessions({ backend: memoryBackend() }).create<Values>()
  framework = { cookie: { path: '/' }, user: { name: 'ann' }, n: 5 }
  session = new SafeSessionWrapper(manager, framework)
})

it('takes over what is only in the framework, when it is asked for', async () => {
  expect(manager.read()).toBeUndefined()
  expect(await session.has('user')).toBe(true)
  expect(await session.get('user')).toEqual({ name: 'ann' })
  expect(manager.read()).toEqual({ user: { name: 'ann' } })
  expect(await session.get('missing', 1)).toBe(1)
  expect(await session.get('cookie')).toBeUndefined()
})

it('believes ours where both have a key', async () => {
  manager.set('n', 7)
  expect(await session.get('n')).toBe(7)
  await session.update(({ n = 0, user }) => ({ n: n + 1, name: user?.name }))
  expect(manager.read()).toEqual({ n: 8, name: 'ann' })
  expect(framework).toMatchObject({ n: 8, name: 'ann' })
})

it('writes both, ours first', async () => {
  await session.set('n', 1)
  expect(manager.get('n')).toBe(1)
  expect(framework['n']).toBe(1)
  await expect(session.set('n', NaN)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  expect(framework['n']).toBe(1)
  expect(await session.delete('n')).toBe(true)
  expect(await session.has('n')).toBe(false)
  expect(framework).not.toHaveProperty('n')
})

it('works without a framework', async () => {
  const alone = new SafeSessionWrapper<Values>(manager)
  await alone.set('n', 1)
  expect(await alone.get('n')).toBe(1)
  expect(await alone.delete('missing')).toBe(false)
})
