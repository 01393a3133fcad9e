/** A call as it was seen from outside: when it was made, when it was answered, and with what. */
export interface Call<Input, Output> {
  readonly input: Input
  /** Absent where no answer came: the call may have taken effect at any time after its start, or never. */
  readonly output?: Output
  readonly startedAt: number
  /** `Infinity` where no answer came. */
  readonly endedAt: number
  /** What the object says of the order of its changes. It may be wrong: it only tells in which order to try. */
  readonly version?: number
}

/** What a correct object does, one call after the other. States are compared by their text. */
export interface SequentialModel<State, Input, Output> {
  readonly initial: State
  /** Answers with the very same state where the call does not change it. */
  step(state: State, input: Input): { state: State; output: Output }
  key(state: State): string
  isSame(expected: Output, seen: Output): boolean
}

/**
 * Whether there is an order of the calls that the sequential model could have answered in the same way, and in which no call
 * comes before one that had ended when it began (Herlihy and Wing 1990; the search is that of Wing and Gong 1993, with the
 * memory of Lowe 2017 for what has been tried). What may come next, is answered rightly and leaves the state as it is comes next:
 * whatever order there is for the rest, there is the same one without it.
 */
export function isLinearizable<State, Input, Output>(
  history: readonly Call<Input, Output>[],
  model: SequentialModel<State, Input, Output>,
): boolean {
  const calls = history.toSorted((a, b) => a.startedAt - b.startedAt)
  const ranks = rank(calls)
  const isDone = new Uint8Array(calls.length)
  const tried = new Set<string>()
  let answered = calls.filter((call) => call.endedAt !== Infinity).length

  /** All calls before `first` are done. */
  const search = (state: State, first: number): boolean => {
    if (answered === 0) return true
    while (isDone[first]) first++
    // Nobody may come before a call that had ended when they began: so only up to the first end among those left.
    let earliestEnd = Infinity
    let last = first
    for (; last < calls.length; last++) {
      const call = calls[last] as Call<Input, Output>
      if (isDone[last]) continue
      if (call.startedAt > earliestEnd) break
      earliestEnd = Math.min(earliestEnd, call.endedAt)
    }
    const situation = `${first}:${isDone.subarray(first, last).join('')}:${model.key(state)}`
    if (tried.has(situation)) return false
    tried.add(situation)
    const goOn = (i: number, next: State): boolean => {
      const counts = calls[i]?.endedAt === Infinity ? 0 : 1
      isDone[i] = 1
      answered -= counts
      if (search(next, first)) return true
      isDone[i] = 0
      answered += counts
      return false
    }
    const choices: { i: number; next: State; rank: number }[] = []
    for (let i = first; i < last; i++) {
      const { input, output, endedAt } = calls[i] as Call<Input, Output>
      if (isDone[i]) continue
      const next = model.step(state, input)
      const hasAnswer = endedAt !== Infinity
      if (hasAnswer && !model.isSame(next.output, output as Output)) continue
      if (hasAnswer && next.state === state) return goOn(i, state)
      choices.push({ i, next: next.state, rank: ranks[i] as number })
    }
    return choices.sort((a, b) => a.rank - b.rank).some(({ i, next }) => goOn(i, next))
  }
  return search(model.initial, 0)
}

/** For each call, when to try it: in the order of the ends, but never before one of a lower version. */
function rank(calls: readonly Call<unknown, unknown>[]): Uint32Array {
  const places = calls.map(({ version = 0, endedAt }, i) => ({ i, version, latest: endedAt }))
  let next = Infinity
  for (const place of places.toSorted((a, b) => b.version - a.version)) {
    if (place.version === 0) break
    next = Math.min(next, place.latest)
    place.latest = next
  }
  const ranks = new Uint32Array(calls.length)
  places.sort((a, b) => a.latest - b.latest || a.version - b.version || a.i - b.i)
  places.forEach(({ i }, rank) => (ranks[i] = rank))
  return ranks
}
