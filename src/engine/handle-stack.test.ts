import { expect, it } from 'vitest'
import { HandleStack } from './handle-stack.ts'

it('handles are released once, the last first', () => {
  const released: string[] = []
  const handles = new HandleStack()
  for (const name of ['environment', 'session', 'value'])
    expect(handles.own(name, (handle) => released.push(handle))).toBe(name)
  handles.keep(new Uint8Array(1))
  handles.release()
  handles.release()
  expect(released).toEqual(['value', 'session', 'environment'])
})
