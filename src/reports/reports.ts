/** Registration (graph §10, sspr §11.5), computed by the functions the reset itself goes by, for everybody. */
import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { sendCsv, wantsCsv } from '../csv.ts'
import type { Cell } from '../csv.ts'
import { parseKey } from '../odata-path.ts'
import type { RoleFacts, TenantFacts } from '../rules/facts.ts'
import { roles } from '../rules/roles.ts'
import { gatherSubject } from '../store/facts.ts'
import type { Place } from '../store/subjects.ts'
import { collectionOf, entityOf, odataContext, pick } from '../graph/answers.ts'
import { answerCollection, startOf } from '../graph/collection.ts'
import { badRequest, callerFacts, graphCaller, notFound } from '../graph/deciding.ts'
import { badQuery, fits } from '../graph/odata-filter.ts'
import type { Filter, Literal } from '../graph/odata-filter.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { requireReportReader } from '../graph/readers.ts'
import { Details, detailsOf, everyDetails, registrableMethods } from './registration-details.ts'
import type { RegistrationDetails } from './registration-details.ts'
import { UserKey, requireUser } from '../graph/find-user.ts'

const flags = ['isAdmin', 'isSsprRegistered', 'isSsprEnabled', 'isSsprCapable', 'isMfaRegistered', 'isMfaCapable', 'isPasswordlessCapable'] as const
const offer = {
  selectable: Object.keys(Details.properties), orderable: ['userDisplayName'], csv: true,
  filterable: {
    ...Object.fromEntries(flags.map(name => [name, ['eq'] as const])), userType: ['eq'], userPrincipalName: ['eq', 'startswith'],
    userDisplayName: ['eq', 'startswith'], methodsRegistered: ['any'],
  },
} as const

const path = '/v1.0/reports/authenticationMethods'
/** People looked at for one page at most: a filter that few fit is answered in pages that may be empty, and a link to the next. */
const scanned = 2000

export function reportRoutes(server: Server, app: App): void {
  const config = (route: string) => ({ access: permitted('GET', `/reports/authenticationMethods/${route}`), surface: 'graph' }) as const

  // In pages for programs; as CSV (`$format=csv` or Accept: text/csv) everybody who fits the filter, in one download.
  server.get(`${path}/userRegistrationDetails`, {
    config: config('userRegistrationDetails'), schema: { response: { 200: collectionOf(Details) } },
  }, async (request, reply) => {
    const caller = graphCaller(request)
    const tenant = await readableTenant(app, request)
    const query = readQuery(request, offer)
    if (wantsCsv(request)) {
      return sendCsv(app, request, reply, { name: 'userRegistrationDetails', heading: csvColumns, rows: csvRows(app, tenant, query.filter) }) as never
    }
    // People come by their display names; no other order is kept.
    if (query.orderBy?.descending) throw badQuery('$orderby', 'Request_UnsupportedQuery')
    const paged = { request, caller, name: 'userRegistrationDetails', query }
    const [name, id] = startOf(app, paged) ?? []
    const from = name === undefined || id === undefined ? undefined : { displayNameLower: name, id }
    const value: RegistrationDetails[] = []
    let [looked, last]: [number, Place | undefined] = [0, undefined]
    let more = false
    for await (const { details, place } of everyDetails(app, tenant, from)) {
      more = value.length >= query.top || looked >= scanned
      if (more) break
      looked++
      last = place
      if (fitsFilter(query.filter, details)) value.push(details)
    }
    const shown = value.map(one => (query.select ? pick(one, query.select) : one))
    return answerCollection(app, paged, 'reports/authenticationMethods/userRegistrationDetails', { value: shown, next: more ? [last!.displayNameLower, last!.id] : undefined })
  })

  server.get(`${path}/userRegistrationDetails/:id`, {
    config: config('userRegistrationDetails/{id}'), schema: { params: UserKey, response: { 200: entityOf(Details) } },
  }, async request => {
    const tenant = await readableTenant(app, request)
    const { select } = readQuery(request, { selectable: offer.selectable, pageable: false })
    const user = await requireUser(app.db, tenant.id, request.params.id)
    const subject = await gatherSubject(app.db, tenant, user.id, app.now())
    if (!subject) throw notFound()
    return {
      '@odata.context': odataContext(request, 'reports/authenticationMethods/userRegistrationDetails/$entity'),
      ...(select ? pick(detailsOf(app, tenant, subject), select) : detailsOf(app, tenant, subject)),
    }
  })

  const Summary = Type.Object({
    '@odata.context': Type.String(), totalUserCount: Type.Integer(), userTypes: Type.String(), userRoles: Type.String(),
    userRegistrationFeatureCounts: Type.Optional(Type.Array(Type.Object({ feature: Type.String(), userCount: Type.Integer() }))),
    userRegistrationMethodCounts: Type.Optional(Type.Array(Type.Object({ authenticationMethod: Type.String(), userCount: Type.Integer() }))),
  })
  // With the function's arguments or by its name alone, which means all (graph §10).
  const Function = Type.Object({ summary: Type.String({ maxLength: 60 }), arguments: Type.Optional(Type.String({ maxLength: 120 })) })
  for (const ending of ['', '/:arguments']) server.get(`${path}/:summary${ending}`, { config: config('usersRegisteredByFeature'), schema: { params: Function, response: { 200: Summary } } }, async request => {
    const asked = summaryOf(request.params.summary, request.params.arguments)
    if (!asked) throw notFound()
    const { total, counts } = await countPeople(app, await readableTenant(app, request), asked)
    const common = {
      '@odata.context': odataContext(request, `microsoft.graph.${asked.type}`), totalUserCount: total, userTypes: asked.userTypes,
      userRoles: asked.userRoles,
    }
    if (asked.type === 'userRegistrationMethodSummary') {
      return {
        ...common,
        userRegistrationMethodCounts: registrableMethods.map(name => ({ authenticationMethod: name, userCount: counts.get(name) ?? 0 })),
      }
    }
    return {
      ...common, userRegistrationFeatureCounts: Object.keys(features).map(feature => ({ feature, userCount: counts.get(feature) ?? 0 })),
    }
  })
}

