import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { run } from './command.ts'

const [ENGLISH, HINDI] = ['Please stop the car near the temple.', 'कृपया मंदिर के पास गाड़ी रोकिए।']

describe('leasehold translate', () => {
  it('translates its arguments into lines', async () => {
    const { code, stdout, stderr } = await run(['translate', '--to', 'hi', ENGLISH, '😀'])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toBe(`${HINDI}\n😀\n`)
  })

  it('translates lines of standard input, in the other direction, empty ones too', async () => {
    const input = 'मेरी बेटी बारह साल की है।\n\n12:30\n'
    const { stdout } = await run(['translate', '--from', 'hin', '--to', 'eng'], { input })
    expect(stdout).toBe('My daughter is twelve years old.\n\n12:30\n')
  })

  it('translates files of JSON lines into JSON lines, with their ids', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'leasehold-translate-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'docs.jsonl')
    writeFileSync(path, `${JSON.stringify({ id: 7, text: ENGLISH })}\n"!"\n`)
    const { stdout } = await run(['translate', '--to', 'hi', '--with-text', path])
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { index: 0, id: 7, text: ENGLISH, translation: HINDI },
      { index: 1, text: '!', translation: '!' },
    ])
  })

  it.each([
    [['--to', 'fr', 'a'], 2, 'translates en into fr; there is en-hi, hi-en'],
    [['a'], 2, "required option '--to <language>' not specified"],
    [['--to', 'hi', '--model', 'nowhere', 'a'], 2, 'The model folder nowhere does not exist'],
    [['--to', 'hi', '--model', 'models/all-MiniLM-L6-v2', 'a'], 1, 'cannot translate; it can embed, rerank'],
    [['--to', 'hi', 'none.jsonl'], 2, 'The file none.jsonl does not exist'],
  ])('%j ends with %i', async (parameters, code, message) => {
    const result = await run(['translate', ...parameters])
    expect(result.stderr).toContain(message)
    expect([result.code, result.stdout]).toEqual([code, ''])
  })
})
