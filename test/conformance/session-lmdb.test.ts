import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lmdbBackend } from '../../src/session/lmdb/index.ts'
import { sessionSuite } from './session.suite.ts'

sessionSuite('lmdb', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'leasehold-lmdb-'))
  return {
    open: () => lmdbBackend({ path: join(folder, 'sessions.mdb') }),
    end: async () => rmSync(folder, { recursive: true }),
  }
})
