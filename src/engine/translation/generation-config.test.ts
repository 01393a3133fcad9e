import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { ModelFolder } from '../model-folder.ts'
import { readGenerationConfig, type GenerationConfig } from './generation-config.ts'

const MODEL = {
  eos_token_id: 2,
  decoder_start_token_id: 3,
  decoder_attention_heads: 4,
  d_model: 32,
  vocab_size: 100,
  max_position_embeddings: 64,
}

function read(model: object, generation?: object, tokenizer?: object): GenerationConfig {
  const path = mkdtempSync(join(tmpdir(), 'leasehold-generation-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  mkdirSync(path, { recursive: true })
  const files = { config: model, generation_config: generation, tokenizer_config: tokenizer }
  for (const [name, content] of Object.entries(files)) {
    if (content !== undefined) writeFileSync(join(path, `${name}.json`), JSON.stringify(content))
  }
  return readGenerationConfig(new ModelFolder(path))
}

it('what is for generating goes before what is for the model, and nulls do not count', () => {
  const config = read(
    { ...MODEL, forced_eos_token_id: 2, max_length: 20 },
    { eos_token_id: [5, 6], max_length: null, bad_words_ids: [[7], [8, 9]], suppress_tokens: [1] },
  )
  expect(config).toMatchObject({
    startToken: 3,
    padToken: 5,
    lastToken: 2,
    firstToken: undefined,
    maxLength: 20,
    suppressed: [1, 7],
    badSequences: [[8, 9]],
    headSize: 8,
  })
  expect([...config.endTokens]).toEqual([5, 6])
})

it('the limit of what is written is that which is asked for, within the positions that there are', () => {
  expect(read(MODEL).maxLength).toBe(64)
  expect(read({ ...MODEL, max_position_embeddings: 1_024 }).maxLength).toBe(200)
  expect(read(MODEL, { max_new_tokens: 10 }).maxLength).toBe(11)
  expect(read(MODEL, { max_length: 500 }).maxLength).toBe(64)
})

it('the limit of what is read is the smaller one, and tokenizers without one do not count', () => {
  expect(read(MODEL, {}, { model_max_length: 1e30 }).maxSourceTokens).toBe(64)
  expect(read(MODEL, {}, { model_max_length: 32 }).maxSourceTokens).toBe(32)
  expect(() => read({ ...MODEL, max_position_embeddings: undefined })).toThrow(
    /how many tokens the model takes/,
  )
})
