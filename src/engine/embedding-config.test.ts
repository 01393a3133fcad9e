import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { readEmbeddingConfig, type EmbeddingConfig } from './embedding-config.ts'
import { ModelFolder } from './model-folder.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function read(files: Record<string, unknown>): EmbeddingConfig {
  const path = mkdtempSync(join(tmpdir(), 'embedding-config-'))
  folders.push(path)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), typeof content === 'string' ? content : JSON.stringify(content))
  }
  return readEmbeddingConfig(new ModelFolder(path))
}

const LIMITED = { 'config.json': { max_position_embeddings: 512 } }

describe('the limit of tokens', () => {
  it.each([
    [
      'sentence_bert_config.json first',
      256,
      {
        'sentence_bert_config.json': { max_seq_length: 256 },
        'tokenizer_config.json': { model_max_length: 384 },
      },
    ],
    ['then tokenizer_config.json', 384, { 'tokenizer_config.json': { model_max_length: 384 } }],
    ['then the positions of config.json', 512, {}],
    [
      'positions, where the tokenizer has no limit',
      512,
      { 'tokenizer_config.json': { model_max_length: 1e30 } },
    ],
    ['never more than there are positions', 512, { 'sentence_bert_config.json': { max_seq_length: 8_192 } }],
  ])('is taken from %s', (_, expected, files) => {
    expect(read({ ...LIMITED, ...files }).maxTokens).toBe(expected)
  })

  it('leaves out the positions that RoBERTa gives to padding', () => {
    const config = { model_type: 'xlm-roberta', max_position_embeddings: 514, pad_token_id: 1 }
    expect(read({ 'config.json': config }).maxTokens).toBe(512)
  })

  it('must be said somewhere', () => {
    expect(() => read({})).toThrow(/does not say how many tokens/)
  })
})

describe('pooling', () => {
  const pooling = (modes: Record<string, boolean>): string =>
    read({ ...LIMITED, '1_Pooling/config.json': { word_embedding_dimension: 8, ...modes } }).pooling

  it('is read from the model', () => {
    expect(pooling({ pooling_mode_cls_token: false, pooling_mode_mean_tokens: true })).toBe('mean')
    expect(pooling({ pooling_mode_cls_token: true })).toBe('cls')
    expect(pooling({ pooling_mode_lasttoken: true })).toBe('last-token')
  })
  it('is the mean where nothing is said', () => {
    expect(read(LIMITED).pooling).toBe('mean')
  })
  it('is refused where it is not one of these', () => {
    expect(() => pooling({ pooling_mode_max_tokens: true })).toThrow(/pooling_mode_max_tokens/)
    expect(() => pooling({ pooling_mode_cls_token: true, pooling_mode_mean_tokens: true })).toThrow(/ and /)
    expect(() => pooling({})).toThrow(/no pooling/)
  })
})

describe('prompts', () => {
  const prompts = (config: object): EmbeddingConfig['prompts'] =>
    read({ ...LIMITED, 'config_sentence_transformers.json': config }).prompts

  it('are empty where the model has none', () => {
    expect(prompts({})).toEqual({ query: '', document: '', unspecified: '' })
  })
  it('go by the names that models use', () => {
    expect(prompts({ prompts: { query: 'query: ', passage: 'passage: ' } })).toEqual({
      query: 'query: ',
      document: 'passage: ',
      unspecified: '',
    })
  })
  it('fall back to the default prompt', () => {
    const config = { prompts: { query: 'Q: ', general: 'G: ' }, default_prompt_name: 'general' }
    expect(prompts(config)).toEqual({ query: 'Q: ', document: 'G: ', unspecified: 'G: ' })
  })
})

it('a file that is no JSON is named', () => {
  expect(() => read({ 'config.json': '{' })).toThrow(/config\.json cannot be read as JSON/)
})
