import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { tinyCrossEncoder, TINY_MAX_TOKENS } from '../../test/engine/tiny-cross-encoder.ts'
import { ModelLoadError } from '../kernel/errors.ts'
import { readCrossEncoderConfig, scoreOutput } from './cross-encoder-config.ts'
import { ModelFolder } from './model-folder.ts'
import { ELEMENT_TYPES } from './tensor.ts'

function folderWith(config: object): ModelFolder {
  const model = tinyCrossEncoder({ config })
  onTestFinished(() => model[Symbol.dispose]())
  return new ModelFolder(model.path)
}

describe('a folder', () => {
  it('says how long a pair may be, and whether tokens have types', () => {
    expect(readCrossEncoderConfig(folderWith({}))).toEqual({
      maxTokens: TINY_MAX_TOKENS,
      hasTokenTypes: true,
    })
    expect(readCrossEncoderConfig(folderWith({ type_vocab_size: 1, max_position_embeddings: 12 }))).toEqual({
      maxTokens: 12,
      hasTokenTypes: false,
    })
  })

  it('is refused with several labels, which are named', () => {
    const folder = folderWith({ id2label: { 0: 'negative', 1: 'positive' } })
    expect(() => readCrossEncoderConfig(folder)).toThrow(ModelLoadError)
    expect(() => readCrossEncoderConfig(folder)).toThrow(/config\.json has 2 labels \(negative, positive\)/)
  })

  it('without labels leaves it to the graph to say', () => {
    const folder = folderWith({})
    writeFileSync(join(folder.path, 'config.json'), JSON.stringify({ model_type: 'bert' }))
    expect(readCrossEncoderConfig(folder).hasTokenTypes).toBe(true)
  })
})

describe('the output of the graph', () => {
  const logits = (
    labels: number | undefined,
    name = 'logits',
  ): Parameters<typeof scoreOutput>[0][number] => ({
    name,
    elementType: ELEMENT_TYPES.float32,
    shape: [undefined, labels],
  })

  it('is the one with one number for each pair', () => {
    expect(scoreOutput([logits(384, 'pooler_output'), logits(1)])).toEqual(logits(1))
    expect(scoreOutput([logits(undefined)])).toEqual(logits(undefined))
  })

  it('is refused where there is none, or one of several numbers', () => {
    expect(() => scoreOutput([logits(384, 'sentence_embedding')])).toThrow(
      /gives no logits, but sentence_embedding/,
    )
    expect(() => scoreOutput([logits(3)])).toThrow(/The graph has 3 labels\. A reranking model has one/)
  })
})
