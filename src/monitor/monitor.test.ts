import { afterEach, expect, test } from 'vitest'
import { Emitter } from '../kernel/events.ts'
import type { BatchEvent, LoadEvent, RequestEvent, RuntimeEvents } from '../kernel/runtime-events.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import type { MonitoredModel } from './gauges.ts'
import { Monitor } from './monitor.ts'

const open: Monitor[] = []
afterEach(() => {
  for (const monitor of open.splice(0)) monitor.close()
})

function setUp(): {
  events: Emitter<RuntimeEvents>
  models: MonitoredModel[]
  monitor: Monitor
  clock: ManualClock
} {
  const events = new Emitter<RuntimeEvents>((error) => {
    throw error
  })
  const models: MonitoredModel[] = [
    {
      name: 'minilm',
      state: 'unloaded',
      queuedRequests: 0,
      concurrentAccessCount: 0,
      maxConcurrentAccess: 10,
      memoryBytes: 0,
    },
  ]
  const clock = new ManualClock()
  const monitor = new Monitor({ events, models: () => models, clock })
  open.push(monitor)
  return { events, models, monitor, clock }
}

function request(changes: Partial<RequestEvent> = {}): RequestEvent {
  const timings = { admitMs: 0, queueMs: 4, loadMs: 0, tokeniseMs: 1, inferMs: 20, encodeMs: 0 }
  return { model: 'minilm', task: 'embed', outcome: 'ok', items: 3, tokens: 30, timings, ...changes }
}

function load(changes: Partial<LoadEvent> = {}): LoadEvent {
  return {
    model: 'minilm',
    key: 'minilm:int8@cpu',
    generation: 1,
    outcome: 'loaded',
    durationMs: 300,
    memoryBytes: 1,
    isFallback: false,
    ...changes,
  }
}

function batch(changes: Partial<BatchEvent> = {}): BatchEvent {
  return { model: 'minilm', texts: 4, tokens: 75, paddedTokens: 100, inferMs: 20, ...changes }
}

/** The lines of the Prometheus text that are not comments and not zero. */
async function lines(monitor: Monitor, name: string): Promise<string[]> {
  const { text } = await monitor.metrics()
  return text.split('\n').filter((line) => line.startsWith(name) && !line.endsWith(' 0'))
}

test('requests are counted by outcome, the phases only of those that succeeded', async () => {
  const { events, monitor } = setUp()
  events.emit('request', request())
  events.emit('request', request())
  events.emit('request', request({ outcome: 'QUEUE_FULL', items: 9 }))
  expect(await lines(monitor, 'leasehold_requests_total')).toEqual([
    'leasehold_requests_total{model="minilm",task="embed",outcome="ok"} 2',
    'leasehold_requests_total{model="minilm",task="embed",outcome="QUEUE_FULL"} 1',
  ])
  expect(await lines(monitor, 'leasehold_request_items_total')).toEqual([
    'leasehold_request_items_total{model="minilm",task="embed"} 6',
  ])
  expect(await lines(monitor, 'leasehold_request_phase_seconds_count')).toEqual([
    'leasehold_request_phase_seconds_count{model="minilm",phase="queue"} 2',
    'leasehold_request_phase_seconds_count{model="minilm",phase="tokenise"} 2',
    'leasehold_request_phase_seconds_count{model="minilm",phase="infer"} 2',
  ])
  expect(await lines(monitor, 'leasehold_request_phase_seconds_sum')).toContain(
    'leasehold_request_phase_seconds_sum{model="minilm",phase="infer"} 0.04',
  )
})

test('gauges are the state at the moment of the look, and a state that was left is gone', async () => {
  const { models, monitor } = setUp()
  expect(await lines(monitor, 'leasehold_model_state')).toEqual([
    'leasehold_model_state{model="minilm",state="unloaded"} 1',
  ])
  Object.assign(models[0]!, { state: 'ready', queuedRequests: 7, concurrentAccessCount: 2, memoryBytes: 1e8 })
  expect(await lines(monitor, 'leasehold_model_state')).toEqual([
    'leasehold_model_state{model="minilm",state="ready"} 1',
  ])
  expect(await lines(monitor, 'leasehold_queue_length')).toEqual(['leasehold_queue_length{model="minilm"} 7'])
  expect(await lines(monitor, 'leasehold_leases')).toEqual([
    'leasehold_leases_in_flight{model="minilm"} 2',
    'leasehold_leases_limit{model="minilm"} 10',
  ])
  Object.assign(models[0]!, { queuedRequests: 0, concurrentAccessCount: 0 })
  expect(await lines(monitor, 'leasehold_leases_in_flight')).toEqual([])
  expect(await lines(monitor, 'leasehold_queue_length')).toEqual([])
})

