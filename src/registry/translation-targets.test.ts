import { expect, it, onTestFinished, vi } from 'vitest'
import { translationTargets } from './translation-targets.ts'

it('a model of two hundred languages is read with a few look-ups of each, not with one for each pair', () => {
  const letters = 'abcdefghijklmnopqrstuvwxyz'.split('')
  const codes = letters.flatMap((first) => letters.slice(0, 8).map((second) => `${first}${second}`))
  const seen = vi.spyOn(Intl, 'getCanonicalLocales')
  onTestFinished(() => seen.mockRestore())
  const targets = translationTargets('no folder', { source: codes, target: codes })
  expect(seen.mock.calls.length).toBeLessThanOrEqual(codes.length * 4)
  expect(Object.keys(targets).length).toBeGreaterThan(150)
  expect(targets['de']).toContain('ca')
  expect(targets['de']).not.toContain('de')
})
