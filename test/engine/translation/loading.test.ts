import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createRuntime, type ModelConfig, type Runtime } from '../../../src/index.ts'
import { fixture, tinyModel } from './harness.ts'

const PROCESSORS = fixture('processors')

/** A copy of a fixture that may be damaged. */
function copyOf(name: string): string {
  const path = mkdtempSync(join(tmpdir(), 'leasehold-translator-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  cpSync(fixture(name), path, { recursive: true })
  return path
}

async function runtimeOf(model: ModelConfig): Promise<Runtime> {
  const runtime = await createRuntime({ models: { m: model } }, { logger: { warn: () => {} } })
  onTestFinished(() => runtime.close())
  return runtime
}

async function failureOf(model: ModelConfig): Promise<string> {
  const runtime = await runtimeOf(model)
  return runtime.load('m').then(
    () => 'nothing',
    (error: Error) => error.message,
  )
}

describe('a load fails, naming what is wrong,', () => {
  it('without a decoder', async () => {
    const source = copyOf('marian')
    rmSync(join(source, 'onnx/decoder_model_merged.onnx'))
    expect(await failureOf({ source })).toMatch(
      /onnx\/decoder_model_merged\.onnx is missing: .* merged decoder/,
    )
  })

  it('without a tokenizer, or without what its configuration must say', async () => {
    const source = copyOf('marian')
    rmSync(join(source, 'tokenizer.json'))
    expect(await failureOf({ source })).toMatch(/tokenizer\.json is missing/)
    for (const [content, message] of [
      ['{}', /eos_token_id and decoder_start_token_id/],
      ['{"eos_token_id":0,"decoder_start_token_id":2}', /decoder_attention_heads, d_model and vocab_size/],
    ] as const) {
      const other = copyOf('marian')
      rmSync(join(other, 'generation_config.json'))
      writeFileSync(join(other, 'config.json'), content)
      expect(await failureOf({ source: other })).toMatch(message)
    }
  })

  it('with graphs of another kind', async () => {
    const source = copyOf('marian')
    cpSync(join(source, 'onnx/encoder_model.onnx'), join(source, 'onnx/decoder_model_merged.onnx'))
    expect(await failureOf({ source })).toMatch(
      /not a merged decoder with a key-value cache: it takes input_ids/,
    )
    const other = copyOf('marian')
    cpSync(join(other, 'onnx/decoder_model_merged.onnx'), join(other, 'onnx/encoder_model.onnx'))
    expect(await failureOf({ source: other })).toMatch(/not that of a translation model's encoder/)
  })

  it('with a language that it has no token for', async () => {
    const languages = { source: 'en', target: ['hi', 'fr'] }
    expect(await failureOf({ source: fixture('nllb'), languages })).toMatch(
      /no token for the language fr\. It has en, hi, zh, zh-Hant\./,
    )
  })

  it('with a module for text processing that is none', async () => {
    const source = fixture('marian')
    expect(await failureOf({ source, textProcessing: join(PROCESSORS, 'none.mjs') })).toMatch(
      /cannot be loaded/,
    )
    const path = join(copyOf('marian'), 'half.mjs')
    writeFileSync(path, 'export default { preprocess: (text) => text }')
    expect(await failureOf({ source, textProcessing: path })).toMatch(/preprocess.*postprocess/)
  })

  it('with a file that is not the one of the manifest', async () => {
    const source = mkdtempSync(join(tmpdir(), 'leasehold-translator-'))
    onTestFinished(() => rmSync(source, { recursive: true }))
    cpSync(tinyModel('en-hi'), source, { recursive: true })
    cpSync(join(tinyModel('hi-en'), 'onnx'), join(source, 'onnx'), { recursive: true })
    expect(await failureOf({ source })).toMatch(/is damaged: its SHA-256/)
  })
})

describe('a module for text processing', () => {
  it('prepares what the model reads and what people read', async () => {
    const without = await runtimeOf({ source: fixture('marian') })
    const [plain] = (await without.translate('m', 'en de hello')).texts
    const runtime = await runtimeOf({
      source: fixture('marian'),
      textProcessing: join(PROCESSORS, 'marks.mjs'),
    })
    expect((await runtime.translate('m', 'HELLO')).texts).toEqual([`[de] ${plain}`])
  })
})

describe('languages', () => {
  it('are those of the configuration before those of the files', async () => {
    const runtime = await runtimeOf({
      source: fixture('nllb'),
      languages: { source: 'eng_Latn', target: ['hi', 'zh_Hant'] },
    })
    expect(runtime.translators()).toEqual([{ model: 'm', targets: { en: ['hi', 'zh-Hant'] } }])
    await expect(runtime.translate('m', 'hello', { source: 'en', target: 'zh' })).rejects.toThrow(
      /does not translate en into zh\. It translates en into hi, zh-Hant/,
    )
  })

  it('need not be named where a model has one pair', async () => {
    const runtime = await runtimeOf({ source: tinyModel('en-hi') })
    const { texts } = await runtime.translate('m', 'They like this train.')
    expect(texts).toEqual(['उन्हें यह ट्रेन पसंद है।'])
    await expect(runtime.translate('m', 'a', { target: 'fr' })).rejects.toMatchObject({ field: 'target' })
    await expect(runtime.translate('m', 'a', { source: 'hi' })).rejects.toMatchObject({ field: 'source' })
  })
})
