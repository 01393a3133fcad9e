import { describe, expect, it } from 'vitest'
import { openSessions } from '../../src/session/index.ts'
import { AsyncMemoryBackend } from '../support/async-memory-backend.ts'
import { isLinearizable } from '../support/linearizable.ts'
import { randomNumbers, recordHistory } from '../support/session-history.mjs'
import { sessionModel } from '../support/session-model.ts'
import { sessionSuite } from './session.suite.ts'

sessionSuite('a backend of somebody else', async () => {
  const backend = new AsyncMemoryBackend(randomNumbers(1))
  return { open: async () => backend.openAgain(), end: async () => {} }
})

describe('the checker', () => {
  /** Whether what two openers of one store saw, as two processes, has an explanation. */
  async function isExplained(seed: number, isRacy: boolean): Promise<boolean> {
    const backend = new AsyncMemoryBackend(randomNumbers(seed), isRacy)
    const histories = [backend, backend.openAgain()].map((view, opener) => {
      const session = openSessions({ backend: view }).open('shared')
      return recordHistory(session, { seed: seed * 2 + opener, callers: 4, calls: 25 })
    })
    return isLinearizable((await Promise.all(histories)).flat(), sessionModel)
  }

  it('accepts what two openers of one store see', async () => {
    for (let seed = 1; seed <= 20; seed++) expect(await isExplained(seed, false), `seed ${seed}`).toBe(true)
  })

  it('rejects a store that only gets and sets', async () => {
    let rejected = 0
    for (let seed = 1; seed <= 20; seed++) if (!(await isExplained(seed, true))) rejected++
    // By luck nothing went wrong in some of them: the turns fall as the machine is busy.
    expect(rejected).toBeGreaterThanOrEqual(5)
  })
})
