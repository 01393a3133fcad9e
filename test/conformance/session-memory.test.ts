import { memoryBackend } from '../../src/session/index.ts'
import { sessionSuite } from './session.suite.ts'

sessionSuite('memory', async () => ({ open: async () => memoryBackend(), end: async () => {} }))
