import { isUtf8 } from 'node:buffer'
import type { FastifyRequest } from 'fastify'
import { InvalidInputError } from '../kernel/errors.ts'
import { parseJson } from './json-body.ts'
import { Refusal } from './reply-error.ts'

/** Ten thousand texts, and what goes with them. */
const MAX_FIELDS = 10_100

const AMPERSAND = 0x26

const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i
const FORM_IN_PARTS = /^multipart\/form-data\s*(;|$)/i
/** A form cannot begin so: both would be escaped in it. */
const JSON_BEGINS = /^\s*[[{]/

/**
 * The body of a request, which is JSON whatever the type says (curl sends form encoding unless told otherwise); on routes whose
 * clients send forms it may be one.
 *
 * @throws InvalidInputError; Refusal for a form in parts, which nobody needs who sends no file
 */
export function parseBody(request: FastifyRequest, body: Buffer): unknown {
  const { routeOptions, headers } = request
  const { 'content-type': type = '' } = headers
  const { acceptsForm = false } = routeOptions.config
  if (acceptsForm && FORM_IN_PARTS.test(type)) {
    const message =
      'Send the fields as JSON or as application/x-www-form-urlencoded, not as multipart/form-data.'
    throw new Refusal(415, 'UNSUPPORTED_MEDIA_TYPE', message)
  }
  const isForm = acceptsForm && FORM.test(type)
  return isForm && !JSON_BEGINS.test(body.toString('latin1', 0, 64)) ? parseForm(body) : parseJson(body)
}

/** Fields that come several times are lists. */
function parseForm(body: Buffer): unknown {
  if (!isUtf8(body)) throw new InvalidInputError('The body is not valid UTF-8.')
  checkCount(body)
  const fields = new Map<string, string[]>()
  for (const [name, value] of new URLSearchParams(body.toString('utf8'))) {
    const values = fields.get(name)
    if (values === undefined) fields.set(name, [value])
    else values.push(value)
  }
  return Object.fromEntries(
    [...fields].map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  )
}

/** Before anything is made of them: a field of one byte takes a hundred in memory. */
function checkCount(body: Buffer): void {
  let count = 1
  for (let at = body.indexOf(AMPERSAND); at !== -1; at = body.indexOf(AMPERSAND, at + 1)) {
    if (++count > MAX_FIELDS) throw new InvalidInputError(`The form has more than ${MAX_FIELDS} fields.`)
  }
}
