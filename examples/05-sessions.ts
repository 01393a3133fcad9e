// Two openers of one store, as two processes would be: a hundred visits are counted at once, and none is lost. Needs `lmdb`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSessions } from 'leasehold/session'
import { lmdbBackend } from 'leasehold/session/lmdb'

interface Visitor extends Record<string, unknown> {
  visits?: number
  cart?: Record<string, number>
}

const folder = mkdtempSync(join(tmpdir(), 'leasehold-example-'))
const path = join(folder, 'sessions.mdb')
const first = openSessions({ backend: await lmdbBackend({ path }), ttlMs: 30 * 60_000 })
const second = openSessions({ backend: await lmdbBackend({ path }), ttlMs: 30 * 60_000 })

const { id } = first.create()
await Promise.all(
  Array.from({ length: 100 }, (_, i) => {
    const session = (i % 2 === 0 ? first : second).open<Visitor>(id)
    return session.atomicUpdate(({ visits = 0, cart = {} }) => ({
      visits: visits + 1,
      cart: { ...cart, [`item ${i % 10}`]: i },
    }))
  }),
)

// A section awaits what it likes while nobody else can write; what it changed is written in one step.
await second.open<Visitor>(id).withLock(async (tx) => {
  await new Promise((resolve) => setTimeout(resolve, 10))
  tx.set('visits', (tx.get('visits') ?? 0) + 1)
})

const visitor = await first.open<Visitor>(id).read()
console.log(`${visitor?.visits} visits, ${Object.keys(visitor?.cart ?? {}).length} items in the cart`)

await first.close()
await second.close()
rmSync(folder, { recursive: true })
if (visitor?.visits !== 101) throw new Error('A visit was lost.')
