import { fail } from './fail.ts'
import type { World } from './world.ts'

/** More rounds than anything needs to end; a state from which it takes more is one that nothing leaves. */
const MOST_ROUNDS = 500

/**
 * Lets everything come to its end: loads succeed, models close, leases and runs end, and time goes on. Afterwards nobody may
 * wait. Then the runtime is closed, and nothing may be left.
 */
export function endEverything(world: World): void {
  for (let round = 0; world.waiting.size > 0 || world.leases.size > 0; round++) {
    if (round > MOST_ROUNDS) fail(`${world.waiting.size} callers are never answered`)
    finishWork(world)
    const { wakeAtMs } = world.scheduler
    if (world.waiting.size === 0) continue
    if (wakeAtMs === Infinity) fail('somebody waits and nothing will ever happen')
    world.passTo(wakeAtMs)
  }
  world.handle({ type: 'close', graceMs: 1_000 })
  for (let round = 0; !world.isClosed; round++) {
    if (round > MOST_ROUNDS) fail('the runtime never closes')
    finishWork(world)
    const { wakeAtMs } = world.scheduler
    if (!world.isClosed && wakeAtMs !== Infinity) world.passTo(wakeAtMs)
  }
}

function finishWork(world: World): void {
  for (const [generation, { runs }] of world.generations)
    for (const run of runs) world.endRun(generation, run)
  for (const lease of [...world.leases.keys()]) world.release(lease)
  for (const generation of world.inState('loading')) world.loadOk(generation)
  for (const generation of world.inState('aborting')) world.loadFail(generation)
  for (const generation of world.inState('closing')) world.unloadEnded(generation)
}
