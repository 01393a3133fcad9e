import { expect, test } from 'vitest'
import { DeadlineExceededError, InferenceError, InputTooLongError } from '../kernel/errors.ts'
import type { ModelKey } from '../registry/model-key.ts'
import type { LoadRequest, Model } from '../registry/model.ts'
import { createFakeEngine, fakeHash, ManualClock, readFakeVector, type FakeEngine } from './index.ts'

const key: ModelKey = { name: 'minilm', revision: '', dtype: 'int8', device: 'cpu' }

function setUp(): {
  clock: ManualClock
  engine: FakeEngine
  load: (request?: Partial<LoadRequest>) => Promise<Model>
} {
  const clock = new ManualClock()
  const engine = createFakeEngine({ clock })
  const load = (request: Partial<LoadRequest> = {}): Promise<Model> =>
    engine.factory({
      key,
      source: '/models/minilm',
      signal: new AbortController().signal,
      onProgress: () => {},
      ...request,
    })
  return { clock, engine, load }
}

/** Follows a promise without waiting for it. */
function watch<T>(promise: Promise<T>): {
  outcome: 'pending' | 'fulfilled' | 'rejected'
  value?: T
  reason?: unknown
} {
  const watched: ReturnType<typeof watch<T>> = { outcome: 'pending' }
  promise.then(
    (value) => Object.assign(watched, { outcome: 'fulfilled', value }),
    (reason: unknown) => Object.assign(watched, { outcome: 'rejected', reason }),
  )
  return watched
}

test('without a script a load and a run end at once and set no timer', async () => {
  const { clock, engine, load } = setUp()
  const model = await load()
  const { values, dimensions, tokenCounts } = await model.embed!(['a text', [5, 6, 7]])
  expect(dimensions).toBe(4)
  expect(values).toHaveLength(8)
  expect(tokenCounts).toEqual([4, 5])
  expect(clock.pendingTimers).toBe(0)
  await model.close()
  expect(engine.counts).toEqual({
    loads: 1,
    loaded: 1,
    failed: 0,
    aborted: 0,
    loading: 0,
    resident: 0,
    closed: 1,
    killed: 0,
    lost: 0,
    runs: 1,
    activeRuns: 0,
  })
  expect(engine.breaches).toEqual([])
})

test('a vector says which load, key and input it comes from', async () => {
  const { engine, load } = setUp()
  await load()
  const second = await load({ key: { ...key, dtype: 'fp32' } })
  const { values } = await second.embed!(['x', 'y'])
  expect(readFakeVector(values.subarray(4, 8))).toEqual({
    load: 2,
    keyHash: fakeHash('minilm:fp32@cpu'),
    inputHash: fakeHash('y'),
  })
  expect(engine.model('minilm')).toBe(second)
  expect(fakeHash('x')).not.toBe(fakeHash('y'))
  expect(fakeHash([1, 2])).toBe(fakeHash('1 2'))
  expect(() => readFakeVector(values.subarray(0, 2))).toThrow(RangeError)
})

test('a load takes its time, reports its progress and says what it takes', async () => {
  const { clock, engine, load } = setUp()
  engine.script('minilm', {
    loadMs: 100,
    memoryBytes: 7,
    progress: [
      { atMs: 40, fraction: 0.5 },
      { atMs: 100, fraction: 1 },
    ],
  })
  const reports: [number, number][] = []
  const loading = load({ onProgress: (fraction) => reports.push([clock.nowMs(), fraction]) })
  const watched = watch(loading)
  await clock.advanceAsync(99)
  expect(watched.outcome).toBe('pending')
  expect(engine.counts.loading).toBe(1)
  await clock.advanceAsync(1)
  expect(watched.value?.memoryBytes).toBe(7)
  expect(reports).toEqual([
    [40, 0.5],
    [100, 1],
  ])
})

test('scripts are taken in turn, the last one stays, and a key wins over its name', async () => {
  const { engine, load } = setUp()
  const broken = new Error('no such file')
  engine.script('minilm', { loadError: broken }, { memoryBytes: 2 })
  engine.script('minilm:fp32@cpu', { memoryBytes: 3 })
  await expect(load()).rejects.toBe(broken)
  expect((await load()).memoryBytes).toBe(2)
  expect((await load()).memoryBytes).toBe(2)
  expect((await load({ key: { ...key, dtype: 'fp32' } })).memoryBytes).toBe(3)
  expect(engine.counts).toMatchObject({ loads: 4, loaded: 3, failed: 1 })
})

