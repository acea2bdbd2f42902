/**
 * $batch (graph §13): up to twenty requests in one. Each goes the way of any other request, so each is authenticated, decided, limited
 * and recorded by itself; nothing is let in because something beside it was.
 */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { Server } from '../access.ts'
import { graphError } from '../graph-error.ts'
import { badQuery } from '../graph/odata-filter.ts'
import { asPartOf, originOfWhole } from '../inner-request.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'

const mostParts = 20

const Part = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 100 }),
  method: Type.String({ pattern: '^(?:[Gg][Ee][Tt]|[Pp][Oo][Ss][Tt]|[Pp][Aa][Tt][Cc][Hh]|[Pp][Uu][Tt]|[Dd][Ee][Ll][Ee][Tt][Ee])$' }),
  url: Type.String({ minLength: 1, maxLength: 8192 }),
  headers: Type.Optional(Type.Record(Type.String({ maxLength: 100 }), Type.String({ maxLength: 4096 }))),
  body: Type.Optional(Type.Any()),
  dependsOn: Type.Optional(Type.Array(Type.String({ maxLength: 100 }), { maxItems: mostParts })),
}, { additionalProperties: false })
const Batch = Type.Object({ requests: Type.Array(Part, { minItems: 1, maxItems: mostParts }) }, { additionalProperties: false })
const Answers = Type.Object({
  responses: Type.Array(Type.Object({ id: Type.String(), status: Type.Integer(), headers: Type.Record(Type.String(), Type.String()), body: Type.Optional(Type.Any()) })),
})

type Part = Static<typeof Part>
type Answer = Static<typeof Answers>['responses'][number]

/** What a part may say of itself; who is calling, and from where, is said by the whole. */
const ownHeaders = ['content-type', 'consistencylevel', 'prefer', 'if-match', 'if-none-match', 'accept', 'accept-language', 'client-request-id']
const wholeHeaders = ['authorization', 'cookie', 'host', 'origin', 'sec-fetch-site', 'x-latchkey', 'x-forwarded-for', 'user-agent', 'accept-language', 'referer']
const shownHeaders = ['content-type', 'location', 'retry-after', 'cache-control', 'request-id', 'client-request-id', 'allow']

/** Any good token: each part needs what it needs. */
const anyone = { graph: { delegated: [[]], application: [[]] } } as const

export function batchRoutes(server: Server): void {
  for (const version of ['v1.0', 'beta']) {
    server.post(`/${version}/$batch`, { config: { access: anyone, surface: 'graph' }, bodyLimit: 1024 * 1024, schema: { body: Batch, response: { 200: Answers } } }, async request => {
      // However a part has spelt this address (the router reads `%61` as `a`): a batch in a batch would be twenty times twenty.
      if (originOfWhole() !== undefined) throw badQuery('url', 'BadRequest', 'LK_BATCH_INVALID', { most: mostParts })
      const { requests } = request.body
      requireWhole(requests)
      const running = new Map<string, Promise<Answer>>()
      for (const part of requests) running.set(part.id.toLowerCase(), answerPart(server, request, version, part, running))
      return { responses: await Promise.all(running.values()) }
    })
  }
}

/** @throws Refusal 400 for ids that come twice and for a dependency on what does not come before */
function requireWhole(requests: readonly Part[]): void {
  const bad = (field: string) => badQuery(field, 'Request_BadRequest', 'LK_BATCH_INVALID', { most: mostParts })
  const seen = new Set<string>()
  for (const { id, dependsOn = [] } of requests) {
    for (const one of dependsOn) if (!seen.has(one.toLowerCase())) throw bad('dependsOn')
    if (seen.has(id.toLowerCase())) throw bad('id')
    seen.add(id.toLowerCase())
  }
}

async function answerPart(server: Server, whole: FastifyRequest, version: string, part: Part, before: ReadonlyMap<string, Promise<Answer>>): Promise<Answer> {
  const needed = await Promise.all((part.dependsOn ?? []).map(id => before.get(id.toLowerCase())!))
  if (needed.some(one => one.status >= 400)) return refused(whole, part, new Refusal(424, [reason('LK_DEPENDENCY_FAILED')]))
  const url = addressOf(version, part.url)
  if (url === undefined) return refused(whole, part, badQuery('url', 'BadRequest', 'LK_BATCH_INVALID', { most: mostParts }))
  const given = Object.fromEntries(Object.entries(part.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]))
  if (part.body != null && given['content-type'] === undefined) return refused(whole, part, badQuery('Content-Type', 'BadRequest', 'LK_FIELD_REQUIRED'))
  const headers = { ...chosen(whole.headers as Record<string, string>, wholeHeaders), ...chosen(given, ownHeaders) }
  const reply = await asPartOf(whole, () => server.inject({
    method: part.method.toUpperCase() as 'GET', url, headers, remoteAddress: whole.socket.remoteAddress ?? '',
    ...(part.body == null ? {} : { payload: typeof part.body === 'string' ? part.body : JSON.stringify(part.body) }),
  }))
  return { id: part.id, status: reply.statusCode, headers: shown(reply.headers), ...bodyOf(reply.payload, String(reply.headers['content-type'] ?? ''), reply.rawPayload) }
}

/** The address within this version; undefined for what would lead out of it, or into a batch again. */
function addressOf(version: string, written: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(written) || written.startsWith('//')) return undefined
  const { pathname, search } = new URL(`http://latchkey.invalid/${version}/${written.replace(/^\//, '')}`)
  const inside = pathname.startsWith(`/${version}/`) && !/^\/[^/]+\/(?:\$batch|%24batch|v1\.0\/|beta\/)/i.test(pathname)
  return inside ? `${pathname}${search}` : undefined
}

const chosen = (headers: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.filter(name => typeof headers[name] === 'string').map(name => [name, headers[name]!]))

const shown = (headers: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(shownHeaders.filter(name => headers[name] !== undefined).map(name => [name, String(headers[name])]))

function bodyOf(text: string, type: string, raw: Buffer): { body?: unknown } {
  if (text === '') return {}
  return { body: type.startsWith('application/json') ? JSON.parse(text) as unknown : raw.toString('base64') }
}

const refused = (whole: FastifyRequest, { id }: Part, refusal: Refusal): Answer => ({ id, status: refusal.status, headers: { 'content-type': 'application/json' }, body: graphError(refusal, whole) })
