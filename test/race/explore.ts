import { canonical } from './canonical.ts'
import { endEverything } from './ending.ts'
import { checkState } from './invariants.ts'
import { World, type WorldSetup } from './world.ts'

/** Something that may happen next: a name that stays the same in every replay, and what it does. */
export interface Action {
  readonly name: string
  readonly run: (world: World) => void
}

export interface Slice {
  readonly name: string
  readonly setup: WorldSetup
  /** What may happen in this state, in an order that depends on the state alone. */
  readonly actions: (world: World) => Action[]
}

export interface Exploration {
  readonly states: number
  readonly transitions: number
  readonly deepest: number
}

interface Node {
  readonly parent: Node | undefined
  readonly action: Action | undefined
  readonly depth: number
}

/**
 * Every state that the slice's actions can reach, each once. The scheduler cannot be copied, so a state is kept as the way to it
 * and made again by going that way: what is explored is the code that ships. In each state the invariants hold, and from each
 * there is a way on which everything ends.
 *
 * @throws what an invariant says, with the actions that lead there
 */
export function explore(slice: Slice, mostStates: number): Exploration {
  const root: Node = { parent: undefined, action: undefined, depth: 0 }
  const seen = new Set([canonical(new World(slice.setup, checkState))])
  const frontier = [root]
  let transitions = 0
  let deepest = 0
  for (let node = frontier.shift(); node !== undefined; node = frontier.shift()) {
    const actions = slice.actions(replay(slice, node))
    for (const action of actions) {
      transitions++
      const next: Node = { parent: node, action, depth: node.depth + 1 }
      const world = replay(slice, node)
      explained(next, () => {
        world.check = checkState
        action.run(world)
      })
      const text = canonical(world)
      if (seen.has(text)) continue
      seen.add(text)
      if (seen.size > mostStates) throw new Error(`${slice.name}: more than ${mostStates} states`)
      deepest = Math.max(deepest, next.depth)
      frontier.push(next)
      explained(next, () => endEverything(world))
    }
  }
  return { states: seen.size, transitions, deepest }
}

function replay(slice: Slice, node: Node): World {
  // Every state on the way was checked when it was found.
  const world = new World(slice.setup, () => {})
  for (const action of path(node)) action.run(world)
  return world
}

function path(node: Node): Action[] {
  const actions: Action[] = []
  for (let at: Node | undefined = node; at?.action; at = at.parent) actions.push(at.action)
  return actions.reverse()
}

function explained(node: Node, run: () => void): void {
  try {
    run()
  } catch (error) {
    const steps = path(node).map(({ name }, index) => `  ${index + 1}. ${name}`)
    throw new Error(`${(error as Error).message}\nafter:\n${steps.join('\n')}`, { cause: error })
  }
}
