/**
 * /auditLogs/signIns (graph §11.2), newest first. People under /v1.0; under /beta programs too, for
 * `signInEventTypes/any(t: t eq 'servicePrincipal')`.
 */
import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { findProgramSignIn, listProgramSignIns } from '../store/program-sign-ins.ts'
import type { ProgramSignIn } from '../store/program-sign-ins.ts'
import { findSignIn, flushSignIns, listSignIns } from '../store/sign-ins.ts'
import type { SignInRow } from '../store/sign-ins.ts'
import { collectionOf, entityOf, odataContext, pick } from '../graph/answers.ts'
import { answerCollection, startOf } from '../graph/collection.ts'
import { graphCaller, notFound } from '../graph/deciding.ts'
import { asKept } from '../graph/ids.ts'
import { badQuery } from '../graph/odata-filter.ts'
import type { Filter, Literal } from '../graph/odata-filter.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { readableTenant } from './reports.ts'
import { conjuncts, inOneForm, scan, together } from './scan.ts'
import { SignIn, SignInUnderBeta, shapePerson, shapeProgram } from './sign-in-shape.ts'
import type { SignInNames } from './sign-in-shape.ts'

const names = ['eq', 'startswith'] as const
const filterable = {
  id: ['eq'], createdDateTime: ['eq', 'ge', 'le', 'gt', 'lt'], userId: ['eq'], userDisplayName: names, userPrincipalName: names, appId: ['eq'], appDisplayName: names,
  ipAddress: names, clientAppUsed: ['eq'], correlationId: ['eq'], isInteractive: ['eq'], resourceDisplayName: names, resourceId: ['eq'], servicePrincipalId: ['eq'],
  servicePrincipalName: names, 'status/errorCode': ['eq', 'ne'],
} as const
const offer = { selectable: Object.keys(SignIn.properties), orderable: ['createdDateTime'], filterable } as const
const betaOffer = { ...offer, selectable: Object.keys(SignInUnderBeta.properties), filterable: { ...filterable, signInEventTypes: ['any'] as const } } as const

export function signInRoutes(server: Server, app: App): void {
  const access = permitted('GET', '/auditLogs/signIns')
  const Id = Type.Object({ id: Type.String({ maxLength: 64 }) })

  for (const { version, Item, queries } of [{ version: 'v1.0', Item: SignIn, queries: offer }, { version: 'beta', Item: SignInUnderBeta, queries: betaOffer }] as const) {
    const path = `/${version}/auditLogs/signIns`
    server.get(path, { config: { access, surface: 'graph' }, schema: { response: { 200: collectionOf(Item) } } }, async request => {
      const caller = graphCaller(request)
      await readableTenant(app, request)
      const query = readQuery(request, queries)
      if (query.orderBy && !query.orderBy.descending) throw badQuery('$orderby', 'Request_UnsupportedQuery')
      await flushSignIns(app)
      const { programs, parts } = whose(query.filter)
      const paged = { request, caller, name: `${version} signIns`, query }
      const page = await (programs ? programPage : peoplePage)(app, request, { tenantId: caller.tenantId, parts, top: query.top, start: startOf(app, paged) })
      const value = page.value.map(one => (query.select ? pick(one, query.select) : one))
      return answerCollection(app, paged, 'auditLogs/signIns', { value, next: page.next }) as never
    })

    server.get(`${path}/:id`, {
      config: { access, surface: 'graph' }, schema: { params: Id, response: { 200: entityOf(Item as typeof SignInUnderBeta) } },
    }, async request => {
      const { id: tenantId } = await readableTenant(app, request)
      await flushSignIns(app)
      const row = await findSignIn(app.db, tenantId, request.params.id)
      const program = row || version !== 'beta' ? undefined : await findProgramSignIn(app.db, tenantId, request.params.id)
      if (!row && !program) throw notFound()
      const shaped = row ? shapePerson(row, await namesFor(app, request, tenantId, [row])) : shapeProgram(program!, await namesFor(app, request, tenantId, [program!]))
      return { '@odata.context': odataContext(request, 'auditLogs/signIns/$entity'), ...shaped }
    })
  }
}

/** Whose sign-ins are asked for, and the rest of the filter. */
function whose(filter: Filter | undefined): { programs: boolean; parts: Filter[] } {
  const parts = conjuncts(filter)
  const kinds = parts.flatMap(one => (one.kind === 'any' && one.property === 'signInEventTypes' ? [one] : []))
  if (kinds.some(one => one.operator !== 'eq' || !['interactiveUser', 'nonInteractiveUser', 'servicePrincipal'].includes(String(one.value)))) throw badQuery('$filter', 'Request_UnsupportedQuery')
  return { programs: kinds.some(one => one.value === 'servicePrincipal'), parts: parts.filter(one => !kinds.includes(one as never)) }
}

