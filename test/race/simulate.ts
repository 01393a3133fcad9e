import type { AcquireEvent } from '../../src/scheduler/events.ts'
import { endEverything } from './ending.ts'
import { checkState } from './invariants.ts'
import { Random } from './random.ts'
import { World, type ModelInWorld, type WorldSetup } from './world.ts'

/**
 * One step: what to do, and two numbers that say to whom and how. The numbers are taken modulo what there is, so that any part
 * of a trace is a trace: that is what makes it possible to shrink one.
 */
export interface Step {
  readonly kind: StepKind
  readonly a: number
  readonly b: number
}

export type StepKind =
  | 'acquire'
  | 'abort'
  | 'release'
  | 'releaseTwice'
  | 'loadOk'
  | 'loadFail'
  | 'progress'
  | 'unloadEnded'
  | 'lost'
  | 'startRun'
  | 'endRun'
  | 'late'
  | 'passToNext'
  | 'pass'
  | 'sleep'
  | 'swap'
  | 'unload'
  | 'cancelLoading'
  | 'pin'
  | 'configure'
  | 'pressure'
  | 'close'

export interface Trace {
  readonly seed: number
  readonly setup: WorldSetup
  readonly steps: readonly Step[]
}

const nth = <T>(items: readonly T[], index: number): T | undefined => items[index % items.length]

/** Every step does nothing where there is nothing to do it to. */
const STEPS: Readonly<Record<StepKind, (world: World, a: number, b: number) => void>> = {
  acquire: (world, a, b) => {
    const { name, candidates = 1 } = nth(world.setup.models, a) as ModelInWorld
    const kind = nth(['use', 'use', 'lease', 'load'] as const, b) as AcquireEvent['kind']
    const isExplicit = b % 7 === 0
    world.acquire(name, kind, {
      priority: (b >>> 3) % 4,
      tenant: nth(['x', 'y', 'z'], b >>> 5) as string,
      whenFull: b % 11 === 0 ? 'reject' : 'wait',
      ...(isExplicit && { selector: String((b >>> 7) % candidates) }),
      ...(b % 5 === 0 && { deadlineMs: (b >>> 9) % 20_000 }),
      ...(b % 13 === 0 && { keepAliveMs: nth([0, 1_000, -1], b >>> 4) as number }),
    })
  },
  abort: (world, a) => {
    const ticket = nth([...world.waiting.keys()], a)
    if (ticket !== undefined) world.abort(ticket)
  },
  release: (world, a) => {
    const lease = nth([...world.leases.keys()], a)
    if (lease !== undefined) world.release(lease)
  },
  releaseTwice: (world) => {
    if (!world.leases.has(1)) world.handle({ type: 'release', lease: 1 })
  },
  loadOk: (world, a) => {
    const generation = nth(world.inState('loading', 'aborting'), a)
    if (generation !== undefined) world.loadOk(generation)
  },
  loadFail: (world, a) => {
    const generation = nth(world.inState('loading', 'aborting'), a)
    if (generation !== undefined) world.loadFail(generation)
  },
  progress: (world, a) => {
    const generation = nth(world.inState('loading'), a)
    if (generation !== undefined) world.handle({ type: 'load-progress', generation, fraction: 0.5 })
  },
  unloadEnded: (world, a) => {
    const generation = nth(world.inState('closing'), a)
    if (generation !== undefined) world.unloadEnded(generation)
  },
  lost: (world, a) => {
    const generation = nth(world.inState('open'), a)
    if (generation !== undefined) world.lost(generation)
  },
  startRun: (world, a) => {
    const generation = nth(world.inState('open'), a)
    if (generation !== undefined && world.leasesOf(generation) > 0) world.startRun(generation)
  },
  endRun: (world, a, b) => {
    const generation = nth(world.inState('open'), a)
    const run = generation && nth([...(world.generations.get(generation)?.runs ?? [])], b)
    if (generation !== undefined && run !== undefined) world.endRun(generation, run)
  },
  late: (world, a, b) => {
    const generation = nth(world.inState('ended'), a)
    const type = nth(['load-ended', 'load-failed', 'unload-ended', 'lost'] as const, b)
    if (generation !== undefined && type !== undefined) world.answerLate(generation, type)
  },
  passToNext: (world) => {
    const { wakeAtMs } = world.scheduler
    if (wakeAtMs !== Infinity) world.passTo(wakeAtMs)
  },
  pass: (world, a) => world.passTo(world.nowMs + (a % 3_000)),
  /** The timer is late: everything that became due meanwhile comes with the next event. */
  sleep: (world, a) => {
    world.nowMs += a % 10_000
  },
  swap: (world, a) => void world.swap((nth(world.setup.models, a) as ModelInWorld).name),
  unload: (world, a) =>
    world.handle({ type: 'unload', model: (nth(world.setup.models, a) as ModelInWorld).name }),
  cancelLoading: (world, a) =>
    world.handle({ type: 'cancel-loading', model: (nth(world.setup.models, a) as ModelInWorld).name }),
  pin: (world, a, b) =>
    world.handle({
      type: 'pin',
      model: (nth(world.setup.models, a) as ModelInWorld).name,
      pinned: b % 3 === 0,
    }),
  configure: (world, a, b) => {
    const slot = nth([...world.scheduler.state.slots.keys()], a) as string
    const limits = {
      maxConcurrent: 1 + (b % 3),
      maxConcurrentUses: 1 + ((b >>> 3) % 4),
      maxQueue: (b >>> 6) % 8,
    }
    world.handle({ type: 'configure', slot, limits })
  },
  pressure: (world, a) =>
    world.handle({ type: 'pressure', level: nth(['none', 'none', 'shed', 'reject'] as const, a) ?? 'none' }),
  close: (world, a) => {
    if (a % 20 === 0) world.handle({ type: 'close', graceMs: a % 5_000 })
  },
}