test('loads, unloads, swaps and warnings are counted with their reasons', async () => {
  const { events, monitor } = setUp()
  events.emit('load', load({ outcome: 'started' }))
  events.emit('load', load())
  events.emit('load', load({ outcome: 'failed', isFallback: true }))
  const key = { model: 'minilm', key: 'minilm:int8@cpu', generation: 1 }
  events.emit('unload', { ...key, reason: 'evicted' })
  events.emit('unload', { ...key, reason: 'idle' })
  events.emit('swap', { slot: 'a', from: 'x', to: 'y', mode: 'drain', outcome: 'ended' })
  events.emit('warning', { model: 'minilm', code: 'BACK_OFF', message: 'again in 10 s' })
  expect(await lines(monitor, 'leasehold_loads_total')).toEqual([
    'leasehold_loads_total{model="minilm",outcome="loaded",fallback="false"} 1',
    'leasehold_loads_total{model="minilm",outcome="failed",fallback="true"} 1',
  ])
  expect(await lines(monitor, 'leasehold_load_seconds_count')).toEqual([
    'leasehold_load_seconds_count{model="minilm"} 1',
  ])
  expect(await lines(monitor, 'leasehold_unloads_total')).toEqual([
    'leasehold_unloads_total{model="minilm",reason="evicted"} 1',
    'leasehold_unloads_total{model="minilm",reason="idle"} 1',
  ])
  expect(await lines(monitor, 'leasehold_swaps_total')).toEqual([
    'leasehold_swaps_total{slot="a",mode="drain",outcome="ended"} 1',
  ])
  expect(await lines(monitor, 'leasehold_warnings_total')).toEqual([
    'leasehold_warnings_total{model="minilm",code="BACK_OFF"} 1',
  ])
})

test('padding is what a batch computed beyond its tokens', async () => {
  const { events, monitor } = setUp()
  events.emit('batch', batch())
  expect(await lines(monitor, 'leasehold_batch_tokens_total')).toEqual([
    'leasehold_batch_tokens_total{model="minilm"} 75',
  ])
  expect(await lines(monitor, 'leasehold_batch_padding_tokens_total')).toEqual([
    'leasehold_batch_padding_tokens_total{model="minilm"} 25',
  ])
})

test('names and codes that callers make up do not become series', async () => {
  const { events, models, monitor } = setUp()
  for (let index = 0; index < 500; index++) {
    events.emit(
      'request',
      request({ model: `made-up-${index}`, task: `task-${index}`, outcome: `E${index}` }),
    )
    events.emit('warning', { model: 'minilm', code: `code-${index}`, message: '' })
  }
  const requests = await lines(monitor, 'leasehold_requests_total')
  expect(requests).toHaveLength(9)
  expect(requests.at(-1)).toBe('leasehold_requests_total{model="other",task="other",outcome="other"} 492')
  expect(await lines(monitor, 'leasehold_warnings_total')).toHaveLength(65)
  models.push({ ...models[0]!, name: 'late' })
  events.emit('request', request({ model: 'late', task: 'task-0' }))
  expect(await lines(monitor, 'leasehold_requests_total')).toContain(
    'leasehold_requests_total{model="late",task="task-0",outcome="ok"} 1',
  )
})

test('a snapshot tells the same as plain data', async () => {
  const { events, models, monitor, clock } = setUp()
  Object.assign(models[0]!, { state: 'ready', concurrentAccessCount: 1, memoryBytes: 5 })
  for (let index = 0; index < 100; index++) events.emit('request', request())
  events.emit('request', request({ outcome: 'SHUTDOWN' }))
  events.emit('load', load())
  events.emit('batch', batch())
  events.emit('batch', batch({ texts: 8, paddedTokens: 75 }))
  const snapshot = await monitor.snapshot()
  expect(snapshot).toMatchObject({ wallMs: clock.wallMs(), swaps: 0, warnings: {} })
  expect(snapshot.process.residentBytes).toBeGreaterThan(snapshot.process.heapUsedBytes)
  expect(snapshot.models[0]).toMatchObject({
    name: 'minilm',
    state: 'ready',
    concurrentAccessCount: 1,
    requests: { ok: 100, SHUTDOWN: 1 },
    items: 300,
    tokens: 3000,
    loads: { loaded: 1 },
    unloads: {},
    batches: { count: 2, meanTexts: 6, paddingShare: 25 / 175 },
  })
  const { phases } = snapshot.models[0]!
  expect(Object.keys(phases)).toEqual(['queue', 'tokenise', 'infer'])
  // 20 ms lies in the bucket from 10 to 25 ms, whose middle is the estimate.
  expect(phases.infer).toEqual({
    count: 100,
    meanMs: expect.closeTo(20),
    p50Ms: expect.closeTo(17.5),
    p90Ms: expect.closeTo(23.5),
    p99Ms: expect.closeTo(24.85),
  })
})

test('a stream brings the events from now on', async () => {
  const { events, monitor } = setUp()
  events.emit('load', load())
  using stream = monitor.stream({ kinds: ['load', 'unload'] })
  events.emit('load', load({ generation: 2 }))
  expect((await stream.next()).value).toMatchObject({ kind: 'load', generation: 2 })
})

test('after close nothing is counted, what was counted can be read, and a second close does nothing', async () => {
  const { events, monitor } = setUp()
  const reading = monitor.stream().next()
  events.emit('request', request())
  await reading
  const waiting = monitor.stream().next()
  monitor.close()
  expect(await waiting).toEqual({ done: true, value: undefined })
  monitor.close()
  events.emit('request', request())
  expect(await lines(monitor, 'leasehold_requests_total')).toEqual([
    'leasehold_requests_total{model="minilm",task="embed",outcome="ok"} 1',
  ])
})

test('two monitors in one process do not mix', async () => {
  const first = setUp()
  const second = setUp()
  first.events.emit('request', request())
  expect(await lines(second.monitor, 'leasehold_requests_total')).toEqual([])
})
