import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { externalWeights, message, model, node, weights, type Field } from '../../test/engine/onnx-writer.ts'
import { ModelLoadError } from '../kernel/errors.ts'
import { isBatchInvariant, readGraphFacts, type GraphFacts } from './graph-facts.ts'

const folder = mkdtempSync(join(tmpdir(), 'graph-facts-'))
afterAll(() => rmSync(folder, { recursive: true }))

function factsOf(content: Uint8Array): GraphFacts {
  const path = join(folder, 'model.onnx')
  writeFileSync(path, content)
  return readGraphFacts(path)
}

describe('the operators of a graph', () => {
  it('are found between weights of any size', () => {
    const facts = factsOf(model(node('MatMul'), weights(100_000), node('Softmax'), weights(3)))
    expect([...facts.operators]).toEqual(['MatMul', 'Softmax'])
  })

  it('are found in subgraphs and in local functions', () => {
    const branch: Field = [5, [[6, [node('DynamicQuantizeLinear')]]]]
    expect(isBatchInvariant(factsOf(model(node('If', branch))))).toBe(false)
    const withFunction = Buffer.concat([
      model(node('Call')),
      message([25, [[7, [[4, 'DynamicQuantizeLinear']]]]]),
    ])
    expect(isBatchInvariant(factsOf(withFunction))).toBe(false)
  })

  it('leave the vector of a text to itself where no whole tensor is quantised', () => {
    expect(isBatchInvariant(factsOf(model(node('QuantizeLinear'), node('MatMulIntegerToFloat'))))).toBe(true)
  })
})

describe('a file that is none', () => {
  it.each([
    ['text', Buffer.from('<html>not found</html>')],
    ['nothing', new Uint8Array()],
    ['half of one', model(node('MatMul'), weights(50_000)).subarray(0, 40_000)],
    ['one with a length beyond its end', message([7, [[1, Uint8Array.of(0x22, 0x7f)]]])],
  ])('is refused: %s', (_, content) => {
    expect(() => factsOf(content)).toThrow(ModelLoadError)
    expect(() => factsOf(content)).toThrow(/model\.onnx/)
  })

  it('is refused when it nests without end', () => {
    let inner: Field = node('MatMul')
    for (let depth = 0; depth < 60; depth++) inner = node('If', [5, [[6, [inner]]]])
    expect(() => factsOf(model(inner))).toThrow(/nested/)
  })
})

describe('weights in another file', () => {
  it('count with the graph', () => {
    writeFileSync(join(folder, 'weights.bin'), new Uint8Array(1_000))
    const content = model(
      node('MatMul'),
      externalWeights({ location: 'weights.bin', offset: '0', length: '600' }),
      externalWeights({ location: 'weights.bin', offset: '600', length: '400' }),
    )
    expect(factsOf(content).totalBytes).toBe(content.length + 1_000)
  })

  it('must be long enough', () => {
    writeFileSync(join(folder, 'weights.bin'), new Uint8Array(999))
    const content = model(
      node('MatMul'),
      externalWeights({ location: 'weights.bin', offset: '600', length: '400' }),
    )
    expect(() => factsOf(content)).toThrow(/cut short: .* needs 1000 bytes of it, and it has 999/)
  })

  it('must be there', () => {
    expect(() => factsOf(model(node('MatMul'), externalWeights({ location: 'absent.bin' })))).toThrow(
      /absent\.bin is missing/,
    )
  })

  it.each(['../weights.bin', '/etc/passwd', 'a/../../b', '..\\weights.bin', ''])(
    'must lie inside the folder: %j does not',
    (location) => {
      const content = model(node('MatMul'), externalWeights({ location, length: '1' }))
      expect(() => factsOf(content)).toThrow(/outside its folder/)
    },
  )
})
