/**
 * Delta queries (graph §12): first everything in pages, then only what changed since. The question goes into the token with the first
 * call, so following links is all a client does. Tokens are signed and good for the same tenant, caller and resource (T-43).
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { App } from '../app.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import { changesBetween, lineageOf, nextChange, remembersSince } from '../store/changes.ts'
import type { ChangeKind } from '../store/changes.ts'
import { graphLink, odataContext } from './answers.ts'
import { callerId, graphCaller } from './deciding.ts'
import type { GraphCaller } from './deciding.ts'
import { badQuery } from './odata-filter.ts'
import { readQuery } from './odata-query.ts'

export const DeltaPage = Type.Object({
  '@odata.context': Type.String(), '@odata.nextLink': Type.Optional(Type.String()), '@odata.deltaLink': Type.Optional(Type.String()),
  value: Type.Array(Type.Record(Type.String(), Type.Any())),
})

type Shaped = Record<string, unknown> & { id: string }

/** What changed counts from one number up to, and without, another. */
export interface Span {
  from: number
  before: number
}

/** Objects of a kind, shaped with what `$select` asks for; each must have its `id`. */
export interface DeltaSource {
  kind: ChangeKind
  /** As in the path and in the context: 'users'. */
  name: string
  selectable: readonly string[]
  /** A page of all that there are, in an order of their own. */
  all(caller: GraphCaller, page: { select: string[] | undefined; after: readonly string[] | undefined; top: number }): Promise<{ value: Shaped[]; next: readonly string[] | undefined }>
  /** Those of these ids that there are. */
  some(caller: GraphCaller, ids: readonly string[], page: { select: string[] | undefined; span: Span }): Promise<Shaped[]>
}

/** Where the reader is: in the first round (with the number to begin the next one with), or in a round of changes. */
type State = { select?: string[]; top: number; lineage: number } & (
  | { round: 'all'; start: number; after: readonly string[] }
  | { round: 'changes'; from: number; before?: number; after?: { changed: number; objectId: string } }
)

const defaultTop = 100

/**
 * Answers `/users/delta` and its like.
 * @throws Refusal 410 `resyncRequired`, with the address to begin anew, when changes since the token are forgotten; 400 for a token
 *   that was changed or is somebody else's
 */
export async function answerDelta(app: App, request: FastifyRequest, reply: FastifyReply, source: DeltaSource) {
  const caller = graphCaller(request)
  const query = readQuery(request, { selectable: source.selectable, also: ['$deltatoken'], defaultTop: pageSize(request) })
  const token = optionOf(request, '$deltatoken')
  if (token !== undefined && query.skipToken !== undefined) throw badQuery('$deltatoken')
  const first = { ...(query.select ? { select: query.select } : {}), top: query.top, lineage: await lineageOf(app.db, caller.tenantId) }
  if (token?.toLowerCase() === 'latest') return page(app, request, caller, source, first, [], { deltaFrom: await nextChange(app.db, caller.tenantId, source.kind) })
  const written = token ?? query.skipToken
  if (written === undefined) return everything(app, request, caller, source, { ...first, round: 'all', start: await nextChange(app.db, caller.tenantId, source.kind), after: [] })
  const state = opened(app, caller, source.name, written)
  if (state.lineage !== first.lineage) throw resync(request, reply, source)
  if (state.round === 'all') return everything(app, request, caller, source, state)
  return changes(app, request, reply, caller, source, state)
}

async function everything(app: App, request: FastifyRequest, caller: GraphCaller, source: DeltaSource, state: State & { round: 'all' }) {
  const { value, next } = await source.all(caller, { select: state.select, after: state.after.length === 0 ? undefined : state.after, top: state.top })
  return page(app, request, caller, source, state, value, next ? { next: { ...state, after: next } } : { deltaFrom: state.start })
}

async function changes(app: App, request: FastifyRequest, reply: FastifyReply, caller: GraphCaller, source: DeltaSource, state: State & { round: 'changes' }) {
  const { tenantId } = caller
  const before = state.before ?? (await nextChange(app.db, tenantId, source.kind))
  const span = { from: state.from, before }
  // Asked after the end of the span is known: what is forgotten in between is missed by neither.
  if (state.from > before || !(await remembersSince(app.db, tenantId, source.kind, state.from))) {
    throw resync(request, reply, source)
  }
  const changed = await changesBetween(app.db, tenantId, source.kind, { ...span, after: state.after, limit: state.top })
  const living = changed.filter(one => one.removed === null).map(one => one.objectId)
  const shaped = new Map((await source.some(caller, living, { select: state.select, span })).map(one => [one.id, one]))
  const value = changed.map(({ objectId, removed }) => (removed === null ? shaped.get(objectId) : undefined) ?? { id: objectId, '@removed': { reason: removed ?? 'changed' } })
  const last = changed.length === state.top ? changed.at(-1)! : undefined
  return page(app, request, caller, source, state, value, last ? { next: { ...state, before, after: { changed: last.changed, objectId: last.objectId } } } : { deltaFrom: before })
}

function resync(request: FastifyRequest, reply: FastifyReply, source: DeltaSource): Refusal {
  reply.header('location', graphLink(request, `/${source.name}/delta`))
  return new Refusal(410, [reason('LK_RESYNC')])
}

function page(
  app: App, request: FastifyRequest, caller: GraphCaller, source: DeltaSource, { select, top, lineage }: Pick<State, 'select' | 'top' | 'lineage'>, value: Record<string, unknown>[], link: { next: State } | { deltaFrom: number },
) {
  const to = (option: string, state: State) => `${graphLink(request, `/${source.name}/delta`)}?${option}=${encodeURIComponent(sealed(app, caller, source.name, state))}`
  return {
    '@odata.context': odataContext(request, `${source.name}${select ? `(${select.join(',')})` : ''}/$delta`),
    ...('next' in link ? { '@odata.nextLink': to('$skiptoken', link.next) } : { '@odata.deltaLink': to('$deltatoken', { round: 'changes', from: link.deltaFrom, top, lineage, ...(select ? { select } : {}) }) }),
    value,
  }
}

/** `Prefer: odata.maxpagesize=50`. */
function pageSize(request: FastifyRequest): number {
  const asked = /odata\.maxpagesize=(\d{1,4})/i.exec(String(request.headers['prefer'] ?? ''))
  return asked ? Math.min(Math.max(Number(asked[1]), 1), 999) : defaultTop
}

function optionOf(request: FastifyRequest, name: string): string | undefined {
  const found = Object.entries(request.query as Record<string, unknown>).find(([option]) => option.toLowerCase() === name)
  return found === undefined ? undefined : String(found[1])
}

const boundTo = (caller: GraphCaller, name: string, text: string): string => JSON.stringify([caller.tenantId, callerId(caller), `${name}/delta`, text])

function sealed(app: App, caller: GraphCaller, name: string, state: State): string {
  const text = JSON.stringify(state)
  return `${Buffer.from(text).toString('base64url')}.${app.keys.mac('paging', boundTo(caller, name, text))}`
}

function opened(app: App, caller: GraphCaller, name: string, token: string): State {
  const stale = new Refusal(400, [reason('LK_FIELD_INVALID', { field: '$deltatoken', graphCode: 'Directory_ExpiredPageToken' })], { field: '$deltatoken' })
  const dot = token.indexOf('.')
  if (token.length > 6000 || dot < 0) throw stale
  const text = Buffer.from(token.slice(0, dot), 'base64url').toString()
  if (!app.keys.macMatches('paging', boundTo(caller, name, text), token.slice(dot + 1))) throw stale
  return JSON.parse(text) as State
}
