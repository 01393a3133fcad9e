import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { environmentFields, readEnvironment } from './environment.ts'
import { readConfigFile } from './file.ts'
import { loadConfig } from './load.ts'
import { dotted } from './problems.ts'
import { DEFAULT_SERVER } from './server-schema.ts'
import type { ConfigSource } from './source.ts'

const models: ConfigSource = { values: { models: { m: { source: 'a' } } }, nameOf: dotted }
const from = (values: Record<string, unknown>): ConfigSource => ({
  values,
  nameOf: (path) => `--${String(path.at(-1))}`,
})

function file(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'leasehold-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

describe('loadConfig', () => {
  it('fills in the defaults', () => {
    expect(loadConfig([models])).toEqual({
      runtime: models.values,
      server: DEFAULT_SERVER,
      logLevel: 'warn',
      graceMs: 10_000,
    })
  })

  it('lets flags win over the environment, and that over the file', () => {
    const path = file(
      'c.yaml',
      'models: {m: {source: a}}\nserver: {port: 1, bodyLimitBytes: 2048, keepAliveTimeoutMs: 7}\n',
    )
    const environment = readEnvironment({ LEASEHOLD_PORT: '2', LEASEHOLD_BODY_LIMIT_BYTES: '4096' })
    const { server } = loadConfig([from({ server: { port: 3 } }), environment, readConfigFile(path)])
    expect(server).toMatchObject({ port: 3, bodyLimitBytes: 4096, keepAliveTimeoutMs: 7 })
  })

  it('names a field as it was written where it came from', () => {
    const path = file('c.yaml', 'models:\n  m:\n    source: a\n    dtype: int9\nserver:\n  prot: 1\n')
    const message = (sources: ConfigSource[]): string => {
      try {
        loadConfig(sources)
      } catch (error) {
        return (error as Error).message
      }
      throw new Error('accepted')
    }
    expect(message([readConfigFile(path)])).toBe(
      '2 faults:\n  models.m.dtype (c.yaml:4) must be one of fp32, fp16, int8, q8, q4, not "int9"\n' +
        '  server.prot (c.yaml:6) is unknown; did you mean server.port?',
    )
    expect(message([models, readEnvironment({ LEASEHOLD_PORT: 'tcp://10.0.0.1:8000' })])).toBe(
      'LEASEHOLD_PORT must be a number, not "tcp://10.0.0.1:8000".',
    )
    expect(message([models, readEnvironment({ LEASEHOLD_API_KEY: 'good-key-1,bad' })])).toContain(
      'LEASEHOLD_API_KEY must be at least 8 characters',
    )
    expect(message([from({ server: { port: 99_999 } }), models])).toBe(
      '--port must be at most 65535, not 99999.',
    )
  })

  it.each([
    [
      { host: '0.0.0.0' },
      /host is 0\.0\.0\.0, where others can reach it.*server\.apiKeys.*--insecure-no-key/,
    ],
    [{ host: '::' }, /where others can reach it/],
    [{ insecureNoKey: true, apiKeys: ['12345678'] }, /insecureNoKey contradicts server\.apiKeys/],
    [
      { headersTimeoutMs: 130_000 },
      /headersTimeoutMs is 130000, more than server\.requestTimeoutMs \(120000\)/,
    ],
    [{ aliases: { alias: 'nope' } }, /alias stands for "nope", which is no model of models/],
    [{ aliases: { m: 'm' } }, /m is the name of a model in models already/],
    [{ apiKeys: ['with space'] }, /visible ASCII/],
    [{ sessions: 'sqlite:x' }, /sessions must be "memory", "lmdb:" and a file, or "redis:/],
  ])('refuses the server %j', (server, message) => {
    expect(() => loadConfig([from({ server }), models])).toThrow(message)
  })

  it('refuses to serve nothing', () => {
    expect(() => loadConfig([{ values: { models: {} }, nameOf: dotted }])).toThrow('models names no model')
  })

  it.each(['127.0.0.1', '127.9.9.9', 'localhost', '::1', '[::1]', '::ffff:127.0.0.1'])(
    'needs no key on %s',
    (host) => {
      expect(loadConfig([from({ server: { host } }), models]).server.host).toBe(host)
    },
  )

  it.each([{ apiKeys: ['12345678'] }, { insecureNoKey: true }])('listens for others with %j', (extra) => {
    expect(loadConfig([from({ server: { host: '0.0.0.0', ...extra } }), models]).server).toMatchObject(extra)
  })
})

describe('readConfigFile', () => {
  it('takes JSON, tabs and all', () => {
    const path = file('c.json', '{\n\t"models": {\n\t\t"m": {"source": "a"}\n\t}\n}')
    expect(readConfigFile(path).values).toEqual(models.values)
  })

  it("takes a model's source from the folder of the file", () => {
    const path = file(
      'c.yaml',
      'models: {m: {source: ./here, fallback: [{source: ../there}]}, n: {source: org/name}}',
    )
    const folder = join(path, '..')
    expect(readConfigFile(path).values['models']).toEqual({
      m: { source: join(folder, 'here'), fallback: [{ source: join(folder, '..', 'there') }] },
      n: { source: 'org/name' },
    })
  })

  it('names the file and the line of what is not YAML', () => {
    expect(() => readConfigFile(file('c.yaml', 'models:\n  m: {source: a\n'))).toThrow(/c\.yaml:\d: /)
    expect(() => readConfigFile(file('c.yaml', 'a: 1\na: 2\n'))).toThrow(/c\.yaml:2: .*unique/)
    expect(() => readConfigFile(file('c.yaml', '- a\n'))).toThrow('must be a mapping of fields')
    expect(() => readConfigFile('/does/not/exist.yaml')).toThrow('/does/not/exist.yaml does not exist')
  })

  it('does not unfold a bomb of aliases', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]']
    for (let i = 1; i < 9; i++) {
      const [name, last] = [String.fromCharCode(97 + i), String.fromCharCode(96 + i)]
      bomb.push(`${name}: &${name} [${Array(9).fill(`*${last}`).join(',')}]`)
    }
    expect(() => readConfigFile(file('c.yaml', bomb.join('\n')))).toThrow(/alias/i)
  })

  it('takes an empty file for an empty configuration', () => {
    expect(readConfigFile(file('c.yaml', '# nothing\n')).values).toEqual({})
  })
})

