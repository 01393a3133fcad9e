// A process that writes a session without a pause, until it is killed.
import { openSessions } from '../../dist/session/index.js'
import { lmdbBackend } from '../../dist/session/lmdb/index.js'
import { answer } from './child.mjs'

answer({
  async start({ path }) {
    const session = openSessions({ backend: await lmdbBackend({ path }) }).open('counter')
    await session.apply('n', { inc: 1 })
    const write = async () => {
      for (;;) await session.apply('n', { inc: 1 })
    }
    for (let caller = 0; caller < 8; caller++) void write()
  },
})
