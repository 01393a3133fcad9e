import type { Token } from './token.ts'

/** What factories are given, and what containers and request scopes are. */
export interface Resolver {
  /**
   * The instance for that token, built first where there is none yet. Everybody who asks while an asynchronous factory is
   * under way gets the same promise; if it rejects it is forgotten, and the next call builds anew.
   *
   * Throws `ResolutionError` for an unknown token, a cycle, a part of a request outside of one or inside a singleton (each
   * with the path of tokens that led there), and after the close. What a factory throws is passed on as it is.
   */
  resolve<T>(token: Token<T>): T
}

/**
 * Builds an instance; that of a `Token<Promise<…>>` is asynchronous. It takes other parts from the resolver that it is
 * given, not from a container that it closes over: only so can cycles be seen.
 */
export type Factory<T> = (resolver: Resolver) => T

export interface PartOptions<T> {
  /**
   * Ends what the factory made, awaited if it is asynchronous.
   * @default the instance's own `[Symbol.asyncDispose]` or `[Symbol.dispose]`, where it has one
   */
  dispose?: (instance: Awaited<T>) => unknown
}

/** Who shares an instance: all, nobody, or all within one request. */
export type Lifetime = 'singleton' | 'transient' | 'request'

/** What is registered for a token. */
export type Part = ValuePart | FactoryPart

export interface ValuePart {
  readonly lifetime: 'value'
  readonly token: Token<unknown>
  readonly value: unknown
}

export interface FactoryPart {
  readonly lifetime: Lifetime
  readonly token: Token<unknown>
  /** Absent for what is given with each request. */
  readonly factory: Factory<unknown> | undefined
  readonly dispose: ((instance: never) => unknown) | undefined
}