describe('readEnvironment', () => {
  it('sets every single value, and nothing of structure', () => {
    const variables = environmentFields().map(({ variable }) => variable)
    expect(variables).toEqual(
      expect.arrayContaining([
        'LEASEHOLD_PORT',
        'LEASEHOLD_API_KEY',
        'LEASEHOLD_KEEP_ALIVE',
        'LEASEHOLD_LOG_LEVEL',
        'LEASEHOLD_MAX_QUEUE',
      ]),
    )
    expect(variables).not.toContain('LEASEHOLD_MODELS')
    expect(new Set(variables).size).toBe(variables.length)
  })

  it('reads numbers, lists, truth and durations', () => {
    const { values } = readEnvironment({
      LEASEHOLD_PORT: '9000',
      LEASEHOLD_API_KEY: 'first-key, second-key',
      LEASEHOLD_INSECURE_NO_KEY: 'TRUE',
      LEASEHOLD_KEEP_ALIVE: '10m',
      LEASEHOLD_MEMORY_BUDGET_BYTES: '50%',
      LEASEHOLD_MAX_QUEUE: '',
      LEASEHOLD_SOMETHING_ELSE: 'x',
    })
    expect(values).toEqual({
      keepAlive: '10m',
      memoryBudgetBytes: '50%',
      server: { port: 9000, apiKeys: ['first-key', 'second-key'], insecureNoKey: true },
    })
  })
})
