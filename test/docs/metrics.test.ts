import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { HttpMetrics } from '../../src/http/http-metrics.ts'
import { Emitter } from '../../src/kernel/events.ts'
import type { RuntimeEvents } from '../../src/kernel/runtime-events.ts'
import { Monitor } from '../../src/monitor/monitor.ts'

/** Metrics text in which every metric has a sample, so that its labels show. */
async function exposition(): Promise<string> {
  const events = new Emitter<RuntimeEvents>((error) => {
    throw error
  })
  const model = 'm'
  const key = { model, key: 'm:int8@cpu', generation: 1 }
  const status = { queuedRequests: 0, concurrentAccessCount: 0, maxConcurrentAccess: 1, memoryBytes: 0 }
  using monitor = new Monitor({ events, models: () => [{ name: model, state: 'ready', ...status }] })
  const timings = { admitMs: 1, queueMs: 1, loadMs: 1, tokeniseMs: 1, inferMs: 1, encodeMs: 1 }
  events.emit('request', { model, task: 'embed', outcome: 'ok', items: 1, tokens: 1, timings })
  events.emit('batch', { model, texts: 1, tokens: 1, paddedTokens: 1, inferMs: 1 })
  events.emit('cache', { model, hits: 1, misses: 1 })
  events.emit('load', { ...key, outcome: 'loaded', durationMs: 1, memoryBytes: 1, isFallback: false })
  events.emit('unload', { ...key, reason: 'idle' })
  events.emit('swap', { slot: 's', from: 'a', to: 'b', mode: 'drain', outcome: 'ended' })
  events.emit('warning', { model, code: 'c', message: '' })
  const http = new HttpMetrics(() => 0)
  http.record('/v1/embeddings', 200, 1)
  return (await monitor.metrics()).text + (await http.text())
}

/** One row for each metric, as the tables have them: name, type, labels, meaning. */
function rowsOf(text: string): string[] {
  return Array.from(text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n(.*)$/gm), (match) => {
    const [, name, help, type, sample] = match as unknown as [string, string, string, string, string]
    const labels = Array.from(sample.matchAll(/[{,](\w+)=/g), ([, label]) => label).filter(
      (label) => label !== 'le',
    )
    return [`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(', '), help].join(' | ')
  })
}

test('docs/metrics.md has a row for each metric, and no other', async () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'metrics.md'), 'utf8')
  const documented = text.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim())
    return /^`(leasehold|process|nodejs)_/.test(cells[1] ?? '') ? [cells.slice(1, 5).join(' | ')] : []
  })
  expect(documented.toSorted()).toEqual(rowsOf(await exposition()).toSorted())
})
