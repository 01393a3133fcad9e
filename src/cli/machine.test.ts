import { describe, expect, it } from 'vitest'
import { int8Instructions, onnxRuntimeVersion } from './machine.ts'

describe('int8Instructions', () => {
  it.each([
    ['processor\t: 0\nflags\t\t: fpu avx2 avx_vnni avx512_vnni\n', ['avx512_vnni', 'avx_vnni']],
    ['processor\t: 0\nflags\t\t: fpu avx2 avx512f\n', []],
    ['processor\t: 0\nFeatures\t: fp asimd asimddp\n', ['asimddp']],
    ['Hardware: unknown\n', undefined],
    ['', undefined],
  ])('%j', (cpuInfo, expected) => {
    expect(int8Instructions(cpuInfo)).toEqual(expected)
  })
})

describe('onnxRuntimeVersion', () => {
  it('is that of the installed package', () => {
    expect(onnxRuntimeVersion()).toMatch(/^\d+\.\d+\.\d+/)
  })
})
