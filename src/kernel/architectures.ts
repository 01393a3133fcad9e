/**
 * Whether the content of a `config.json` is that of a cross-encoder: a model that reads two texts together and scores the
 * pair, and makes no vectors. By the names that transformers gives to architectures.
 */
export function isCrossEncoder(config: unknown): boolean {
  const { architectures } = (config ?? {}) as { architectures?: unknown }
  return Array.isArray(architectures) && String(architectures[0]).endsWith('ForSequenceClassification')
}
