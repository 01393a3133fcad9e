import { AsyncLocalStorage } from 'node:async_hooks'
import type { ReentrantHold } from './reentrant-hold.ts'

/** A section that the running code is inside of, and the one around it. */
interface Frame {
  readonly lock: object
  readonly hold: ReentrantHold
  readonly outer: Frame | undefined
}

/**
 * Made by the first section that needs it, and not before: on Node 20 every await of the process takes 4 to 8 times as
 * long once a value has been stored in an AsyncLocalStorage.
 */
let storage: AsyncLocalStorage<Frame> | undefined

/** Runs `fn` so that it, and all that it starts, finds `hold` with `ambientHold(lock)`. */
export function runInside<R>(lock: object, hold: ReentrantHold, fn: () => R): R {
  storage ??= new AsyncLocalStorage()
  return storage.run({ lock, hold, outer: livingFrame(storage.getStore()) }, fn)
}

/** The hold of the innermost section of `lock` that the caller is inside of. It may have been released meanwhile. */
export function ambientHold(lock: object): ReentrantHold | undefined {
  let frame = storage?.getStore()
  while (frame !== undefined && frame.lock !== lock) frame = frame.outer
  return frame?.hold
}

/** Leaves out the sections that have ended; tasks that start one another would pile them up. */
function livingFrame(frame: Frame | undefined): Frame | undefined {
  while (frame?.hold.isReleased) frame = frame.outer
  return frame
}
