import { expect, it } from 'vitest'
import type { Clock } from '../kernel/clock.ts'
import { memoryBackend } from './memory-backend.ts'

it('never reads what has expired, also when its timer is late', () => {
  let wallMs = 1_000
  const clock: Clock = {
    nowMs: () => wallMs,
    wallMs: () => wallMs,
    callAt: () => ({ cancel: () => {}, setBackground: () => {}, [Symbol.dispose]: () => {} }),
  }
  const backend = memoryBackend({ clock })
  backend.commit('a', { expect: 'absent', set: { n: 1 }, remove: [], ttlMs: 100 })
  wallMs = 1_099
  expect(backend.read('a')).toMatchObject({ fields: { n: 1 }, expiresAtMs: 1_100 })
  wallMs = 1_100
  expect(backend.read('a')).toBeUndefined()
  expect(backend.list({})).toEqual({ ids: [] })
  expect(backend.commit('a', { expect: 'present', set: { n: 2 }, remove: [] })).toEqual({
    outcome: 'conflict',
    now: undefined,
  })
  expect(backend.sweep()).toBe(1)
})
