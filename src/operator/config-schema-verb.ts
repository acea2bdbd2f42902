/** `latchkey config-schema`: the JSON Schema of the configuration file, as published in config.schema.json. */
import type { VerbIo } from '../config.ts'
import { publishedSchema } from './config-schema.ts'

export async function run(_args: string[], io: VerbIo): Promise<number> {
  io.stdout.write(publishedSchema())
  return 0
}
