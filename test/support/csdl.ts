/**
 * Is this answer what Graph's own schema promises? Every answer under /v1.0 and /beta that a test sees goes through here (make-app.ts).
 * The schema is test/conformance/csdl.json; what is ours alone, or newer than it, stands in annex.json beside it.
 */
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import schema from '../conformance/csdl.json' with { type: 'json' }
import annex from '../conformance/annex.json' with { type: 'json' }

interface Type {
  base?: string
  abstract?: boolean
  properties: Record<string, string>
  navigation?: Record<string, string>
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const enums = { ...schema.enums, ...annex.enums } as Record<string, readonly string[]>
const operations = merged(schema.operations, annex.operations) as Record<string, Record<string, string | null>>
const types = merged(schema.types, annex.types) as unknown as Record<string, Type>
const roots = { ...schema.roots, ...annex.roots } as Record<string, string>

function merged(left: object, right: object): object {
  const both: Record<string, unknown> = { ...left }
  for (const [name, value] of Object.entries(right)) {
    const before = both[name]
    both[name] = isObject(before) && isObject(value) ? merged(before, value) : value
  }
  return both
}

export interface SeenAnswer {
  method: string
  /** Path and query as asked. */
  url: string
  status: number
  headers: Readonly<Record<string, unknown>>
  body: string
}

/** What is wrong with an answer of Graph, as sentences; empty for a good one and for what is none of Graph's. */
export function violationsOf(answer: SeenAnswer): string[] {
  const [path = '', query = ''] = answer.url.split('?', 2)
  if (!/^\/(v1\.0|beta)\//i.test(path)) return []
  const found = headerFaults(answer)
  if (answer.method.toUpperCase() === 'HEAD') return found
  if (answer.status === 204 || answer.status === 304) return [...found, ...(answer.body === '' ? [] : ['204 with a body'])]
  const type = String(answer.headers['content-type'] ?? '')
  if (/\/\$count$/i.test(path) && answer.status === 200) return [...found, ...(/^\d+$/.test(answer.body) && type.startsWith('text/plain') ? [] : ['$count is no plain number'])]
  if (type.startsWith('text/csv') || /\$metadata$/i.test(path)) return found
  if (!type.startsWith('application/json')) return [...found, `content type ${type}`]
  const body: unknown = JSON.parse(answer.body)
  if (!isObject(body)) return [...found, 'no object']
  if (answer.status >= 400) return [...found, ...errorFaults(body)]
  if (/\/\$batch$/i.test(path)) return [...found, ...batchFaults(body, path)]
  if (answer.status === 202 && Object.keys(body).length === 0) return found
  return [...found, ...contextFaults(body, path, new URLSearchParams(query))]
}

function headerFaults({ headers, status }: SeenAnswer): string[] {
  const missing = ['request-id', 'client-request-id', 'odata-version'].filter(name => headers[name] === undefined)
  const type = String(headers['content-type'] ?? '')
  const bare = status < 300 && type.startsWith('application/json') && !type.includes('odata.metadata=minimal')
  return status === 421 ? [] : [...missing.map(name => `no header ${name}`), ...(bare ? [`content type ${type}`] : [])]
}

/** graph §2.3 */
function errorFaults(body: Record<string, unknown>): string[] {
  const error = body['error']
  if (!isObject(error)) return ['an error without error']
  const inner = error['innerError']
  return [
    ...(Object.keys(body).length === 1 ? [] : ['an error with something beside it']),
    ...(typeof error['code'] === 'string' && error['code'] !== '' ? [] : ['error.code is no text']),
    ...(typeof error['message'] === 'string' && error['message'] !== '' ? [] : ['error.message is no text']),
    ...(isObject(inner) && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(String(inner['date'])) && typeof inner['request-id'] === 'string' ? [] : ['innerError without date or request-id']),
  ]
}

function batchFaults(body: Record<string, unknown>, path: string): string[] {
  const responses = body['responses']
  if (!Array.isArray(responses)) return ['$batch without responses']
  const version = path.split('/')[1]!
  return responses.flatMap((one: { status: number; headers?: Record<string, string>; body?: unknown }) => {
    if (!isObject(one.body) || one.status === 204) return []
    return one.status >= 400 ? errorFaults(one.body) : contextFaults(one.body, `/${version}/`, new URLSearchParams())
  })
}

function contextFaults(body: Record<string, unknown>, path: string, query: URLSearchParams): string[] {
  const context = body['@odata.context']
  if (typeof context !== 'string') return ['no @odata.context']
  if (Object.keys(body)[0] !== '@odata.context') return ['@odata.context does not come first']
  const version = path.split('/')[1]!
  const match = new RegExp(`^https?://[^/]+/${version}/\\$metadata#(.+)$`, 'i').exec(context)
  if (!match) return [`@odata.context ${context} is none`]
  const named = describe(match[1]!)
  const described = named && { ...named, collection: named.collection || (version.toLowerCase() === 'beta' && annex.collectionsUnderBeta.includes(match[1]!)) }
  if (described === undefined) return [`@odata.context names nothing in the schema: ${match[1]}`]
  const asked = typeOfPath(path)
  const known = asked === undefined || related(itemOf(asked), described.type)
  const selected = optionOf(query, '$select')?.split(',').map(name => name.trim().toLowerCase()).filter(name => name !== '')
  return [
    ...(known ? [] : [`@odata.context says ${described.type}, the path ${asked}`]),
    ...payloadFaults(body, described, { selected, delta: described.delta }),
  ]
}

const optionOf = (query: URLSearchParams, name: string): string | undefined =>
  Array.from(query).find(([one]) => one.toLowerCase() === name)?.[1]

interface Described {
  type: string
  collection: boolean
  delta: boolean
}

/** What a context's fragment says is in the body: `users(id)/$entity`, `Collection(Edm.String)`, `users('x')/authentication/methods`. */
function describe(fragment: string): Described | undefined {
  const list = /^Collection\((.+)\)$/.exec(fragment)
  const plain = (list?.[1] ?? fragment).replace(/^microsoft\.graph\./, '')
  if (list || (fragment.startsWith('microsoft.graph.') && !fragment.includes('/')) || fragment.startsWith('Edm.')) {
    return plain.startsWith('Edm.') || types[plain] || plain === '$ref' ? { type: plain, collection: list !== null, delta: false } : undefined
  }
  const entity = fragment.endsWith('/$entity')
  const delta = fragment.endsWith('/$delta')
  const type = walk(segmentsOf(fragment.replace(/\/\$(entity|delta)$/, '')))
  if (type === undefined) return undefined
  return { type: itemOf(type), collection: type.startsWith('[') && !entity, delta }
}

/** Names in a row; a key in parentheses, and a list of selected properties, belong to the name before. */
const segmentsOf = (text: string): string[] => text.replaceAll(/\((?:[^()']|'(?:[^']|'')*'|\([^()]*\))*\)/g, '').split('/').filter(name => name !== '')

const itemOf = (type: string): string => type.replace(/[[\]!]/g, '')

function walk(names: readonly string[]): string | undefined {
  const [first, ...rest] = names
  let type = find(roots, first ?? '')
  for (const name of rest) {
    if (type === undefined) return undefined
    if (name.startsWith('microsoft.graph.')) {
      const cast = name.slice('microsoft.graph.'.length)
      type = types[cast] && (type.startsWith('[') ? `[${cast}]` : cast)
    } else type = memberOf(itemOf(type), name)
  }
  return type
}

const find = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.entries(table).find(([one]) => one.toLowerCase() === name.toLowerCase())?.[1]

function memberOf(type: string, name: string): string | undefined {
  for (let at: string | undefined = type; at !== undefined; at = types[at]?.base) {
    const found = find(types[at]?.navigation ?? {}, name) ?? find(types[at]?.properties ?? {}, name)
    if (found !== undefined) return found
  }
  return undefined
}

/** The type that a path of a request leads to, if the schema knows the way; undefined is no fault. */
function typeOfPath(path: string): string | undefined {
  const names = segmentsOf(decodeURI(path).replace(/^\/(v1\.0|beta)/i, '').replace(/\/\$ref$/i, ''))
  let type: string | undefined = find(roots, names[0] ?? '')
  for (const name of names.slice(1)) {
    if (type === undefined) return undefined
    const bare = name.replace(/^microsoft\.graph\./i, '')
    const operation: Record<string, string | null> | undefined = find(operations, bare)
    const returned = operation && boundTo(operation, type)
    if (returned !== undefined) return returned ?? undefined
    const member: string | undefined = memberOf(itemOf(type), bare)
    if (member !== undefined) type = member
    else if (types[bare] && related(bare, itemOf(type))) type = bare
    else if (type.startsWith('[')) type = itemOf(type) // a key
    else return undefined
  }
  return type
}

function boundTo(operation: Record<string, string | null>, type: string): string | null | undefined {
  for (const [on, returned] of Object.entries(operation)) if (related(itemOf(on), itemOf(type))) return returned
  return undefined
}

/** One is the other, or made from it. */
const related = (one: string, other: string): boolean => isA(one, other) || isA(other, one)

function isA(type: string, wanted: string): boolean {
  for (let at: string | undefined = type; at !== undefined; at = types[at]?.base) if (at === wanted) return true
  return false
}

interface Asked {
  selected: readonly string[] | undefined
  delta: boolean
}

function payloadFaults(body: Record<string, unknown>, { type, collection }: Described, asked: Asked): string[] {
  if (!collection) {
    return type.startsWith('Edm.') ? valueFaults(body['value'], type, 'value') : entityFaults(body, type, '', asked)
  }
  const { value, '@odata.context': _, '@odata.count': count, '@odata.nextLink': next, '@odata.deltaLink': delta, ...more } = body
  if (!Array.isArray(value)) return ['a collection without value']
  return [
    ...Object.keys(more).map(name => `${name} beside value`),
    ...(count === undefined || Number.isInteger(count) ? [] : ['@odata.count is no number']),
    ...[next, delta].filter(link => link !== undefined && !/^https?:\/\//.test(String(link))).map(link => `${String(link)} is not absolute`),
    ...(asked.delta && (next === undefined) === (delta === undefined) ? ['a delta has a nextLink or a deltaLink'] : []),
    ...value.flatMap((one, index) => (type.startsWith('Edm.') ? valueFaults(one, `${type}!`, `value[${index}]`) : itemFaults(one, type, `value[${index}].`, asked))),
  ]
}

function itemFaults(item: unknown, type: string, at: string, asked: Asked): string[] {
  if (!isObject(item)) return [`${at} is no object`]
  if (asked.delta && '@removed' in item) {
    const reason = isObject(item['@removed']) ? item['@removed']['reason'] : undefined
    return reason === 'changed' || reason === 'deleted' ? [] : [`${at}@removed without a reason`]
  }
  return entityFaults(item, type, at, asked)
}

/** Types of which only what is derived from them exists in answers: which one is said by each item. */
const isGeneral = (type: string): boolean => types[type]?.abstract === true || type === 'directoryObject'

function entityFaults(item: Record<string, unknown>, declared: string, at: string, asked: Asked): string[] {
  const said = typeof item['@odata.type'] === 'string' ? item['@odata.type'].replace(/^#microsoft\.graph\./, '') : undefined
  if (said === undefined && isGeneral(declared)) return [`${at}@odata.type is missing`]
  const type = said ?? declared
  if (types[type] === undefined) return [`${at}@odata.type ${type} is unknown`]
  if (!isA(type, declared)) return [`${at}@odata.type ${type} is no ${declared}`]
  const names = Object.keys(item)
  const missing = (asked.selected ?? []).filter(name => memberOf(type, name) !== undefined && !names.some(one => one.toLowerCase() === name || (asked.delta && one.toLowerCase() === `${name}@delta`)))
  const extra = asked.selected === undefined || at.includes('~') ? []
    : names.filter(name => !name.includes('@') && !(asked.delta && name === 'id') && !asked.selected!.includes(name.toLowerCase()) && !isNavigation(type, name))
  return [
    ...missing.map(name => `${at}${name} was selected and is missing`),
    ...extra.map(name => `${at}${name} was not selected`),
    ...Object.entries(item).flatMap(([name, value]) => propertyFaults(type, name, value, at)),
  ]
}

function isNavigation(type: string, name: string): boolean {
  for (let at: string | undefined = type; at !== undefined; at = types[at]?.base) if (types[at]?.navigation?.[name] !== undefined) return true
  return false
}

function propertyFaults(type: string, name: string, value: unknown, at: string): string[] {
  if (name.includes('@')) return /^@odata\.(context|type|id|etag|editLink)$|^[\w]+@(odata\.\w+|delta)$/.test(name) ? [] : [`${at}${name} is unknown`]
  for (let one: string | undefined = type; one !== undefined; one = types[one]?.base) {
    const { properties = {}, navigation = {} } = types[one] ?? {}
    if (properties[name] !== undefined) return valueFaults(value, properties[name], `${at}${name}`)
    if (navigation[name] !== undefined) return valueFaults(value, navigation[name], `${at}${name}~`)
  }
  return [`${at}${name} is no property of ${type}`]
}

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const forms: Record<string, (value: unknown) => boolean> = {
  'Edm.String': value => typeof value === 'string',
  'Edm.Boolean': value => typeof value === 'boolean',
  'Edm.Int16': value => Number.isInteger(value),
  'Edm.Int32': value => Number.isInteger(value) && Math.abs(Number(value)) <= 2 ** 31,
  'Edm.Int64': value => Number.isInteger(value),
  'Edm.Double': value => typeof value === 'number',
  'Edm.Guid': value => guid.test(String(value)),
  'Edm.DateTimeOffset': value => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$/.test(String(value)),
  'Edm.Date': value => /^\d{4}-\d\d-\d\d$/.test(String(value)),
  'Edm.Duration': value => /^-?P(?!$)/.test(String(value)),
  'Edm.Binary': value => typeof value === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(value),
  'Edm.Stream': () => true,
}

function valueFaults(value: unknown, type: string, at: string): string[] {
  const required = type.endsWith('!')
  const bare = required ? type.slice(0, -1) : type
  if (bare.startsWith('[')) {
    if (!Array.isArray(value)) return [`${at} is no collection`]
    return value.flatMap((one, index) => valueFaults(one, `${bare.slice(1, -1)}!`, `${at}[${index}]`))
  }
  if (value === null || value === undefined) return required ? [`${at} is null`] : []
  const form = forms[bare]
  if (form) return form(value) ? [] : [`${at} is no ${bare}: ${JSON.stringify(value)}`]
  const members = enums[bare]
  if (members) return String(value).split(',').every(one => members.includes(one) && one !== 'unknownFutureValue') ? [] : [`${at} is no ${bare}: ${JSON.stringify(value)}`]
  if (types[bare]) return isObject(value) ? entityFaults(value, bare, `${at}.`, { selected: undefined, delta: false }) : [`${at} is no object`]
  return [`${at} has a type that the schema does not know: ${bare}`]
}

/** Lets no answer of this server through that breaks the schema: the request that got it fails. */
export function watchGraph(server: FastifyInstance): void {
  const inject = server.inject.bind(server) as (options: unknown) => Promise<LightMyRequestResponse>
  server.inject = (async (options: InjectOptions | string) => {
    const reply = await inject(options)
    const { method = 'GET', url = '' } = typeof options === 'string' ? { url: options } : (options as { method?: string; url?: string })
    const answer = { method, url: String(url), status: reply.statusCode, headers: reply.headers, body: reply.payload }
    const faults = violationsOf(answer)
    if (faults.length > 0) throw new Error(`${method} ${answer.url} (${answer.status}) breaks the schema of Graph:\n  ${faults.slice(0, 12).join('\n  ')}\n${answer.body.slice(0, 600)}`)
    return reply
  }) as typeof server.inject
}
