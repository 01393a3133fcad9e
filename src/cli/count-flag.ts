import { CommandError, EXIT } from './exit-code.ts'

/** The value of an option that is a number of things. @throws CommandError when it is not a whole number of at least 1 */
export function countFlag(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const count = Number(value)
  if (Number.isInteger(count) && count >= 1) return count
  throw new CommandError(EXIT.usage, `${option} must be a whole number of at least 1, not "${value}".`)
}
