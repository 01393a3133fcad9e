import { createServer } from 'node:net'
import { availableParallelism } from 'node:os'
import { loadConfig } from '../config/load.ts'
import { availableMemoryBytes } from '../config/memory.ts'
import { createRuntime, type Runtime } from '../index.ts'
import { systemClock } from '../kernel/clock.ts'
import { CommandError, EXIT, type ExitCode } from './exit-code.ts'
import { int8Instructions, onnxRuntimeVersion } from './machine.ts'
import { modelFromFolder } from './model-folder.ts'
import { compareWithReference } from './reference.ts'

export interface DoctorFlags {
  model: string
  port: string
}

/** One line of the report. A warning says what could be better, a fault what does not work. */
interface Finding {
  verdict: 'ok' | 'warning' | 'fault'
  subject: string
  /** What was found and, unless all is well, what to do. */
  text: string
}

/** Prints a line for each thing that was looked at. */
export async function doctor({ model, port: portText }: DoctorFlags): Promise<ExitCode> {
  const port = Number(portText)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new CommandError(EXIT.usage, `--port must be a whole number from 0 to 65535, not "${portText}".`)
  }
  let hasFault = false
  const print = (finding: Finding): void => {
    hasFault ||= finding.verdict === 'fault'
    process.stdout.write(`${MARKS[finding.verdict]} ${finding.subject}: ${finding.text}\n`)
  }
  for (const finding of machineFindings()) print(finding)
  print(await portFinding(port))
  for (const finding of await modelFindings(model)) print(finding)
  return hasFault ? EXIT.failed : EXIT.ok
}

const MARKS = { ok: '✓', warning: '!', fault: '✗' }
const ok = (subject: string, text: string): Finding => ({ verdict: 'ok', subject, text })
const warning = (subject: string, text: string): Finding => ({ verdict: 'warning', subject, text })
const fault = (subject: string, text: string): Finding => ({ verdict: 'fault', subject, text })

function machineFindings(): Finding[] {
  return [nodeFinding(), runtimeFinding(), int8Finding(), poolFinding(), memoryFinding()]
}

const OLDEST_NODE: readonly [number, number] = [20, 19]

function nodeFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const text = `${process.version} on ${process.platform}/${process.arch}`
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])
  return isOld
    ? fault('Node.js', `${text}; at least ${OLDEST_NODE.join('.')} is needed`)
    : ok('Node.js', text)
}

function runtimeFinding(): Finding {
  const version = onnxRuntimeVersion()
  if (version !== undefined) return ok('ONNX Runtime', `${version} (onnxruntime-node)`)
  return fault('ONNX Runtime', 'the package onnxruntime-node is not installed: npm install onnxruntime-node')
}

function int8Finding(): Finding {
  const instructions = int8Instructions()
  const slower =
    'int8 models run and give slightly other vectors here (cosine about 0.995 to fp32 instead of 0.999), and no faster than fp32'
  if (instructions === undefined)
    return ok('int8', 'cannot tell on this platform whether the CPU has instructions for it')
  if (instructions.length > 0)
    return ok('int8', `the CPU has instructions for it (${instructions.join(', ')})`)
  return warning('int8', `the CPU has no VNNI: ${slower}. --dtype fp32 is exact`)
}

function poolFinding(): Finding {
  const cores = availableParallelism()
  const threads = Number(process.env['UV_THREADPOOL_SIZE']) || 4
  const text = `${cores}, with ${threads} threads in libuv's pool (UV_THREADPOOL_SIZE)`
  if (threads >= cores + 2) return ok('Cores', text)
  return warning(
    'Cores',
    `${text}: too few to keep every core busy; set UV_THREADPOOL_SIZE to ${cores + 4} or leave it unset`,
  )
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`

function memoryFinding(): Finding {
  return ok(
    'Memory',
    `${gigabytes(availableMemoryBytes())}, of which models may use three quarters by default`,
  )
}

function portFinding(port: number): Promise<Finding> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', ({ message }) =>
      resolve(warning('Port', `${port} cannot be had (${message}); serve takes another with --port`)),
    )
    probe.listen({ port, host: '127.0.0.1' }, () => probe.close(() => resolve(ok('Port', `${port} is free`))))
  })
}

async function modelFindings(folder: string): Promise<Finding[]> {
  try {
    const { name, source } = modelFromFolder(folder, {})
    await using runtime = await createRuntime(loadConfig([source]).runtime)
    const beganMs = systemClock.nowMs()
    await runtime.load(name)
    const loadMs = systemClock.nowMs() - beganMs
    const use = await tryOut(runtime, name)
    const { servedBy, tasks, memoryBytes, isolationReason } = runtime.status(name)
    const text = `${servedBy} loads in ${Math.round(loadMs)} ms, takes ${Math.round(memoryBytes / 1e6)} MB and ${use}`
    const embeds = tasks.includes('embed')
    const embed = async (texts: string[]): Promise<Float32Array[]> =>
      (await runtime.embed(name, texts)).vectors
    const comparison = embeds ? await compareWithReference(folder, embed) : undefined
    return [
      isolationFinding(isolationReason),
      ok('Model', text),
      ...(comparison === undefined ? [] : [referenceFinding(comparison)]),
    ]
  } catch (error) {
    return [fault('Model', error instanceof Error ? error.message : String(error))]
  }
}

/** Uses the model once; answers with what it does, for people. */
async function tryOut(runtime: Runtime, name: string): Promise<string> {
  const { tasks } = runtime.status(name)
  if (tasks.includes('embed')) {
    const { dimensions } = await runtime.embed(name, 'Hello')
    return `gives ${dimensions} dimensions`
  }
  if (tasks.includes('rerank')) {
    const { results } = await runtime.rerank(name, 'Hello', ['Hello'])
    return `reranks (${results[0]?.score.toFixed(2)} for a text and itself)`
  }
  return `can ${tasks.join(', ')}`
}

/** @param whyProcess Undefined where threads can be had. */
function isolationFinding(whyProcess: string | undefined): Finding {
  if (whyProcess === undefined)
    return ok('Isolation', "models run in threads of this process, by ONNX Runtime's C API")
  return warning(
    'Isolation',
    `models run in processes of their own, slower and with more memory (docs/isolation.md). ${whyProcess}`,
  )
}

/** Below it the vectors of an int8 model are not those of its original. */
const LEAST_MEAN_COSINE = 0.99

function referenceFinding({ mean, least, texts }: { mean: number; least: number; texts: number }): Finding {
  const text = `cosine ${mean.toFixed(5)} in the mean and ${least.toFixed(5)} at least, over ${texts} texts of reference.json`
  if (mean >= LEAST_MEAN_COSINE) return ok('Vectors', text)
  return fault('Vectors', `${text}: they are not those of the original model; are its files damaged?`)
}
