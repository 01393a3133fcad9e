import type { AcquireEvent } from '../../src/scheduler/events.ts'
import type { Action, Slice } from './explore.ts'
import type { World } from './world.ts'

/** One feature each, small enough to be explored to the end. What a slice leaves out, the simulator mixes in. */

type Callers = {
  readonly model: string
  readonly kind: AcquireEvent['kind']
  readonly options?: Partial<AcquireEvent>
}

/** New callers come while there are fewer than `most` that wait or hold. */
function arrivals(world: World, most: number, callers: readonly Callers[]): Action[] {
  if (world.scheduler.state.closing || world.waiting.size + world.leases.size >= most) return []
  return callers.map(({ model, kind, options }) => ({
    name: `${kind} ${model} ${JSON.stringify(options ?? {})}`,
    run: (it) => void it.acquire(model, kind, options),
  }))
}

/** By place, not by number: the first, second … of those that wait. */
function aborts(world: World): Action[] {
  return [...world.waiting.keys()].map((_, index) => ({
    name: `caller ${index} leaves`,
    run: (it) => it.abort([...it.waiting.keys()][index] as number),
  }))
}

function releases(world: World): Action[] {
  // Leases of one generation and kind are alike: one of each is enough.
  const seen = new Set<string>()
  return [...world.leases.entries()].flatMap(([, { generation, kind }], index) => {
    const alike = `${generation}${kind}`
    if (seen.has(alike)) return []
    seen.add(alike)
    return [
      { name: `release ${index}`, run: (it: World) => it.release([...it.leases.keys()][index] as number) },
    ]
  })
}

function loads(world: World, mayFail: boolean): Action[] {
  const inFlight = world.inState('loading')
  const aborting = world.inState('aborting')
  return [
    ...inFlight.map((_, index) => ({
      name: `load ${index} ends`,
      run: (it: World) => it.loadOk(nth(it, 'loading', index)),
    })),
    ...(mayFail ? inFlight : []).map((_, index) => ({
      name: `load ${index} fails`,
      run: (it: World) => it.loadFail(nth(it, 'loading', index)),
    })),
    ...aborting.flatMap((_, index) => [
      { name: `aborted load ${index} ends`, run: (it: World) => it.loadFail(nth(it, 'aborting', index)) },
      { name: `aborted load ${index} succeeds`, run: (it: World) => it.loadOk(nth(it, 'aborting', index)) },
    ]),
  ]
}

function unloads(world: World): Action[] {
  return world.inState('closing').map((_, index) => ({
    name: `unload ${index} ends`,
    run: (it) => it.unloadEnded(nth(it, 'closing', index)),
  }))
}

function losses(world: World): Action[] {
  return world
    .inState('open')
    .map((_, index) => ({ name: `resident ${index} dies`, run: (it) => it.lost(nth(it, 'open', index)) }))
}

function nth(world: World, state: 'loading' | 'aborting' | 'open' | 'closing', index: number): number {
  return world.inState(state)[index] as number
}

function time(world: World): Action[] {
  const { wakeAtMs } = world.scheduler
  if (wakeAtMs === Infinity) return []
  return [{ name: 'the next deadline comes', run: (it) => it.passTo(it.scheduler.wakeAtMs) }]
}

function once(name: string, condition: boolean, run: (world: World) => void): Action[] {
  return condition ? [{ name, run }] : []
}

const loading: Slice = {
  name: 'loading, cancelling and back-off',
  setup: {
    models: [{ name: 'a', candidates: 2 }],
    limits: { maxConcurrent: 1, maxQueue: 2, waitTimeoutMs: 1_000 },
  },
  actions: (world) => [
    ...arrivals(world, 3, [
      { model: 'a', kind: 'lease' },
      { model: 'a', kind: 'load' },
    ]),
    ...aborts(world),
    ...releases(world),
    ...loads(world, true),
    ...unloads(world),
    ...losses(world),
    ...time(world),
    ...once('cancel the load', world.inState('loading').length > 0, (it) =>
      it.handle({ type: 'cancel-loading', model: 'a' }),
    ),
  ],
}

const swapping: Slice = {
  name: 'swap in a shared slot',
  setup: {
    models: [
      { name: 'a', slot: 's' },
      { name: 'b', slot: 's' },
    ],
    limits: { maxConcurrent: 1, drainTimeoutMs: 3_000 },
  },
  actions: (world) => [
    ...arrivals(world, 4, [
      { model: 'a', kind: 'lease' },
      { model: 'b', kind: 'lease' },
    ]),
    ...aborts(world),
    ...releases(world),
    ...loads(world, true),
    ...unloads(world),
    ...time(world),
  ],
}

const versions: Slice = {
  name: 'swap of a version, beside the old one or after it',
  setup: { models: [{ name: 'a', candidates: 1 }], memoryBudgetBytes: 2, limits: { maxConcurrent: 2 } },
  actions: (world) => [
    ...arrivals(world, 2, [{ model: 'a', kind: 'use' }]),
    ...once('swap', world.waiting.size < 2 && world.generations.size < 5, (it) => void it.swap('a')),
    ...aborts(world),
    ...releases(world),
    ...loads(world, true),
    ...unloads(world),
    ...time(world),
  ],
}

