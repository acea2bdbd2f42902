import { Ajv, type ErrorObject } from 'ajv'
import { ConfigError } from './config-error.ts'
import { configKeys, configSchema } from './config-schema.ts'
import { nearest } from './nearest.ts'

/**
 * Compares what was given with the schema; the first difference becomes a ConfigError. `whereFrom` tells the file or variable
 * that a dotted key came from.
 */
export function validateConfig(given: unknown, whereFrom: (key: string) => string): void {
  const ajv = new Ajv({ allErrors: false, strict: false })
  const { $schema: _, ...schema } = configSchema as typeof configSchema & { $schema?: string }
  const valid = ajv.compile(schema)
  if (valid(given)) return
  throw toConfigError(valid.errors!, whereFrom)
}

function toConfigError(errors: ErrorObject[], whereFrom: (key: string) => string): ConfigError {
  // The outermost error of a failed choice is the one that says it; the branches only repeat themselves.
  const error = errors.find(one => one.keyword === 'anyOf') ?? errors[0]!
  const key = error.instancePath.slice(1).replaceAll('/', '.')
  if (error.keyword === 'additionalProperties') {
    const name = (error.params as { additionalProperty: string }).additionalProperty
    const full = key === '' ? name : `${key}.${name}`
    return new ConfigError('operator.config.unknownKey', {
      key: full.slice(0, 100),
      file: whereFrom(full),
      nearest: nearest(full, siblings(key)),
    })
  }
  if (error.keyword === 'anyOf') {
    const choices = errors.filter(one => one.keyword === 'const').map(one => (one.params as { allowedValue: string }).allowedValue)
    return new ConfigError('operator.config.choice', { key, file: whereFrom(key), choices: choices.join(', ') })
  }
  if (error.keyword === 'minimum' || error.keyword === 'maximum') {
    return new ConfigError('operator.config.range', { key, file: whereFrom(key) })
  }
  if (error.keyword === 'minLength') return new ConfigError('operator.config.empty', { key, file: whereFrom(key) })
  const expected = error.keyword === 'type' ? String((error.params as { type: string }).type) : error.keyword
  return new ConfigError('operator.config.type', { key, file: whereFrom(key), expected })
}

/** The names that may stand beside the mistaken one. */
function siblings(group: string): string[] {
  const depth = group === '' ? 0 : group.split('.').length
  const beside = configKeys.filter(one => depth === 0 || one.path.slice(0, depth).join('.') === group)
  return [...new Set(beside.map(one => one.path.slice(0, depth + 1).join('.')))]
}
