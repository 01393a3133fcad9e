import type { TranslatedSentence } from '../../registry/model.ts'
import type { DetectedLanguage } from '../language-detector.ts'
import { toReplyError } from '../reply-error.ts'

/**
 * A stream of sentences as server-sent events: `sentence` for each, then `done`, or `error` when it broke off. The answer has begun
 * by then, so that the status says nothing any more.
 *
 * @throws what fails before the first sentence
 */
export async function* sentenceEvents(
  sentences: AsyncIterable<TranslatedSentence> | Iterable<TranslatedSentence>,
  detected: DetectedLanguage | undefined,
): AsyncGenerator<string, void> {
  let hasBegun = false
  try {
    for await (const { text, sentence, translation } of sentences) {
      hasBegun = true
      yield event('sentence', { index: text, sentence, translatedText: translation })
    }
  } catch (error) {
    if (!hasBegun) throw error
    yield event('error', { error: toReplyError(error).message })
    return
  }
  yield event('done', detected === undefined ? {} : { detectedLanguage: detected })
}

/** JSON has no line ends, which would end the event. */
function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}
