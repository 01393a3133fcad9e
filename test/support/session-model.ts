import type { SequentialModel } from './linearizable.ts'

/** One call on a session, as plain data: it may come from another process. */
export type SessionCall =
  | { readonly call: 'get'; readonly key: string }
  | { readonly call: 'read' }
  | { readonly call: 'set'; readonly key: string; readonly value: number }
  | { readonly call: 'setBoth'; readonly value: number }
  | { readonly call: 'delete'; readonly key: string }
  | { readonly call: 'inc'; readonly key: string }
  | { readonly call: 'double'; readonly key: string }
  | { readonly call: 'section' }
  | { readonly call: 'nothing' }

type State = Readonly<Record<string, number>>

/** What a session answers when its calls come one after the other. */
export const sessionModel: SequentialModel<State, SessionCall, unknown> = {
  initial: {},
  key: ({ a, b }) => `${a},${b}`,
  isSame: (expected, seen) =>
    Array.isArray(expected) && Array.isArray(seen)
      ? expected.every((value, index) => value === seen[index])
      : expected === seen,
  step(state, input) {
    switch (input.call) {
      case 'get':
        return { state, output: state[input.key] ?? null }
      case 'read':
        return { state, output: [state['a'] ?? null, state['b'] ?? null] }
      case 'set':
        return { state: { ...state, [input.key]: input.value }, output: null }
      case 'setBoth':
        return { state: { ...state, a: input.value, b: input.value }, output: null }
      case 'delete': {
        const { [input.key]: gone, ...rest } = state
        return { state: rest, output: gone !== undefined }
      }
      case 'inc': {
        const value = (state[input.key] ?? 0) + 1
        return { state: { ...state, [input.key]: value }, output: value }
      }
      case 'double':
        return { state: { ...state, [input.key]: ((state[input.key] ?? 0) % 1_000) * 2 }, output: null }
      case 'nothing':
        return { state, output: null }
      case 'section': {
        const { a = 0, b = 0 } = state
        return { state: { ...state, a: a + 1, b: b + 1 }, output: [a + 1, b + 1] }
      }
    }
  },
}
