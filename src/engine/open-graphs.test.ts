import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { Deferred } from '../kernel/deferred.ts'
import { EncoderLoad } from './encoder-load.ts'
import { ModelFolder } from './model-folder.ts'
import { openGraphs } from './open-graphs.ts'
import type { Session } from './session.ts'

const path = fileURLToPath(new URL('../../models/all-MiniLM-L6-v2', import.meta.url))
const folder = new ModelFolder(path)
const graphFile = 'onnx/model_int8.onnx'
const { signal } = new AbortController()
const noSession = { release() {} } as Session

it('checks the files while the session is made', async () => {
  const checked = new Deferred<void>()
  const openSession = async (): Promise<Session> => {
    await checked.promise
    return noSession
  }
  const onProgress = (fraction: number): void => {
    if (fraction === 1) checked.resolve()
  }
  const graphs = await openGraphs(folder, [graphFile], {
    openSession,
    sparesCores: false,
    signal,
    onProgress,
  })
  expect(graphs).toHaveLength(1)
})

it('checks them after that, where cores are to be spared', async () => {
  const progress: number[] = []
  const openSession = async (): Promise<Session> => {
    // Time enough to check a part of it.
    await readFile(join(path, graphFile))
    await readFile(join(path, graphFile))
    progress.push(NaN)
    return noSession
  }
  const onProgress = (fraction: number): void => void progress.push(fraction)
  await openGraphs(folder, [graphFile], { openSession, sparesCores: true, signal, onProgress })
  expect(progress[0]).toBeNaN()
  expect(progress.at(-1)).toBe(1)
})

it.each([
  { sparesCores: false, isOpenByThen: false },
  { sparesCores: true, isOpenByThen: true },
])('the rest of a load comes when it may: %j', async ({ sparesCores, isOpenByThen }) => {
  let isOpen = false
  const openSession = async (): Promise<Session> => {
    await readFile(join(path, graphFile))
    isOpen = true
    return noSession
  }
  const load = new EncoderLoad({ folder: path, graphFile, openSession, sparesCores, signal, onProgress() {} })
  await load.turn()
  expect(isOpen).toBe(isOpenByThen)
  await expect(load.finish(readNothing, makeNothing)).rejects.toThrow('no model')
})

const readNothing = (): undefined => undefined
function makeNothing(): never {
  throw new Error('no model')
}
