import { readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ModelLoadError } from '../../src/kernel/errors.ts'
import { externalWeights, model as onnxModel, node } from './onnx-writer.ts'
import { copyOfModel, load, MODEL_FOLDER } from './harness.ts'
import { tinyCrossEncoder } from './tiny-cross-encoder.ts'

const GRAPH = 'onnx/model_int8.onnx'

describe('a load', () => {
  it('does without a manifest', async () => {
    using copy = copyOfModel()
    rmSync(join(copy.path, 'manifest.json'))
    const model = await load({ source: copy.path })
    await model.close()
  })
})

describe('a folder that cannot be loaded', () => {
  const failure = async (source: string, dtype: 'int8' | 'fp32' = 'int8'): Promise<Error> => {
    const error = await load({ source, dtype }).then(
      async (model) => {
        await model.close()
        return undefined
      },
      (error: unknown) => error,
    )
    expect(error).toBeInstanceOf(ModelLoadError)
    return error as Error
  }
  /** A link would carry the damage to the original. */
  const replaceGraph = (folder: string, content: Uint8Array): void => {
    unlinkSync(join(folder, GRAPH))
    writeFileSync(join(folder, GRAPH), content)
  }

  it('is one that does not exist', async () => {
    expect((await failure('/no/such/folder')).message).toContain('/no/such/folder, does not exist')
  })

  it('is one without a file for the dtype, and the message says which there are', async () => {
    expect((await failure(MODEL_FOLDER, 'fp32')).message).toMatch(
      /no onnx\/model\.onnx for dtype fp32. It has: int8\./,
    )
  })

  it('is one with a flipped bit', async () => {
    using copy = copyOfModel()
    const content = readFileSync(join(MODEL_FOLDER, GRAPH))
    content[content.length >> 1]! ^= 1
    replaceGraph(copy.path, content)
    expect((await failure(copy.path)).message).toMatch(/model_int8\.onnx is damaged: its SHA-256/)
  })

  it('is one with a file that is cut short, manifest or not', async () => {
    using copy = copyOfModel()
    replaceGraph(copy.path, readFileSync(join(MODEL_FOLDER, GRAPH)))
    truncateSync(join(copy.path, GRAPH), 10_000_000)
    expect((await failure(copy.path)).message).toMatch(/model_int8\.onnx is cut short/)
    rmSync(join(copy.path, 'manifest.json'))
    expect((await failure(copy.path)).message).toMatch(/model_int8\.onnx is damaged or no ONNX file/)
  })

  it.each(['tokenizer.json', GRAPH])('is one without %s', async (name) => {
    using copy = copyOfModel()
    rmSync(join(copy.path, 'manifest.json'))
    rmSync(join(copy.path, name))
    expect((await failure(copy.path)).message).toContain(name)
  })

  it('is one with a file that ONNX Runtime does not understand', async () => {
    using copy = copyOfModel()
    rmSync(join(copy.path, 'manifest.json'))
    replaceGraph(copy.path, onnxModel(node('NoSuchOperator')))
    const error = await failure(copy.path)
    expect(error.message).toMatch(/ONNX Runtime cannot load .*model_int8\.onnx/)
    expect((error.cause as Error).name).toBe('OrtError')
  })

  it('is one of a model that makes no vectors', async () => {
    using classifier = tinyCrossEncoder({ config: { architectures: ['BertModel'] } })
    expect((await failure(classifier.path, 'fp32')).message).toMatch(
      /not that of an embedding model: .* but logits/,
    )
  })

  it('is one whose graph wants weights from elsewhere', async () => {
    using copy = copyOfModel()
    rmSync(join(copy.path, 'manifest.json'))
    replaceGraph(copy.path, onnxModel(node('MatMul'), externalWeights({ location: '../../secret' })))
    expect((await failure(copy.path)).message).toMatch(/weights outside its folder: "\.\.\/\.\.\/secret"/)
  })
})
