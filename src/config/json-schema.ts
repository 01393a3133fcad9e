import * as z from 'zod'
import { configSchema } from './schema.ts'

/** The JSON Schema of a configuration file, for editors: `docs/config.schema.json` holds it. */
export function configJsonSchema(): object {
  return {
    title: 'Configuration of Leasehold',
    description: 'What `leasehold serve --config` reads; docs/config.md explains it.',
    ...z.toJSONSchema(configSchema, { io: 'input' }),
  }
}