interface Asked {
  tenantId: string
  parts: readonly Filter[]
  top: number
  start: readonly string[] | undefined
}

interface Stretch {
  from?: number | undefined
  to?: number | undefined
}

/** What the log is indexed for: one person, one request, a stretch of time. */
function split(parts: readonly Filter[], columns: readonly string[]) {
  const equal: Record<string, string> = {}
  let stretch: Stretch = {}
  const rest: Filter[] = []
  for (const one of parts) {
    if (one.kind === 'compare' && columns.includes(one.property) && one.operator === 'eq' && typeof one.value === 'string' && !(one.property in equal)) equal[one.property] = asKept(one.value)
    else rest.push(inOneForm(one))
    if (one.kind === 'compare' && one.property === 'createdDateTime') stretch = narrowed(stretch, one.operator, Date.parse(String(one.value)))
  }
  return { equal, stretch, rest: together(rest) }
}

function narrowed({ from = 0, to = Number.MAX_SAFE_INTEGER }: Stretch, operator: string, at: number): Stretch {
  if (!Number.isFinite(at)) throw badQuery('$filter')
  const above = operator === 'ge' || operator === 'gt' || operator === 'eq'
  const below = operator === 'le' || operator === 'lt' || operator === 'eq'
  return { from: above ? Math.max(from, at) : from, to: below ? Math.min(to, at + 1) : to }
}

async function peoplePage(app: App, request: FastifyRequest, { tenantId, parts, top, start }: Asked) {
  const { equal, stretch, rest } = split(parts, ['userId', 'correlationId'])
  const from = start && { at: Number(start[0]), id: start[1]! }
  const known: { names?: SignInNames } = {}
  const { rows, last } = await scan<SignInRow>({ filter: rest, top }, async (after, most) => {
    const page = await listSignIns(app.db, { tenantId, ...equal, ...stretch, after: after ? { at: after.at, id: after.id } : from, top: most })
    known.names = merged(known.names, await namesFor(app, request, tenantId, page))
    return page
  }, (row, property) => valueOf(shapePerson(row, known.names!), property))
  return { value: rows.map(row => shapePerson(row, known.names!)), next: last && [String(last.at), last.id] }
}

async function programPage(app: App, request: FastifyRequest, { tenantId, parts, top, start }: Asked) {
  const { equal, stretch, rest } = split(parts, ['servicePrincipalId'])
  const known: { names?: SignInNames } = {}
  const { rows, last } = await scan<ProgramSignIn>({ filter: rest, top }, async (after, most) => {
    const page = await listProgramSignIns(app.db, { tenantId, ...equal, from: stretch.from, to: stretch.to === undefined ? undefined : Math.min(stretch.to, 2 ** 47), after: after?.id ?? start?.[0], top: most })
    known.names = merged(known.names, await namesFor(app, request, tenantId, page))
    return page
  }, (row, property) => valueOf(shapeProgram(row, known.names!), property))
  return { value: rows.map(row => shapeProgram(row, known.names!)), next: last && [last.id] }
}

function valueOf(shaped: { userId: Literal; status: { errorCode: number } }, property: string): Literal | undefined {
  if (property === 'status/errorCode') return shaped.status.errorCode
  return shaped[property as 'userId']
}

const merged = (before: SignInNames | undefined, more: SignInNames): SignInNames =>
  before ? { ...more, people: new Map([...before.people, ...more.people]), programs: new Map([...before.programs, ...more.programs]) } : more

/** Names of the people and programs of a page: two queries. */
async function namesFor(app: App, request: FastifyRequest, tenantId: string, rows: readonly { userId?: string | null; appId: string | null; resourceId: string | null }[]): Promise<SignInNames> {
  const ids = [...new Set(rows.flatMap(row => row.userId ?? []))]
  const appIds = [...new Set(rows.flatMap(row => [row.appId ?? [], row.resourceId ?? []].flat()))]
  const people = ids.length === 0 ? [] : await app.db.selectFrom('users').select(['id', 'displayName', 'userPrincipalName']).where('tenantId', '=', tenantId).where('id', 'in', ids).execute()
  const programs = appIds.length === 0 ? [] : await app.db.selectFrom('servicePrincipals').select(['appId', 'displayName']).where('tenantId', '=', tenantId).where('appId', 'in', appIds).execute()
  return {
    people: new Map(people.map(one => [one.id, one])), programs: new Map(programs.map(one => [one.appId, one.displayName])),
    locale: request.locale,
  }
}
