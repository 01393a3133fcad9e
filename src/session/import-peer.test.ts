import { expect, it } from 'vitest'
import { importPeer } from './import-peer.ts'

it('says what to install', async () => {
  const missing = Object.assign(new Error("Cannot find package 'lmdb'"), { code: 'ERR_MODULE_NOT_FOUND' })
  const load = importPeer('lmdb', () => Promise.reject(missing))
  await expect(load).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining('npm install lmdb') as string,
  })
})

it('passes other errors on, and the module', async () => {
  const broken = new Error('broken')
  await expect(importPeer('lmdb', () => Promise.reject(broken))).rejects.toBe(broken)
  expect(await importPeer('lmdb', async () => 1)).toBe(1)
})
