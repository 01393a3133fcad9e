/**
 * Parts of a program by typed tokens: built once, for each request or each time, and ended in reverse.
 *
 * @module
 */
export { ResolutionError } from '../kernel/errors.ts'
export { Container } from './container.ts'
export type { Factory, PartOptions, Resolver } from './part.ts'
export { RequestScope } from './request-scope.ts'
export { provide, Token, type Provided } from './token.ts'
