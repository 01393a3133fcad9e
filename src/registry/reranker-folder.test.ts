import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { isRerankerFolder } from './reranker-folder.ts'

it.each([
  ['{"architectures":["BertForSequenceClassification"]}', true],
  ['{"architectures":["XLMRobertaForSequenceClassification"]}', true],
  ['{"architectures":["BertModel"]}', false],
  ['{"architectures":"odd"}', false],
  ['{}', false],
  ['null', false],
  ['not JSON', false],
  [undefined, false],
])('a folder with the configuration %s reranks and nothing else: %s', (config, expected) => {
  const folder = mkdtempSync(join(tmpdir(), 'leasehold-reranker-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  if (config !== undefined) writeFileSync(join(folder, 'config.json'), config)
  expect(isRerankerFolder(folder)).toBe(expected)
})
