import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openSessions } from '../../src/session/index.ts'
import { lmdbBackend } from '../../src/session/lmdb/index.ts'
import { terminateThread } from '../support/session-workers.ts'
import { sessionStressSuite } from './session-suite.ts'

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'leasehold-lmdb-'))

sessionStressSuite('lmdb', async () => {
  const folder = newFolder()
  const path = join(folder, 'sessions.mdb')
  return {
    backend: { kind: 'lmdb', path },
    open: () => lmdbBackend({ path }),
    end: async () => rmSync(folder, { recursive: true }),
  }
})

it('goes on when a thread is terminated while it writes', async () => {
  const folder = newFolder()
  const path = join(folder, 'sessions.mdb')
  const sessions = openSessions({ backend: await lmdbBackend({ path }) })
  for (let round = 0; round < 10; round++) {
    const session = sessions.create<{ a: number; b: number }>()
    const task = { backend: { kind: 'lmdb', path }, id: session.id, job: 'write', callers: 4 }
    const said = await terminateThread(task, 'acknowledged', 5 + 3 * round)
    const acknowledged = Math.max(...said.map((message) => Number(message['acknowledged'] ?? 0)))
    const { version } = await session.set('a', 0)
    expect(version).toBeGreaterThan(0)
    expect(await session.get('b')).toBeGreaterThanOrEqual(acknowledged)
  }
  await sessions.close()
  rmSync(folder, { recursive: true })
})
