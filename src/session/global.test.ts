import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { getThreadSafeManager, tsDelete, tsExists, tsGet, tsSet } from './global.ts'

it('sets, gets, tells and deletes', () => {
  tsSet('a', { b: 1 })
  expect(tsGet('a')).toEqual({ b: 1 })
  expect(tsGet('missing', 7)).toBe(7)
  expect(tsExists('a')).toBe(true)
  expect(tsDelete('a')).toBe(true)
  expect(tsExists('a')).toBe(false)
  expect(tsDelete('a')).toBe(false)
})

it('is one session for the whole process', () => {
  tsSet('shared', 1)
  expect(getThreadSafeManager().get('shared')).toBe(1)
  expect(getThreadSafeManager()).toBe(getThreadSafeManager())
})

it('finds itself inside of the section that called, and nobody else does', async () => {
  const section = getThreadSafeManager().withLock(async () => {
    await turn()
    tsSet('n', Number(tsGet('n', 0)) + 1)
    await turn()
    tsSet('n', Number(tsGet('n', 0)) + 1)
  })
  await turn()
  expect(() => tsSet('n', 10)).toThrow(expect.objectContaining({ code: 'SESSION_LOCKED' }))
  await section
  expect(tsGet('n')).toBe(2)
})
