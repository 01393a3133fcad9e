import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lmdbBackend } from '../../src/session/lmdb/index.ts'
import { sessionStressSuite } from './session-suite.ts'

sessionStressSuite('lmdb', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'leasehold-lmdb-'))
  const path = join(folder, 'sessions.mdb')
  return {
    backend: { kind: 'lmdb', path },
    open: () => lmdbBackend({ path }),
    end: async () => rmSync(folder, { recursive: true }),
  }
})