test('a load that hangs ends by its abort and leaves no timer, no report', async () => {
  const { clock, engine, load } = setUp()
  engine.script('minilm', { loadMs: Infinity, progress: [{ atMs: 50, fraction: 0.5 }] })
  const abort = new AbortController()
  const watched = watch(load({ signal: abort.signal, onProgress: () => expect.unreachable() }))
  await clock.advanceAsync(10)
  abort.abort(new Error('nobody wants it'))
  await clock.settle()
  expect(watched.reason).toEqual(new Error('nobody wants it'))
  expect(clock.pendingTimers).toBe(0)
  expect(engine.counts).toMatchObject({ aborted: 1, loading: 0 })
  await clock.advanceAsync(100)
})

test('an aborted load goes on for abortMs, and a deaf one completes late', async () => {
  const { clock, engine, load } = setUp()
  engine.script('minilm', { loadMs: 100, abortMs: 5 }, { loadMs: 100, abortMs: Infinity })
  const abort = new AbortController()
  const slow = watch(load({ signal: abort.signal }))
  await clock.advanceAsync(10)
  abort.abort()
  await clock.advanceAsync(4)
  expect(slow.outcome).toBe('pending')
  await clock.advanceAsync(1)
  expect(slow.outcome).toBe('rejected')
  const deaf = watch(load({ signal: abort.signal }))
  await clock.advanceAsync(100)
  expect(deaf.outcome).toBe('fulfilled')
})

test('a run takes its time and counts as active until it ends', async () => {
  const { clock, engine, load } = setUp()
  engine.script('minilm', { runMs: (inputs) => inputs.length * 10 })
  const model = await load()
  const watched = watch(model.embed!(['a', 'b']))
  expect(model.activeRuns).toBe(1)
  await clock.advanceAsync(19)
  expect(watched.outcome).toBe('pending')
  await clock.advanceAsync(1)
  expect(watched.value?.timings.inferMs).toBe(20)
  expect(model.activeRuns).toBe(0)
})

test('an aborted run answers its caller at once and stays active for abortMs', async () => {
  const { clock, engine, load } = setUp()
  engine.script('minilm', { runMs: 100, abortMs: Infinity })
  const model = await load()
  const abort = new AbortController()
  const watched = watch(model.embed!(['a'], { signal: abort.signal }))
  await clock.advanceAsync(10)
  abort.abort(new Error('gone'))
  await clock.settle()
  expect(watched.reason).toEqual(new Error('gone'))
  expect(model.activeRuns).toBe(1)
  await clock.advanceAsync(90)
  expect(model.activeRuns).toBe(0)
})

test('a run fails as its script says, with a function call by call', async () => {
  const { engine, load } = setUp()
  const nan = new Error('not finite')
  engine.script('minilm', { runError: ([first]) => (first === 'bad' ? nan : undefined) })
  const model = await load()
  await expect(model.embed!(['bad'])).rejects.toBe(nan)
  await model.embed!(['good'])
})

test('a deadline that has passed and a text that is too long never run', async () => {
  const { engine, load } = setUp()
  engine.script('minilm', { maxTokens: 4, runMs: Infinity })
  const model = await load()
  await expect(model.embed!(['a'], { deadlineAtMs: 0 })).rejects.toBeInstanceOf(DeadlineExceededError)
  const tooLong = model.embed!(['short', 'one two three'], { truncate: false })
  await expect(tooLong).rejects.toMatchObject({ field: 'input[1]' })
  await expect(tooLong).rejects.toBeInstanceOf(InputTooLongError)
})

test('a cut text says so and counts no more tokens than the limit', async () => {
  const { engine, load } = setUp()
  engine.script('minilm', { maxTokens: 4 })
  const reply = await (await load()).embed!(['short', 'one two three'])
  expect(reply).toMatchObject({ tokenCounts: [3, 4], truncated: [1] })
})

test('a model that dies fails its runs, tells its listeners once, and may then be closed', async () => {
  const { clock, engine, load } = setUp()
  engine.script('minilm', { runMs: Infinity, closeMs: Infinity })
  const model = await load()
  const heard: Error[] = []
  model.onLost((error) => heard.push(error))
  model.onLost(() => expect.unreachable())[Symbol.dispose]()
  const watched = watch(model.embed!(['a']))
  const crash = new Error('crashed')
  engine.model('minilm').die(crash)
  engine.model('minilm').die()
  await clock.settle()
  expect(heard).toEqual([crash])
  expect(watched.reason).toBe(crash)
  expect(model.activeRuns).toBe(0)
  await model.close()
  expect(engine.counts).toMatchObject({ lost: 1, closed: 1, resident: 0 })
  expect(engine.breaches).toEqual([])
})

test('a close takes its time and may fail', async () => {
  const { clock, engine, load } = setUp()
  engine.script('minilm', { closeMs: 30, closeError: new Error('stuck') })
  const watched = watch((await load()).close())
  await clock.advanceAsync(29)
  expect(watched.outcome).toBe('pending')
  expect(engine.counts).toMatchObject({ resident: 1, closed: 0 })
  await clock.advanceAsync(1)
  expect(watched.outcome).toBe('rejected')
  expect(engine.counts).toMatchObject({ resident: 0, closed: 1 })
})

