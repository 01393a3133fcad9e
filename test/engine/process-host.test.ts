import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import type { HostOptions } from '../../src/worker/host.ts'
import { ProcessHost } from '../../src/worker/process-host.ts'
import type { FromThread, Gauges } from '../../src/worker/protocol.ts'
import { load, MODEL_FOLDER, until } from './harness.ts'

const ROOT = join(import.meta.dirname, '../..')
const fixture = (name: string): URL => pathToFileURL(join(ROOT, 'test/fixtures/hosts', name))

let lastChild: ChildProcess | undefined
subscribe('child_process', (message) => {
  lastChild = (message as { process: ChildProcess }).process
})

function hostOptions(): HostOptions & { gauges: Gauges; messages: FromThread[] } {
  const messages: FromThread[] = []
  return {
    title: 'minilm:int8@cpu',
    data: {
      version: 1,
      folder: MODEL_FOLDER,
      graphFile: 'onnx/model_int8.onnx',
      intraOpThreads: 1,
      sparesCores: false,
      translation: { targets: {}, textProcessing: undefined },
    },
    gauges: {
      activeRuns: new Int32Array(new SharedArrayBuffer(4)),
      memoryBytes: new BigInt64Array(new SharedArrayBuffer(8)),
      sessionAddresses: new BigUint64Array(new SharedArrayBuffer(16)),
      valueAddresses: new BigUint64Array(new SharedArrayBuffer(16)),
    },
    onMessage: (message) => messages.push(message),
    messages,
  }
}

describe('a child process', () => {
  it('that ends is heard to its last word, and its gauges are kept', async () => {
    const options = hostOptions()
    const host = new ProcessHost(options, fixture('last-words.mjs'))
    expect(await host.ended).toEqual({ how: 'with exit code 0', cause: undefined })
    expect(options.messages).toHaveLength(200)
    expect(options.messages.at(-1)).toEqual({ type: 'progress', fraction: 1 })
    expect([options.gauges.activeRuns[0], options.gauges.memoryBytes[0]]).toEqual([7, 2n ** 40n])
    // Whoever still has something to say speaks to nobody, and nothing fails.
    host.post({ type: 'close' })
    host.terminate()
  })

  it('that is told to close while it loads, and so cannot listen, is ended at once', async () => {
    const host = new ProcessHost({ ...hostOptions(), title: 'hangs at once' }, fixture('hangs.mjs'))
    host.post({ type: 'close' })
    expect(await host.ended).toEqual({ how: 'by the signal SIGKILL', cause: undefined })
  })

  it('that cannot be started is one that has ended', async () => {
    const { execPath } = process
    process.execPath = join(ROOT, 'no-such-node')
    try {
      const { how, cause } = await new ProcessHost(hostOptions()).ended
      expect(how).toBe('by an error')
      expect(cause).toMatchObject({ code: 'ENOENT' })
    } finally {
      process.execPath = execPath
    }
  })

  it.skipIf(process.platform === 'win32')('leaves it to its parent when to end', async () => {
    const model = await load({ isolation: 'process' })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) lastChild?.kill(signal)
    expect((await model.embed(['still there'])).tokenCounts).toHaveLength(1)
    await model.close()
    expect([lastChild?.exitCode, lastChild?.signalCode]).toEqual([0, null])
  })

  it('need not give a sign of life while it is in a run, when it cannot', async () => {
    const clock = new ManualClock()
    const model = await load({ isolation: 'process', clock })
    const reply = model.embed(Array.from({ length: 8 }, (_, i) => `${i} ${'many words '.repeat(200)}`))
    await until(() => model.activeRuns > 0)
    await clock.advanceAsync(60_000)
    expect((await reply).tokenCounts).toHaveLength(8)
    await model.close()
  })

  it('has its model in its title, and no flags of this process', async () => {
    process.env['NODE_OPTIONS'] = '--no-such-flag'
    try {
      const model = await load({ isolation: 'process' })
      expect(lastChild?.spawnargs.at(-1)).toBe('minilm:int8@cpu')
      await model.close()
    } finally {
      delete process.env['NODE_OPTIONS']
    }
  })
})

/** Runs a module in a process of its own that has the built library. */
const moduleIn = (folder: string, source: string): [string, string[], { cwd: string }] => [
  process.execPath,
  ['--input-type=module', '-e', source],
  { cwd: folder },
]

describe('a process that has models in processes', () => {
  it('does not let them write where its own output goes', () => {
    const source = `
      import { ProcessHost } from './dist/worker/process-host.js'
      const host = new ProcessHost({ title: '', data: {}, gauges: {}, onMessage() {} }, ${JSON.stringify(fixture('prints-and-ends.mjs').href)})
      console.log((await host.ended).how)`
    const [command, args, options] = moduleIn(ROOT, source.replace(/("file:[^"]+")/, 'new URL($1)'))
    const { stdout, stderr } = spawnSync(command, args, { ...options, encoding: 'utf8' })
    expect(stdout).toBe('with exit code 3\n')
    expect(stderr.split('\n').sort()).toEqual(['', 'to standard error', 'to standard output'])
  })

  it('takes them along when it is killed', async () => {
    const source = `
      import { createRuntime } from './dist/index.js'
      const runtime = await createRuntime({ models: { m: { source: ${JSON.stringify(MODEL_FOLDER)}, isolation: 'process' } } })
      await runtime.load('m')
      console.log('loaded')
      setInterval(() => {}, 1000)`
    const [command, args, options] = moduleIn(ROOT, source)
    const parent = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    await once(parent.stdout, 'data')
    parent.kill('SIGKILL')
    // The child has the same standard error: it closes when both are gone.
    await once(parent, 'close')
    expect(parent.signalCode).toBe('SIGKILL')
  })
})

describe('without koffi', () => {
  let folder: string | undefined
  afterEach(() => folder && rmSync(folder, { recursive: true }))

  it('models run in processes, the status and the doctor say so and why', () => {
    folder = mkdtempSync(join(tmpdir(), 'leasehold-no-koffi-'))
    installWithout(folder, 'koffi')
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['bin/leasehold.cjs', 'doctor', '--port', '0', '--model', MODEL_FOLDER],
      { cwd: folder, encoding: 'utf8' },
    )
    expect(stdout).toMatch(/! Isolation: models run in processes of their own.*koffi/)
    expect(stdout).toMatch(/✓ Vectors: cosine/)
    expect(stderr).toMatch(/Models run in processes of their own/)
    expect(status).toBe(0)
  })
})

/** The built package in a folder of its own, with all dependencies but one. */
function installWithout(folder: string, dependency: string): void {
  for (const name of ['dist', 'bin', 'package.json'])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name !== dependency)
      symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name), 'junction')
  }
}
