import type { ResolvedModelConfig } from '../config/resolve.ts'
import { defaultDtype, dtypesIn, graphBytes } from '../registry/graph-files.ts'
import type { Isolation } from '../registry/isolation.ts'
import { DEVICES, DTYPES, formatKey, type Device, type Dtype, type ModelKey } from '../registry/model-key.ts'
import type { TranslationSettings } from '../registry/model.ts'
import type { ModelSpec, Variant } from '../scheduler/variant.ts'

/** What a name stands for: which files, and what to try instead. */
export type ModelDefinition = Pick<
  ResolvedModelConfig,
  'source' | 'dtype' | 'device' | 'revision' | 'isolation' | 'fallback' | 'languages' | 'textProcessing'
>

/** A variant, with what it takes to load it. */
export interface LoadableVariant extends Variant {
  readonly key: ModelKey
  readonly source: string
  readonly isolation: Isolation
  readonly translation: TranslationSettings
}

/** Weights are held once and unpacked in part; the rest is the engine, the tokenizer and the thread, or all of a process. */
const MEMORY_PER_FILE_BYTE = 1.3
const MEMORY_BASE_BYTES: Readonly<Record<Isolation, number>> = { thread: 60e6, process: 110e6 }

/**
 * Candidates for each selector. Without a dtype asked it is the configured one and then the fallback list; an explicit dtype
 * or device is answered by nothing else. Where CUDA is wanted but not asked for explicitly, the CPU is the last resort.
 */
export function modelSpec(name: string, definition: ModelDefinition): ModelSpec {
  const known = new Map<string | undefined, readonly LoadableVariant[]>()
  return {
    candidates(selector) {
      let variants = known.get(selector)
      if (variants === undefined) {
        variants = candidates(name, definition, parseSelector(selector))
        known.set(selector, variants)
      }
      return variants
    },
  }
}

/** An explicit wish as the scheduler carries it; undefined: none. */
export function selectorOf(wish: {
  dtype?: Dtype | undefined
  device?: Device | undefined
}): string | undefined {
  if (wish.dtype === undefined && wish.device === undefined) return undefined
  return `${wish.dtype ?? ''}@${wish.device ?? ''}`
}

interface Wish {
  dtype?: Dtype | undefined
  device?: Device | undefined
}

function parseSelector(selector: string | undefined): Wish {
  const [dtype, device] = selector?.split('@') ?? []
  return { dtype: DTYPES.find((it) => it === dtype), device: DEVICES.find((it) => it === device) }
}

function candidates(name: string, definition: ModelDefinition, wish: Wish): LoadableVariant[] {
  const { languages, textProcessing } = definition
  const translation: TranslationSettings = {
    ...(languages !== undefined && { languages }),
    ...(textProcessing !== undefined && { textProcessing }),
  }
  const variants = new Map<string, LoadableVariant>()
  const add = (source: string, dtype: Dtype, device: Device): void => {
    const key = { name, revision: definition.revision, dtype, device }
    const variant = newVariant(key, source, definition.isolation, translation)
    if (!variants.has(variant.id)) variants.set(variant.id, variant)
  }
  const dtype = wish.dtype ?? definition.dtype ?? defaultDtype(definition.source)
  const device = wish.device ?? (definition.device === 'cuda' ? 'cuda' : 'cpu')
  add(definition.source, dtype, device)
  if (wish.dtype === undefined && wish.device === undefined) {
    for (const other of definition.fallback) {
      const source = other.source ?? definition.source
      const otherDtype = other.dtype ?? (dtypesIn(source).includes(dtype) ? dtype : defaultDtype(source))
      add(source, otherDtype, other.device === undefined || other.device === 'auto' ? device : other.device)
    }
  }
  if (wish.device === undefined && device === 'cuda') add(definition.source, dtype, 'cpu')
  return [...variants.values()]
}

function newVariant(
  key: ModelKey,
  source: string,
  isolation: Isolation,
  translation: TranslationSettings,
): LoadableVariant {
  const fileBytes = graphBytes(source, key.dtype) ?? 0
  return {
    id: JSON.stringify([key.name, key.revision, source, key.dtype, key.device, isolation, translation]),
    label: formatKey(key),
    estimateBytes: Math.ceil(MEMORY_BASE_BYTES[isolation] + MEMORY_PER_FILE_BYTE * fileBytes),
    key,
    source,
    isolation,
    translation,
  }
}
