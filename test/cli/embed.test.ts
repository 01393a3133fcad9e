import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { until } from '../http/harness.ts'
import { run, start } from './command.ts'

interface Line {
  index: number
  id?: string | number
  text?: string
  embedding: number[]
}

const linesOf = (stdout: string): Line[] => {
  expect(stdout.endsWith('\n') || stdout === '').toBe(true)
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line)
}

function file(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'leasehold-embed-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

describe('leasehold embed', () => {
  it('embeds its arguments, in order', async () => {
    const { code, stdout, stderr } = await run(['embed', 'Hello world', '', 'Hello world'])
    expect([code, stderr]).toEqual([0, ''])
    const lines = linesOf(stdout)
    expect(lines.map(({ index, embedding }) => [index, embedding.length])).toEqual([
      [0, 384],
      [1, 384],
      [2, 384],
    ])
    expect(lines[2]?.embedding).toEqual(lines[0]?.embedding)
    expect(lines[1]?.embedding).not.toEqual(lines[0]?.embedding)
  })

  it('embeds files of JSON lines, with their ids, among texts', async () => {
    const path = file('docs.jsonl', '{"id":"a","text":"one"}\n\n{"input":"two","more":[1]}\r\n"three"')
    const { code, stdout } = await run(['embed', path, 'four', '--with-text', '--dimensions', '8'])
    expect(code).toBe(0)
    expect(linesOf(stdout).map(({ embedding, ...rest }) => ({ ...rest, length: embedding.length }))).toEqual([
      { index: 0, id: 'a', text: 'one', length: 8 },
      { index: 1, text: 'two', length: 8 },
      { index: 2, text: 'three', length: 8 },
      { index: 3, text: 'four', length: 8 },
    ])
  })

  it('embeds the lines of standard input, empty ones too, and shows no progress in a pipe', async () => {
    const { code, stdout, stderr } = await run(['embed', '--with-text', '-'], { input: 'one\n\nthree' })
    expect([code, stderr]).toEqual([0, ''])
    expect(linesOf(stdout).map(({ text }) => text)).toEqual(['one', '', 'three'])
  })

  it('embeds JSON lines of standard input when told', async () => {
    const { stdout } = await run(['embed', '--with-text', '--jsonl'], { input: '{"text":"one"}\n' })
    expect(linesOf(stdout).map(({ text }) => text)).toEqual(['one'])
  })

  it('writes the vector of a line before the next line comes', async () => {
    const { child, stdout, ended } = start(['embed'])
    child.stdin?.write('first\n')
    await until(() => stdout().includes('\n'))
    child.stdin?.end('second\n')
    expect(await ended).toBe(0)
    expect(linesOf(stdout())).toHaveLength(2)
  })

  it('embeds nothing without a fault', async () => {
    expect(await run(['embed'], { input: '' })).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it.each([
    ['{"text":"ok"}\nnot json\n', ':2: this line is not JSON'],
    ['{"text":"ok"}\n{"txt":"x"}\n', ':2: a line must be {"text": "…"} or {"input": "…"}'],
    ['{"text":"ok"}\n{"text":5}\n', ':2: a line must be'],
  ])('names the file and the line of %j, after the lines before it', async (text, message) => {
    const path = file('docs.jsonl', text)
    const { code, stdout, stderr } = await run(['embed', path])
    expect(code).toBe(1)
    expect(stderr).toBe(
      `leasehold: ${path}${message}${message.endsWith('JSON') ? '.' : stderr.slice(stderr.indexOf(message) + message.length, -1)}\n`,
    )
    expect(linesOf(stdout)).toHaveLength(1)
  })

  it('names the line of a text that is too long, when asked not to cut', async () => {
    const path = file('docs.jsonl', `{"text":"ok"}\n{"text":"${'word '.repeat(600)}"}\n`)
    const { code, stdout, stderr } = await run(['embed', path, '--no-truncate'])
    expect([code, stderr.startsWith(`leasehold: ${path}:2: `)]).toEqual([1, true])
    expect(linesOf(stdout)).toHaveLength(1)
  })

  it.each([
    [['embed', 'nowhere.jsonl'], 'The file nowhere.jsonl does not exist.'],
    [['embed', 'a', '--model', '/nope'], 'The model folder /nope does not exist.'],
    [['embed', 'a', '--dimensions', 'x'], '--dimensions must be a whole number'],
    [['embed', 'a', '--input-type', 'x'], '--input-type must be query or document'],
    [['embed', 'a', '--batch', 'x'], "unknown option '--batch'"],
  ])('refuses %j', async (parameters, message) => {
    const { code, stdout, stderr } = await run(parameters)
    expect(stderr).toContain(message)
    expect([code, stdout]).toEqual([2, ''])
  })

  it('stops cleanly on Ctrl-C and says how far it came', async () => {
    const { child, stdout, stderr, ended } = start(['embed'])
    child.stdin?.write('first\nsecond\n')
    await until(() => stdout().split('\n').length === 3)
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    expect(stderr()).toBe('Stopped after 2 texts; all their lines are written.\n')
    expect(linesOf(stdout())).toHaveLength(2)
  })

  it('stops in the middle of a file, with whole lines', async () => {
    const path = file('docs.jsonl', `{"text":"${'some words '.repeat(40)}"}\n`.repeat(20_000))
    const { child, stdout, stderr, ended } = start(['embed', path])
    await until(() => stdout().includes('\n'))
    child.kill('SIGTERM')
    expect(await ended).toBe(143)
    const count = linesOf(stdout()).length
    expect(stderr()).toBe(`Stopped after ${count} texts; all their lines are written.\n`)
    expect(count).toBeLessThan(20_000)
  })

  it('ends quietly when its reader has enough', async () => {
    const path = file('docs.jsonl', '{"text":"some words"}\n'.repeat(20_000))
    const { child, stdout, stderr, ended } = start(['embed', path])
    await until(() => stdout().includes('\n'))
    child.stdout?.destroy()
    expect([await ended, stderr()]).toEqual([0, ''])
  })
})

describe('leasehold doctor', () => {
  it('finds that all is well', async () => {
    const { code, stdout } = await run(['doctor', '--port', '0'])
    expect(code).toBe(0)
    for (const subject of [
      'Node.js',
      'ONNX Runtime',
      'int8',
      'Cores',
      'Memory',
      'Port',
      'Model',
      'Vectors',
    ]) {
      expect(stdout).toMatch(new RegExp(`^[✓!] ${subject}: `, 'm'))
    }
  })

  it('finds a model at fault, and names it', async () => {
    const { code, stdout } = await run(['doctor', '--port', '0', '--model', '/nope'])
    expect(code).toBe(1)
    expect(stdout).toContain('✗ Model: The model folder /nope does not exist.')
  })
})