test('a close waits for the runs in progress', async () => {
  const { engine, clock, load } = setUp()
  engine.script('minilm', { runMs: 10, closeMs: 5 })
  const model = await load()
  const run = watch(model.embed!(['a']))
  const closed = watch(model.close())
  await clock.advanceAsync(14)
  expect([run.outcome, closed.outcome]).toEqual(['fulfilled', 'pending'])
  await clock.advanceAsync(1)
  expect(closed.outcome).toBe('fulfilled')
})

test('runs can be told to stop, and a deaf one does not heed it', async () => {
  const { engine, clock, load } = setUp()
  engine.script('minilm', { runMs: 100, abortMs: 5 }, { runMs: 100, abortMs: Infinity })
  const heeding = await load()
  const deaf = await load()
  const runs = [heeding, deaf].map((model) => watch(model.embed!(['a'])))
  heeding.stopRun(1)
  deaf.stopRun(1)
  await clock.advanceAsync(4)
  expect(runs.map(({ outcome }) => outcome)).toEqual(['pending', 'pending'])
  await clock.advanceAsync(1)
  expect(runs.map(({ outcome }) => outcome)).toEqual(['rejected', 'pending'])
  expect(runs[0]!.reason).toBeInstanceOf(InferenceError)
  await clock.advanceAsync(95)
  expect(runs[1]!.outcome).toBe('fulfilled')
})

test('a kill ends deaf runs and a close that hangs, and tells no listener of a loss', async () => {
  const { engine, clock, load } = setUp()
  engine.script('minilm', { runMs: Infinity, closeMs: Infinity, abortMs: Infinity })
  const model = await load()
  model.onLost(() => expect.unreachable())
  const run = watch(model.embed!(['a']))
  const stuck = new Error('stuck')
  await model.kill(stuck)
  await clock.settle()
  expect(run.reason).toBe(stuck)
  const closing = await load()
  const closed = watch(closing.close())
  await closing.kill(stuck)
  await clock.settle()
  expect(closed.outcome).toBe('fulfilled')
  expect(clock.pendingTimers).toBe(0)
  expect(engine.counts).toMatchObject({ killed: 2, closed: 0, lost: 0, activeRuns: 0 })
  await expect(model.embed!(['a'])).rejects.toThrow('killed')
  expect(engine.breaches).toEqual([])
})

test('runs tell when they begin and when the engine is out of them', async () => {
  const { engine, clock, load } = setUp()
  engine.script('minilm', { runMs: 10, abortMs: Infinity })
  const model = await load()
  const heard: string[] = []
  const listening = model.onRun!(({ run, phase }) => heard.push(`${run} ${phase}@${clock.nowMs()}`))
  const abort = new AbortController()
  watch(model.embed!(['a'], { signal: abort.signal }))
  await clock.advanceAsync(5)
  abort.abort()
  watch(model.embed!(['b']))
  await clock.advanceAsync(10)
  expect(heard).toEqual(['1 started@0', '2 started@5', '1 ended@10', '2 ended@15'])
  listening[Symbol.dispose]()
  watch(model.embed!(['c']))
  expect(heard).toHaveLength(4)
})

test('what no correct owner does is written down', async () => {
  const { engine, clock, load } = setUp()
  engine.script('minilm', { loadMs: 10, runMs: 10 })
  const loading = load()
  watch(load())
  await clock.advanceAsync(10)
  const model = await loading
  watch(model.embed!(['a']))
  watch(model.close())
  watch(model.close())
  await expect(model.embed!(['a'])).rejects.toThrow('closing')
  expect(engine.breaches).toEqual([
    'a second load of minilm:int8@cpu while one is in flight',
    'a close of load 1 (minilm:int8@cpu) with 1 runs active',
    'a second close of load 1 (minilm:int8@cpu)',
    'a close of load 1 (minilm:int8@cpu) with 1 runs active',
    'a run on load 1 (minilm:int8@cpu), which is closing',
  ])
  expect(() => engine.model('other')).toThrow('not loaded other')
})

test('a translation has the language around each sentence, and its white space', async () => {
  const { load } = setUp()
  const model = await load()
  const translated = await model.translate?.(['One. Two?\n', '', ' '], { target: 'hi' })
  expect(translated?.texts).toEqual(['hi(One.) hi(Two?)\n', '', ' '])
  const heard: unknown[] = []
  await model.translate?.(['a! b'], { target: 'hi', onSentence: (sentence) => void heard.push(sentence) })
  expect(heard).toEqual([
    { text: 0, sentence: 0, translation: 'hi(a!) ' },
    { text: 0, sentence: 1, translation: 'hi(b)' },
  ])
})
