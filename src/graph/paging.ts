/** Paging tokens: where the last page ended, signed, and good only for the same tenant, caller and question (T-43). */
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { Caller } from '../access.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import type { Query } from './odata-query.ts'

const largestToken = 2000

const whose = (caller: Caller): string => (caller.kind === 'user' ? caller.userId : caller.servicePrincipalId)

/** What the token belongs to, as one text: a change in any part makes it worthless. */
function boundTo(caller: Caller, resource: string, query: Query, after: string): string {
  return JSON.stringify([caller.tenantId, whose(caller), resource, query.filterText, query.orderBy ?? null, query.select ?? null, query.top, query.expand ?? null, after])
}

/** A token that goes on after these key values. */
export function skipToken(app: App, caller: Caller, resource: string, query: Query, after: readonly string[]): string {
  const place = JSON.stringify(after)
  return `${Buffer.from(place).toString('base64url')}.${app.keys.mac('paging', boundTo(caller, resource, query, place))}`
}

/**
 * The key values the token goes on after; undefined without a token.
 * @throws Refusal 400 `Directory_ExpiredPageToken` for a token that was changed, or made for someone or something else
 */
export function readSkipToken(app: App, caller: Caller, resource: string, query: Query): string[] | undefined {
  if (query.skipToken === undefined) return undefined
  const stale = new Refusal(400, [reason('LK_FIELD_INVALID', { field: '$skiptoken', graphCode: 'Directory_ExpiredPageToken' })], { field: '$skiptoken' })
  const dot = query.skipToken.indexOf('.')
  if (query.skipToken.length > largestToken || dot < 0) throw stale
  const place = Buffer.from(query.skipToken.slice(0, dot), 'base64url').toString()
  if (!app.keys.macMatches('paging', boundTo(caller, resource, query, place), query.skipToken.slice(dot + 1))) throw stale
  return JSON.parse(place) as string[]
}

/** The address of the next page: absolute, on the configured origin, with the question repeated (LD-13). */
export function nextLink(request: FastifyRequest, token: string): string {
  const [path, search = ''] = request.originalUrl.split('?', 2)
  const kept = Array.from(new URLSearchParams(search)).filter(([name]) => name.toLowerCase() !== '$skiptoken')
  const query = new URLSearchParams([...kept, ['$skiptoken', token]])
  return `${request.origin}${path}?${query.toString().replaceAll('%24', '$')}`
}
