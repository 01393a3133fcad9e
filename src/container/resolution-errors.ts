import { ResolutionError } from '../kernel/errors.ts'
import { nearest } from '../kernel/nearest.ts'
import type { Build } from './build.ts'
import type { Token } from './token.ts'

/** `report → database → report`: who asked for whom, and at the end what could not be had. */
function path(builds: readonly Build[], last: Token<unknown>): string {
  return [...builds.map((build) => build.part.token), last].map((token) => token.name).join(' → ')
}

/** From the first that was asked for down to `build`. */
function lineage(build: Build | undefined): Build[] {
  return build === undefined ? [] : [...lineage(build.requester), build]
}

export function unknownToken(
  token: Token<unknown>,
  requester: Build | undefined,
  names: Iterable<string>,
): ResolutionError {
  const known = Array.from(names)
  const guess = nearest(token.name, known)
  // Tokens are told apart by identity: one of the same name is a likely mistake, and not helped by naming it.
  const hint = known.includes(token.name)
    ? ' Another token of that name is: share one token object.'
    : guess === undefined
      ? ''
      : ` Did you mean "${guess}"?`
  return new ResolutionError(
    `"${token.name}" is not registered.${hint} Path: ${path(lineage(requester), token)}`,
  )
}

/** @param circle The builds from the one that waits down to `requester`, which asked for it again. */
export function cycle(token: Token<unknown>, circle: readonly Build[]): ResolutionError {
  const above = lineage(circle[0]?.requester)
  return new ResolutionError(`"${token.name}" depends on itself. Path: ${path([...above, ...circle], token)}`)
}

export function outsideRequest(token: Token<unknown>, requester: Build | undefined): ResolutionError {
  const builds = lineage(requester)
  const singleton = builds.findLast((build) => build.part.lifetime === 'singleton')
  const reason =
    singleton === undefined
      ? 'there is none here: resolve it from beginRequest() or inside runInRequest()'
      : `the singleton "${singleton.part.token.name}" would keep it beyond its end`
  return new ResolutionError(
    `"${token.name}" lives as long as one request, and ${reason}. Path: ${path(builds, token)}`,
  )
}

export function notGiven(token: Token<unknown>, requester: Build | undefined): ResolutionError {
  return new ResolutionError(
    `"${token.name}" is given with each request, and this one began without it. Path: ${path(lineage(requester), token)}`,
  )
}

export function afterEnd(what: string, token: Token<unknown>, requester: Build | undefined): ResolutionError {
  return new ResolutionError(
    `"${token.name}" cannot be resolved: the ${what} has ended. Path: ${path(lineage(requester), token)}`,
  )
}
