/**
 * How bodies and query strings become values. Strict, because what is read twice in two ways is how destinations get injected
 * (T-08): a name given twice is refused, `__proto__` and friends are refused, depth and size have bounds (T-63, T-67).
 */
import type { FastifyInstance } from 'fastify'
import type { Reason } from './rules/verdict.ts'
import { Refusal } from './refusal.ts'

const largestDepth = 20
const largestFieldCount = 200
const poisonous = new Set(['__proto__', 'constructor', 'prototype'])

const invalid = (field: string, status = 400) =>
  new Refusal(status, [{ code: 'LK_FIELD_INVALID', audience: 'anyone', values: { field } } satisfies Reason], { field })

/**
 * JSON as Latchkey reads it: `undefined` for an empty body (Graph's addPassword may have none).
 * @throws Refusal 400 naming the key for broken JSON, a repeated key, a poisonous key or too great a depth
 */
export function parseJson(text: string): unknown {
  if (text === '') return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalid('body')
  }
  refuseRepeatedKeys(text)
  return value
}

/** Walks text that is known to be JSON; `JSON.parse` alone silently keeps the last of two equal keys. */
function refuseRepeatedKeys(text: string): void {
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : undefined)
      if (open.length > largestDepth) throw invalid('body')
    } else if (character === '}' || character === ']') open.pop()
    else if (character === '"') {
      const end = endOfString(text, at)
      refuseNul(text.slice(at, end))
      const keys = open.at(-1)
      if (keys && text.slice(end).match(/^\s{0,1000}:/)) noteKey(keys, JSON.parse(text.slice(at, end)))
      at = end - 1
    }
  }
}

/** PostgreSQL keeps no NUL in text and says so with an error; nobody types one, so it ends here for every engine (T-64). */
function refuseNul(written: string): void {
  if (written.includes('\\u0000') && (JSON.parse(written) as string).includes('\0')) throw invalid('body')
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

function noteKey(keys: Set<string>, key: string): void {
  if (keys.has(key) || poisonous.has(key)) throw invalid(key.slice(0, 100))
  keys.add(key)
}

/**
 * A form or a query string as one flat record without a prototype.
 * @throws Refusal 400 naming the field that was given twice or has a poisonous name
 */
export function parsePairs(text: string): Record<string, string> {
  const record: Record<string, string> = Object.create(null)
  let count = 0
  for (const [name, value] of new URLSearchParams(text)) {
    if (name in record || poisonous.has(name) || ++count > largestFieldCount || value.includes('\0')) throw invalid(name.slice(0, 100))
    record[name] = value
  }
  return record
}

/** Replaces Fastify's own parsers by the strict ones, for JSON and for forms; every other type is 415. */
export function useStrictBodies(server: FastifyInstance<any, any, any, any, any>): void {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', { parseAs: 'string' }, async (_request: unknown, body: string) => parseJson(body))
  server.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, async (_request: unknown, body: string) => parsePairs(body))
  server.addHook('onRequest', async request => {
    if (request.url.includes('%00')) throw invalid('request')
    // A compressed body can be a bomb, and nobody who talks to us needs one.
    if (request.headers['content-encoding'] !== undefined && request.headers['content-encoding'] !== 'identity')
      throw new Refusal(415, [{ code: 'LK_MEDIA_TYPE', audience: 'anyone' }])
  })
}
