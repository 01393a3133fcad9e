import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'lmdb'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { eventually } from '../../../test/support/eventually.ts'
import { openSessions } from '../sessions.ts'
import { lmdbBackend } from './lmdb-backend.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'leasehold-lmdb-'))
  path = join(folder, 'deep', 'sessions.mdb')
})
afterEach(() => rmSync(folder, { recursive: true }))

it('makes its files for this user alone, and leaves no others', async () => {
  const backend = await lmdbBackend({ path })
  const modes = readdirSync(join(folder, 'deep')).map((name) => {
    return [name, (statSync(join(folder, 'deep', name)).mode & 0o777).toString(8)]
  })
  expect(Object.fromEntries(modes)).toEqual({ 'sessions.mdb': '600', 'sessions.mdb-lock': '600' })
  await backend.close()
  chmodSync(path, 0o644)
  await (await lmdbBackend({ path })).close()
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

it('keeps sessions when it is closed and opened again', async () => {
  const first = openSessions({ backend: await lmdbBackend({ path, durability: 'machine' }) })
  const { version, durability } = await first.open('a').set('n', 1)
  expect(durability).toBe('machine')
  await first.close()
  await expect(first.open('a').get('n')).rejects.toMatchObject({ code: 'SESSION_STORE' })
  await using second = openSessions({ backend: await lmdbBackend({ path, noSync: true }) })
  expect(await second.open('a').get('n')).toBe(1)
  expect((await second.open('a').set('n', 2)).version).toBeGreaterThan(version)
})

it('refuses a file that is something else, and leaves it as it is', async () => {
  path = join(folder, 'notes.txt')
  writeFileSync(path, 'not a store at all'.repeat(1_000), { mode: 0o644 })
  await expect(lmdbBackend({ path })).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining('no LMDB file') as string,
  })
  expect(readdirSync(folder)).toEqual(['notes.txt'])
  expect(statSync(path).mode & 0o777).toBe(0o644)
})

it('refuses a store of another version', async () => {
  await (await lmdbBackend({ path })).close()
  const root = open({ path, noSubdir: true, maxDbs: 4 })
  await root.openDB<number, string>('counters', { encoding: 'json' }).put('format', 99)
  await root.close()
  await expect(lmdbBackend({ path })).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining('format 99') as string,
  })
})

it('refuses a place where there can be no file', async () => {
  writeFileSync(join(folder, 'file'), '')
  path = join(folder, 'file', 'deep', 'sessions.mdb')
  await expect(lmdbBackend({ path })).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining('ENOTDIR') as string,
  })
})

it('refuses a folder that cannot be written', async (ctx) => {
  if (process.getuid?.() === 0) return ctx.skip('root may write everywhere')
  chmodSync(folder, 0o500)
  await expect(lmdbBackend({ path })).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining('EACCES') as string,
  })
})

it('says that the disk is full, and goes on reading', () => {
  // A bound on the size of files does what a full disk does; it holds for a process of its own.
  const script = `
    const { openSessions } = await import(${JSON.stringify(join(import.meta.dirname, '../../../dist/session/index.js'))})
    const { lmdbBackend } = await import(${JSON.stringify(join(import.meta.dirname, '../../../dist/session/lmdb/index.js'))})
    const sessions = openSessions({ backend: await lmdbBackend({ path: ${JSON.stringify(path)} }) })
    await sessions.open('small').set('n', 1)
    const error = await sessions.open('large').set('text', 'x'.repeat(900_000)).catch((error) => error)
    const health = await sessions.checkHealth()
    console.log(JSON.stringify([error.code, await sessions.open('small').get('n'), await sessions.open('large').read() ?? null]))
    process.exit()`
  const bounded = `trap '' XFSZ; ulimit -f 500; exec "$0" --input-type=module -e "$1"`
  const said = execFileSync('bash', ['-c', bounded, process.execPath, script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  expect(JSON.parse(said.trim().split('\n').at(-1) ?? '')).toEqual(['SESSION_STORE', 1, null])
})

it('removes what has expired by itself, from time to time', async () => {
  const backend = await lmdbBackend({ path, sweepEveryMs: 10 })
  await using sessions = openSessions({ backend })
  await sessions.open('a').set('n', 1, { ttlMs: 1 })
  await sessions.open('b').set('n', 1)
  const root = open({ path, noSubdir: true, maxDbs: 4 })
  const stored = root.openDB<object, string>('sessions', { encoding: 'json' })
  await eventually(() => {
    stored.resetReadTxn()
    expect([...stored.getKeys()]).toEqual(['b'])
  })
  await root.close()
})

it('refuses to promise what it would not keep', async () => {
  await expect(lmdbBackend({ path, noSync: true, durability: 'machine' })).rejects.toThrow(RangeError)
})

it('removes what has expired', async () => {
  const backend = await lmdbBackend({ path })
  await using sessions = openSessions({ backend })
  for (let i = 0; i < 10; i++) await sessions.open(`a${i}`).set('n', i, { ttlMs: 1 })
  await sessions.open('b').set('n', 0, { ttlMs: 60_000 })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(await sessions.sweep()).toBe(10)
  expect(await sessions.sweep()).toBe(0)
  expect(await sessions.list()).toEqual({ ids: ['b'] })
})