const eviction: Slice = {
  name: 'eviction for memory, idleness and pins',
  setup: {
    models: [
      { name: 'a', keepAliveMs: 60_000 },
      { name: 'b', keepAliveMs: 60_000 },
    ],
    memoryBudgetBytes: 1,
    limits: { maxConcurrent: 1, drainTimeoutMs: 3_000 },
  },
  actions: (world) => [
    ...arrivals(world, 3, [
      { model: 'a', kind: 'lease' },
      { model: 'b', kind: 'lease' },
    ]),
    ...aborts(world),
    ...releases(world),
    ...loads(world, false),
    ...unloads(world),
    ...time(world),
    ...once('pin a', !world.scheduler.state.models.get('a')?.isPinned, (it) =>
      it.handle({ type: 'pin', model: 'a', pinned: true }),
    ),
    ...once('unpin a', world.scheduler.state.models.get('a')?.isPinned === true, (it) =>
      it.handle({ type: 'pin', model: 'a', pinned: false }),
    ),
  ],
}

/** Two slots, three models, room for one: swap and eviction get in each other's way. `LONG_RUN=1`: with a fourth caller. */
const pressed: Slice = {
  name: 'eviction beside a swap',
  setup: {
    models: [
      { name: 'a', slot: 's', keepAliveMs: -1 },
      { name: 'b', slot: 's', keepAliveMs: -1 },
      { name: 'c', keepAliveMs: -1 },
    ],
    memoryBudgetBytes: 1,
    limits: { maxConcurrent: 1, drainTimeoutMs: 3_000 },
  },
  actions: (world) => [
    ...arrivals(world, process.env['LONG_RUN'] ? 4 : 3, [
      { model: 'a', kind: 'lease' },
      { model: 'b', kind: 'lease' },
      { model: 'c', kind: 'lease' },
    ]),
    ...releases(world),
    ...loads(world, false),
    ...unloads(world),
    ...time(world),
  ],
}

const priorities: Slice = {
  name: 'limits, priorities and tenants',
  setup: {
    models: [{ name: 'a' }],
    limits: { maxConcurrent: 1, maxConcurrentUses: 1, maxQueue: 4 },
    weights: { x: 2, y: 1 },
  },
  actions: (world) => [
    ...arrivals(world, 5, [
      { model: 'a', kind: 'use', options: { priority: 0, tenant: 'x' } },
      { model: 'a', kind: 'use', options: { priority: 1, tenant: 'x' } },
      { model: 'a', kind: 'use', options: { priority: 1, tenant: 'y' } },
      { model: 'a', kind: 'lease', options: { priority: 1, tenant: 'y' } },
    ]),
    ...aborts(world),
    ...releases(world),
    ...loads(world, false),
    ...time(world),
    ...once('raise the limit', limitOf(world) === 1, (it) =>
      it.handle({ type: 'configure', slot: 'a', limits: { maxConcurrentUses: 2 } }),
    ),
    ...once('lower the limit', limitOf(world) === 2, (it) =>
      it.handle({ type: 'configure', slot: 'a', limits: { maxConcurrentUses: 1 } }),
    ),
  ],
}

const stuck: Slice = {
  name: 'runs, stuck runs and losses',
  setup: { models: [{ name: 'a', keepAliveMs: 0 }], limits: { maxConcurrent: 2, useTimeoutMs: 1_000 } },
  actions: (world) => [
    ...arrivals(world, 2, [{ model: 'a', kind: 'use' }]),
    ...releases(world),
    ...loads(world, false),
    ...unloads(world),
    ...losses(world),
    ...time(world),
    ...runs(world),
    ...once('unload', world.inState('open').length === 1 && world.inState('closing').length === 0, (it) =>
      it.handle({ type: 'unload', model: 'a' }),
    ),
  ],
}

const closing: Slice = {
  name: 'closing with grace',
  setup: {
    models: [
      { name: 'a', group: 'g' },
      { name: 'b', group: 'g', isPreloaded: true },
    ],
    limits: { maxConcurrent: 1 },
  },
  actions: (world) => [
    ...arrivals(world, 2, [{ model: 'a', kind: 'use' }]),
    ...aborts(world),
    ...releases(world),
    ...loads(world, true),
    ...unloads(world),
    ...losses(world),
    ...runs(world),
    ...time(world),
    ...once('close', world.scheduler.state.closing === undefined, (it) =>
      it.handle({ type: 'close', graceMs: 500 }),
    ),
  ],
}

/** A run begins where somebody holds the model, at most one in each. */
function runs(world: World): Action[] {
  return world.inState('open').flatMap((generation, index) => {
    const active = world.generations.get(generation)?.runs.size ?? 0
    const [run] = world.generations.get(generation)?.runs ?? []
    if (active > 0 && run !== undefined) {
      return [
        {
          name: `run in ${index} ends`,
          run: (it: World) => {
            const at = nth(it, 'open', index)
            const [first] = it.generations.get(at)?.runs ?? []
            it.endRun(at, first as number)
          },
        },
      ]
    }
    if (world.leasesOf(generation) === 0) return []
    return [{ name: `run in ${index} begins`, run: (it: World) => it.startRun(nth(it, 'open', index)) }]
  })
}

function limitOf(world: World): number | undefined {
  return world.scheduler.state.slots.get('a')?.limits.maxConcurrentUses
}

export const SLICES: readonly Slice[] = [
  loading,
  swapping,
  versions,
  eviction,
  pressed,
  priorities,
  stuck,
  closing,
]
