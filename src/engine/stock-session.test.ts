import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { tinyCrossEncoder } from '../../test/engine/tiny-cross-encoder.ts'
import { ortSessions } from './ort-session.ts'
import { RunCancellation } from './run-cancellation.ts'
import type { NamedTensors, OpenSession, Session } from './session.ts'
import { stockSessions } from './stock-session.ts'
import { ELEMENT_TYPES, type TensorView } from './tensor.ts'

/** A graph of three inputs of int64, `[items, tokens]`, and logits, `[items, 1]`. */
async function open(openSession: OpenSession): Promise<Session> {
  const model = tinyCrossEncoder()
  onTestFinished(() => model[Symbol.dispose]())
  const path = join(model.path, 'onnx/model.onnx')
  const session = await openSession(path, 0, new AbortController().signal)
  onTestFinished(() => session.release())
  return session
}

function ids(...values: number[]): TensorView {
  const data = new Int32Array(new ArrayBuffer(8 * values.length))
  for (const [i, value] of values.entries()) data[i * 2] = value
  return { data, elementType: ELEMENT_TYPES.int64, shape: [1, values.length] }
}

const inputs = (session: Session): Record<string, TensorView> =>
  Object.fromEntries(
    session.inputs.map(({ name }) => [name, name === 'input_ids' ? ids(2, 4, 3) : ids(1, 1, 1)]),
  )
const now = (): Promise<void> => Promise.resolve()

it('says of a graph and gives what the C API does, into memory of ours or its own', async () => {
  const addresses = new BigUint64Array(new SharedArrayBuffer(8))
  const [stock, ort] = [await open(stockSessions(1, now)), await open(ortSessions(1, addresses))]
  expect([stock.inputs, stock.outputs]).toEqual([ort.inputs, ort.outputs])
  const results: number[] = []
  for (const session of [stock, ort]) {
    const data = new Float32Array(new ArrayBuffer(4))
    const output = { data, elementType: ELEMENT_TYPES.float32, shape: [1, 1] }
    await session.run(inputs(session), { logits: output }, new RunCancellation())
    const [allocated] = await session.run(inputs(session), {}, new RunCancellation(), ['logits'])
    expect(allocated).toMatchObject({ shape: [1, 1] })
    results.push(data[0] as number, allocated?.float32()[0] as number)
    allocated?.release()
  }
  expect(results[0]).not.toBe(0)
  expect(new Set(results).size).toBe(1)
})

it('a tensor that was adopted goes into many runs, each with what its memory holds then', async () => {
  const addresses = new BigUint64Array(new SharedArrayBuffer(8))
  for (const session of [await open(stockSessions(1, now)), await open(ortSessions(1, addresses))]) {
    const logits = { data: new Float32Array(1), elementType: ELEMENT_TYPES.float32, shape: [1, 1] }
    const scoreOf = async (from: NamedTensors): Promise<number> => {
      await session.run(from, { logits }, new RunCancellation())
      return logits.data[0] as number
    }
    const plain = inputs(session)
    const expected = await scoreOf(plain)
    const memory = ids(2, 5, 3)
    const [read, written] = [session.adopt(memory), session.adopt(logits)]
    const adopted = { ...plain, input_ids: read }
    const other = await scoreOf(adopted)
    ;(memory.data as Int32Array)[2] = 4
    logits.data[0] = 0
    await session.run(adopted, { logits: written }, new RunCancellation())
    expect([logits.data[0], written.float32()[0], read.shape]).toEqual([expected, expected, [1, 3]])
    expect(other).not.toBe(expected)
    for (const tensor of [read, written, read]) tensor.release()
  }
})

it('a run that was stopped stops no later one', async () => {
  const session = await open(ortSessions(1, new BigUint64Array(new SharedArrayBuffer(8))))
  for (const stop of [true, false, true, false]) {
    const cancellation = new RunCancellation()
    if (stop) cancellation.request()
    const run = session.run(inputs(session), {}, cancellation, ['logits'])
    if (stop) await expect(run).rejects.toMatchObject({ name: 'OrtError' })
    else for (const value of await run) value.release()
  }
})

it('lets everything else have its turn before it holds the thread up', async () => {
  const order: string[] = []
  const session = await open(
    stockSessions(1, async () => {
      await new Promise((resolve) => setImmediate(resolve))
      order.push('turn')
    }),
  )
  await session.run(inputs(session), {}, new RunCancellation(), ['logits'])
  order.push('run')
  expect(order).toEqual(['turn', 'run'])
})

it('fails a run that was stopped before it, or that was told so while nobody could listen', async () => {
  const session = await open(stockSessions(1, now))
  const before = new RunCancellation()
  before.request()
  await expect(session.run(inputs(session), {}, before, ['logits'])).rejects.toMatchObject({
    name: 'OrtError',
    message: 'The run was stopped before it began.',
  })
  const meanwhile = new RunCancellation()
  const run = session.run(inputs(session), {}, meanwhile, ['logits'])
  // After the last look before the run: what comes by then, or while it goes on, is heard after it.
  setImmediate(() => meanwhile.request())
  await expect(run).rejects.toThrow('stopped while it went on')
})

it('takes no run any more when it is released, twice even', async () => {
  const session = await open(stockSessions(1, now))
  session.release()
  session.release()
  await expect(session.run(inputs(session), {}, new RunCancellation())).rejects.toThrow('is released')
})

it('tells of failures with the words of the library', async () => {
  const openSession = stockSessions(1, now)
  await expect(openSession('/no/such/graph.onnx', 0, new AbortController().signal)).rejects.toMatchObject({
    name: 'OrtError',
    message: expect.stringContaining('/no/such/graph.onnx'),
  })
})