/** The caller's tenant, if they may read reports. */
export async function readableTenant(app: App, request: FastifyRequest): Promise<TenantFacts> {
  const { tenant, caller } = await callerFacts(app.db, graphCaller(request), app.now())
  requireReportReader(caller)
  return tenant
}

const fitsFilter = (filter: Filter | undefined, details: RegistrationDetails): boolean =>
  filter === undefined || fits(filter, property => details[property as keyof RegistrationDetails] as Literal)

const csvColumns = [
  'id', 'userPrincipalName', 'userDisplayName', 'userType', ...flags, 'methodsRegistered', 'userPreferredMethodForSecondaryAuthentication', 'lastUpdatedDateTime',
] as const

async function* csvRows(app: App, tenant: TenantFacts, filter: Filter | undefined): AsyncGenerator<Cell[], void> {
  for await (const { details } of everyDetails(app, tenant)) {
    if (!fitsFilter(filter, details)) continue
    yield csvColumns.map(name => (name === 'methodsRegistered' ? details[name].join(' ') : details[name]))
  }
}

/** Whom the original counts as privileged in these two summaries (graph §10). */
const privilegedAdministrators = new Set<string>([
  roles.globalAdministrator, roles.securityAdministrator, roles.helpdeskAdministrator, roles.userAdministrator, roles.authenticationAdministrator,
  'b1be1c3e-b65d-4f19-8427-f6fa0d97feb9', // Conditional Access
  '29232cdf-9323-42fd-ade2-1d097af3e4de', // Exchange
  'f28a1f50-f6e7-4571-818b-6a12f2af6b6c', // SharePoint
  'b0f54661-2d74-4c50-afa3-1ec803f12efe', // Billing
])

const features = {
  ssprRegistered: 'isSsprRegistered', ssprEnabled: 'isSsprEnabled', ssprCapable: 'isSsprCapable', passwordlessCapable: 'isPasswordlessCapable', mfaCapable: 'isMfaCapable',
} as const

/** Everybody wanted, and how many of them have each method and each feature; nobody is kept. */
async function countPeople(app: App, tenant: TenantFacts, { wanted }: { wanted: (one: RegistrationDetails, held: readonly RoleFacts[]) => boolean }) {
  const counts = new Map<string, number>()
  let total = 0
  for await (const { details, held: roleFacts } of everyDetails(app, tenant)) {
    if (!wanted(details, roleFacts)) continue
    total++
    const held = Object.entries(features).filter(([, flag]) => details[flag]).map(([feature]) => feature)
    for (const name of [...details.methodsRegistered, ...held]) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return { total, counts }
}

/** `usersRegisteredByFeature(includedUserTypes='all',includedUserRoles='all')`, or without parentheses. */
function summaryOf(name: string, given: string | undefined) {
  const type = { usersregisteredbyfeature: 'userRegistrationFeatureSummary', usersregisteredbymethod: 'userRegistrationMethodSummary' }[name.toLowerCase()]
  const values = given === undefined ? new Map<string, string>() : parseKey(given)
  if (type === undefined || !values) return undefined
  const userTypes = values.get('includedUserTypes') ?? 'all'
  const userRoles = values.get('includedUserRoles') ?? 'all'
  if (!['all', 'member', 'guest'].includes(userTypes)) throw badRequest('LK_FIELD_INVALID', { field: 'includedUserTypes' }, 'includedUserTypes')
  if (!['all', 'privilegedAdmin', 'admin', 'user'].includes(userRoles)) throw badRequest('LK_FIELD_INVALID', { field: 'includedUserRoles' }, 'includedUserRoles')
  const wanted = (one: RegistrationDetails, held: readonly RoleFacts[]) =>
    (userTypes === 'all' || one.userType === userTypes)
    && (userRoles === 'all' || (userRoles === 'privilegedAdmin' ? held.some(role => privilegedAdministrators.has(role.roleTemplateId)) : one.isAdmin === (userRoles === 'admin')))
  return { type, userTypes, userRoles, wanted }
}
