import { pathToFileURL } from 'node:url'
import { ModelLoadError } from '../../kernel/errors.ts'
import type { TextProcessor } from '../../worker/protocol.ts'

/** For models that read and write text as it is. */
const PLAIN: TextProcessor = {
  preprocess: (sentence) => sentence,
  postprocess: (translation) => translation,
}

/**
 * @param path Of a module whose default export is a `TextProcessor`. It is code: only the configuration names it, never a
 *   model's folder.
 * @throws ModelLoadError naming the module
 */
export async function loadTextProcessor(path: string | undefined): Promise<TextProcessor> {
  if (path === undefined) return PLAIN
  let module: { default?: unknown }
  try {
    module = (await import(pathToFileURL(path).href)) as typeof module
  } catch (cause) {
    throw new ModelLoadError(`The module for text processing, ${path}, cannot be loaded.`, { cause })
  }
  const { preprocess, postprocess } = (module.default ?? {}) as Partial<TextProcessor>
  if (typeof preprocess === 'function' && typeof postprocess === 'function')
    return module.default as TextProcessor
  throw new ModelLoadError(
    `The default export of ${path} should have the methods preprocess(sentence, languages) and postprocess(translation, languages).`,
  )
}