/** How often each step comes, in parts of the whole. */
const WEIGHTS: readonly (readonly [StepKind, number])[] = [
  ['acquire', 24],
  ['abort', 5],
  ['release', 14],
  ['releaseTwice', 1],
  ['loadOk', 12],
  ['loadFail', 3],
  ['progress', 1],
  ['unloadEnded', 10],
  ['lost', 2],
  ['startRun', 4],
  ['endRun', 4],
  ['late', 2],
  ['passToNext', 6],
  ['pass', 8],
  ['sleep', 2],
  ['swap', 2],
  ['unload', 2],
  ['cancelLoading', 1],
  ['pin', 1],
  ['configure', 2],
  ['pressure', 1],
  ['close', 1],
]
const DRAW = WEIGHTS.flatMap(([kind, weight]) => Array<StepKind>(weight).fill(kind))

export function traceOf(seed: number, length: number): Trace {
  const random = new Random(seed)
  const setup = randomSetup(random)
  const steps = Array.from({ length }, () => ({
    kind: random.pick(DRAW),
    a: random.next(),
    b: random.next(),
  }))
  return { seed, setup, steps }
}

function randomSetup(random: Random): WorldSetup {
  const isShared = random.below(2) === 0
  const models = Array.from({ length: 2 + random.below(3) }, (_, index): ModelInWorld => {
    const name = 'abcd'[index] as string
    return {
      name,
      slot: isShared && index < 2 ? 'shared' : name,
      bytes: 1 + random.below(3),
      candidates: 1 + random.below(3),
      keepAliveMs: random.pick([-1, 0, 500, 10_000]),
      ...(index >= 2 && random.below(3) === 0 && { group: 'g' }),
      isPreloaded: random.below(6) === 0,
      isPinned: random.below(10) === 0,
    }
  })
  return {
    models,
    memoryBudgetBytes: random.pick([Infinity, 3, 4, 6]),
    maxParallelLoads: 1 + random.below(3),
    weights: { x: 2, y: 1, z: 0.5 },
    limits: {
      maxConcurrent: 1 + random.below(2),
      maxConcurrentUses: 1 + random.below(3),
      maxQueue: random.below(8),
      waitTimeoutMs: random.pick([Infinity, 2_000]),
      useTimeoutMs: random.pick([Infinity, 1_500]),
      loadingTimeoutMs: random.pick([5_000, 300_000]),
      drainTimeoutMs: random.pick([0, 1_000, 30_000]),
      minResidencyMs: random.pick([0, 1_000]),
      maxSwapWaitMs: random.pick([1_000, 5_000]),
    },
  }
}

/** Runs the trace and then lets everything end. @throws what an invariant says */
function runTrace({ setup, steps }: Pick<Trace, 'setup' | 'steps'>): World {
  const world = new World(setup, checkState)
  for (const { kind, a, b } of steps) STEPS[kind](world, a, b)
  endEverything(world)
  return world
}

/** The shortest part of a failing trace that still fails, by leaving out ever smaller pieces. */
function shrink(trace: Trace): Trace {
  let steps = trace.steps
  for (let size = Math.ceil(steps.length / 2); size >= 1;) {
    let wasShorter = false
    for (let from = 0; from < steps.length;) {
      const rest = [...steps.slice(0, from), ...steps.slice(from + size)]
      if (failureOf({ setup: trace.setup, steps: rest })) {
        steps = rest
        wasShorter = true
      } else from += size
    }
    if (!wasShorter || size === 1) size = size === 1 && wasShorter ? 1 : Math.floor(size / 2)
  }
  return { ...trace, steps }
}

export function failureOf(trace: Pick<Trace, 'setup' | 'steps'>): Error | undefined {
  try {
    runTrace(trace)
    return undefined
  } catch (error) {
    return error as Error
  }
}

/** What went wrong, the shortest way to it, and how to see it again. */
export function report(seed: number, length: number): string {
  const shortest = shrink(traceOf(seed, length))
  const steps = shortest.steps.map(({ kind, a, b }, index) => `  ${index + 1}. ${kind} ${a} ${b}`)
  return [
    `seed ${seed}: ${failureOf(shortest)?.message}`,
    `replay: npm run simulate -- --seed ${seed} --steps ${length}`,
    `setup: ${JSON.stringify(shortest.setup)}`,
    ...steps,
  ].join('\n')
}
