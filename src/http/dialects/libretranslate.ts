import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../kernel/clock.ts'
import type { LanguagePair } from '../../registry/model.ts'
import type { TranslateOptions } from '../../services/runtime.ts'
import { detectLanguages, type DetectedLanguage } from '../language-detector.ts'
import { DEADLINE, PRINCIPAL } from '../request-parts.ts'
import { servedHeaders } from '../served-headers.ts'
import type { ServedRuntime } from '../served-runtime.ts'
import { libretranslateErrors } from './libretranslate-errors.ts'
import { currentLanguages, isSame, type ServedLanguages } from './libretranslate-languages.ts'
import { readDetectRequest, readTranslateRequest, type TranslateRequest } from './libretranslate-request.ts'
import { sentenceEvents } from './translation-events.ts'

export interface TranslationDependencies {
  readonly runtime: ServedRuntime
  readonly clock: Clock
  readonly needsKey: boolean
}

/** `/translate`, `/detect`, `/languages` and `/frontend/settings` (https://docs.libretranslate.com). */
export function libretranslateRoutes(app: FastifyInstance, dependencies: TranslationDependencies): void {
  const languages = currentLanguages(() => dependencies.runtime.translators())
  const form = { config: { errors: libretranslateErrors, acceptsForm: true, keyInBody: true } }
  // Clients read these two without a key.
  const open = { config: { errors: libretranslateErrors, isOpen: true } }
  app.post('/translate', form, (request, reply) => translate(dependencies, languages(), request, reply))
  app.post('/detect', form, (request) => {
    request.scope.resolve(PRINCIPAL)
    const text = readDetectRequest(request.body)
    return detectLanguages(text, codesOf(languages()))
  })
  app.get('/languages', open, () => languages().entries)
  app.get('/frontend/settings', open, () => settings(languages(), dependencies.needsKey))
}

async function translate(
  { runtime, clock }: TranslationDependencies,
  languages: ServedLanguages,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { name: tenant } = request.scope.resolve(PRINCIPAL)
  const wanted = readTranslateRequest(request.body)
  const detected = wanted.source === 'auto' ? detect(wanted.texts, languages) : undefined
  const pair = languages.pair(detected?.language ?? wanted.source, wanted.target)
  const options = { signal: request.left, tenant, ...request.scope.resolve(DEADLINE) }
  request.subject = { model: `${pair.source} into ${pair.target}`, items: wanted.texts.length }
  if (request.headers.accept?.includes('text/event-stream')) {
    return stream(runtime, wanted, pair, detected, options, reply)
  }
  // A text in the target language is translated already.
  if (isSame(pair.source, pair.target)) return reply.send(answerOf(wanted, wanted.texts, detected))
  const result = await runtime.translate(pair, wanted.texts, options)
  const beganMs = clock.nowMs()
  const body = JSON.stringify(answerOf(wanted, result.texts, detected))
  return reply
    .headers(servedHeaders({ ...result, truncated: result.cut }, clock.nowMs() - beganMs))
    .type('application/json; charset=utf-8')
    .send(body)
}

/** Begins when the first sentence is there: what fails before it is answered as any error. */
async function stream(
  runtime: ServedRuntime,
  { texts }: TranslateRequest,
  pair: LanguagePair,
  detected: DetectedLanguage | undefined,
  options: TranslateOptions,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const events = isSame(pair.source, pair.target)
    ? sentenceEvents(
        texts.map((translation, text) => ({ text, sentence: 0, translation })),
        detected,
      )
    : sentenceEvents(runtime.translate(pair, texts, { ...options, stream: true }), detected)
  const first = await events.next()
  const all = async function* (): AsyncGenerator<string> {
    if (first.done !== true) yield first.value
    yield* events
  }
  return reply
    .headers({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' })
    .send(Readable.from(all()))
}

function answerOf(
  { isList, alternatives }: TranslateRequest,
  texts: readonly string[],
  detected: DetectedLanguage | undefined,
): object {
  return {
    translatedText: isList ? texts : texts[0],
    ...(detected && { detectedLanguage: isList ? texts.map(() => detected) : detected }),
    // Greedy decoding has one answer.
    ...(alternatives > 0 && { alternatives: isList ? texts.map(() => []) : [] }),
  }
}

/** Once from all texts, as LibreTranslate does. */
function detect(texts: readonly string[], languages: ServedLanguages): DetectedLanguage {
  const [best] = detectLanguages(texts.join('\n'), codesOf(languages))
  return best ?? { language: languages.first, confidence: 0 }
}

function codesOf({ entries }: ServedLanguages): string[] {
  return entries.map(({ code }) => code)
}

function settings(languages: ServedLanguages, keyRequired: boolean): object {
  const [source] = languages.entries
  const target = languages.entries.find(({ code }) => code === source?.targets[0])
  const named = ({ code, name }: { code: string; name: string }): object => ({ code, name })
  return {
    apiKeys: keyRequired,
    charLimit: -1,
    filesTranslation: false,
    frontendTimeout: 500,
    keyRequired,
    language: {
      source: { code: 'auto', name: 'Auto Detect' },
      target: target === undefined ? null : named(target),
    },
    suggestions: false,
    supportedFilesFormat: [],
  }
}
