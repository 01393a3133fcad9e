import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { tinyCrossEncoder } from '../engine/tiny-cross-encoder.ts'
import { until } from '../http/harness.ts'
import { run, start } from './command.ts'

interface Line {
  index: number
  id?: string | number
  score: number
  text?: string
}

const linesOf = (stdout: string): Line[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line)

function file(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'leasehold-rerank-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'docs.jsonl'), text)
  return join(folder, 'docs.jsonl')
}

const QUERY = 'when do I have to pay?'
const INVOICE = 'The invoice is due within thirty days.'
const OFFICE = 'Our office is closed on public holidays.'

describe('leasehold rerank', () => {
  it('orders its arguments, the best first', async () => {
    const { code, stdout, stderr } = await run(['rerank', QUERY, OFFICE, INVOICE])
    expect([code, stderr]).toEqual([0, ''])
    const lines = linesOf(stdout)
    expect(lines.map(({ index }) => index)).toEqual([1, 0])
    expect(lines[0]!.score).toBeGreaterThan(lines[1]!.score)
  })

  it('orders files of JSON lines, with their ids, among texts, and gives only so many', async () => {
    const path = file(
      `{"id":"a","text":${JSON.stringify(OFFICE)}}\n\n{"id":7,"input":${JSON.stringify(INVOICE)}}\n`,
    )
    const { stdout } = await run(['rerank', QUERY, 'a dog', path, '--with-text', '--top-n', '1'])
    expect(linesOf(stdout)).toEqual([
      { index: 2, id: 7, score: expect.any(Number) as unknown, text: INVOICE },
    ])
  })

  it('orders the lines of standard input, more of them than go into one call', async () => {
    const input = [
      ...Array.from({ length: 200 }, (_, i) => `nothing of interest ${i}`),
      INVOICE,
      OFFICE,
    ].join('\n')
    const { code, stdout } = await run(['rerank', QUERY], { input })
    const lines = linesOf(stdout)
    expect([code, lines.length, lines[0]?.index]).toEqual([0, 202, 200])
    expect(new Set(lines.map(({ index }) => index)).size).toBe(202)
    const scores = lines.map(({ score }) => score)
    expect(scores).toEqual(scores.toSorted((a, b) => b - a))
  })

  it('reranks nothing without a fault', async () => {
    expect(await run(['rerank', QUERY], { input: '' })).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('takes a cross-encoder, and gives its logits when asked', async () => {
    using tiny = tinyCrossEncoder()
    const parameters = ['rerank', 'the cat', 'a dog', 'mat', '--model', tiny.path]
    const logit = tiny.logitOf([2, 4, 6, 3, ...tiny.idsOf('mat'), 3], [0, 0, 0, 0, 1, 1])
    const raw = linesOf((await run([...parameters, '--raw-scores'])).stdout)
    expect(raw.find(({ index }) => index === 1)?.score).toBeCloseTo(logit, 5)
    const lines = linesOf((await run(parameters)).stdout)
    expect(lines.find(({ index }) => index === 1)?.score).toBeCloseTo(1 / (1 + Math.exp(-logit)), 5)
  })

  it('names the line that is wrong, and the query that is too long', async () => {
    const path = file('{"text":"ok"}\nnot json\n')
    const broken = await run(['rerank', QUERY, path])
    expect([broken.code, broken.stdout, broken.stderr]).toEqual([
      1,
      '',
      `leasehold: ${path}:2: this line is not JSON.\n`,
    ])
    const long = await run(['rerank', 'word '.repeat(400), 'a'])
    expect([long.code, long.stderr]).toEqual([
      1,
      expect.stringMatching(/^leasehold: query has more than the 256/),
    ])
  })

  it.each([
    [['rerank'], "missing required argument 'query'"],
    [['rerank', ' ', 'a'], 'The query, the first argument, is empty.'],
    [['rerank', 'q', 'a', '--top-n', '0'], '--top-n must be a whole number of at least 1, not "0".'],
    [['rerank', 'q', 'a', '--max-tokens-per-doc', 'x'], '--max-tokens-per-doc must be a whole number'],
    [['rerank', 'q', 'nowhere.jsonl'], 'The file nowhere.jsonl does not exist.'],
  ])('refuses %j', async (parameters, message) => {
    const { code, stdout, stderr } = await run(parameters)
    expect(stderr).toContain(message)
    expect([code, stdout]).toEqual([2, ''])
  })

  it('is what doctor tries, and what serve offers to try, with a model that does nothing else', async () => {
    using tiny = tinyCrossEncoder()
    const { code, stdout } = await run(['doctor', '--port', '0', '--model', tiny.path])
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^✓ Model: .*:fp32@cpu loads in .* and reranks \(0\.\d\d for a text and itself\)$/m,
    )
    const server = start(['serve', tiny.path, '--port', '0', '--name', 'tiny'])
    await until(() => server.stdout().includes('Try: '))
    expect(server.stdout()).toMatch(/^Try: curl -s http:\S+\/v2\/rerank .*"model":"tiny"/m)
  })

  it('stops cleanly on Ctrl-C and says how far it came', async () => {
    const { child, stdout, stderr, ended } = start(['rerank', QUERY, '-'])
    // More than a pipe holds: it is gone when the command reads.
    await new Promise((resolve) =>
      child.stdin?.write('a long line '.repeat(5_000).concat('\n').repeat(4), resolve),
    )
    child.kill('SIGINT')
    expect([await ended, stdout()]).toEqual([130, ''])
    expect(stderr()).toMatch(/^Stopped after \d+ documents; an order needs all of them\.\n$/)
  })
})
