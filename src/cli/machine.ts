import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The version of the `onnxruntime-node` that is installed; undefined when none is. */
export function onnxRuntimeVersion(): string | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve('onnxruntime-node')
    const text = readFileSync(join(dirname(entry), '..', 'package.json'), 'utf8')
    return (JSON.parse(text) as { version: string }).version
  } catch {
    return undefined
  }
}

/** Names in Linux' /proc/cpuinfo of instructions that multiply and add bytes: x86 and ARM. */
const INT8_FLAGS = ['avx512_vnni', 'avx_vnni', 'amx_int8', 'asimddp', 'i8mm']

/** Which of the CPU's instructions int8 models gain from; undefined where that cannot be told. */
export function int8Instructions(cpuInfo: string | undefined = readCpuInfo()): string[] | undefined {
  const flags = /^(?:flags|Features)\s*:(.*)$/m
    .exec(cpuInfo ?? '')?.[1]
    ?.trim()
    .split(/\s+/)
  return flags && INT8_FLAGS.filter((flag) => flags.includes(flag))
}

function readCpuInfo(): string | undefined {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8')
  } catch {
    return undefined
  }
}
