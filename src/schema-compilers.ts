/**
 * What turns a route's schemas into functions. Each is compiled at the first request that needs it: all of them at the start would
 * cost a third of a second and half of the memory an idle server may take.
 */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import fastJson from 'fast-json-stringify'
import type { FastifyServerOptions } from 'fastify'

const options = { allErrors: false, removeAdditional: false, useDefaults: true, strict: false } as const

type Compilers = NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>

/** For `Fastify({ schemaController })`. Bodies are read as they are; query strings, which are text by nature, may become numbers and booleans. */
export function schemaCompilers(): Compilers {
  const strict = new Ajv({ ...options, coerceTypes: false })
  const lenient = new Ajv({ ...options, coerceTypes: 'array' })
  const compilers = {
    buildValidator: () => ({ schema, httpPart }: { schema: object; httpPart?: string }) => validateWhenAsked(httpPart === 'body' ? strict : lenient, schema),
    buildSerializer: () => ({ schema }: { schema: object }) => serializeWhenAsked(schema),
  }
  return compilers as unknown as Compilers // their types also cover compilers that write a module
}

interface Validate {
  (data: unknown): boolean
  errors?: ErrorObject[] | null
}

function validateWhenAsked(ajv: Ajv, schema: object): Validate {
  let compiled: ValidateFunction | undefined
  const validate: Validate = data => {
    compiled ??= ajv.compile(schema)
    const right = compiled(data)
    validate.errors = compiled.errors ?? null
    return right
  }
  return validate
}

function serializeWhenAsked(schema: object): (data: unknown) => string {
  let compiled: ((data: unknown) => string) | undefined
  return data => (compiled ??= fastJson(schema))(data)
}
