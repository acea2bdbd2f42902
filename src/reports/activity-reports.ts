/**
 * What people did, day by day, under Graph's own names: sign-ins by requirement and by method, passwords changed and reset,
 * registrations and resets by method and one by one (sspr §11.5). The original has these under /beta only, and so have we.
 */
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { countUsage } from '../store/activity.ts'
import type { Stretch } from '../store/activity.ts'
import { parseKey } from '../odata-path.ts'
import { listUsageEvents } from '../store/usage-events.ts'
import type { UsageEventRow } from '../store/usage-events.ts'
import { Nullable, collectionOf, instant, odataContext } from '../graph/answers.ts'
import { dailyPasswords, days, periodOf, periods, requirementOf, signInCounts, signInMethods } from './activity.ts'
import { graphCaller, notFound } from '../graph/deciding.ts'
import { namesOf } from './event-names.ts'
import { fits } from '../graph/odata-filter.ts'
import type { Filter, Literal } from '../graph/odata-filter.ts'
import { readQuery } from '../graph/odata-query.ts'
import { nextLink, readSkipToken, skipToken } from '../graph/paging.ts'
import { permitted } from '../graph/permissions.ts'
import { readableTenant } from './reports.ts'

const path = '/beta/reports/authenticationMethods'

const MfaSummary = Type.Object({
  id: Type.String(), createdDateTime: Type.String(), totalSignIns: Type.Integer(), singleFactorSignIns: Type.Integer(), multiFactorSignIns: Type.Integer(),
})
const PasswordSummary = Type.Object({
  id: Type.String(), aggregatedDateTime: Type.String(), passwordResetsByAdminCount: Type.Integer(), passwordResetsSelfServiceCount: Type.Integer(),
  changePasswordSelfServiceCount: Type.Integer(),
})
const Event = Type.Object({
  id: Type.String(), eventDateTime: Type.String(), feature: Type.String(), authMethod: Nullable(Type.String()), isSuccess: Type.Boolean(),
  failureReason: Type.String(), userPrincipalName: Nullable(Type.String()), userDisplayName: Nullable(Type.String()),
})
const ByMethod = Type.Object({ authenticationMethod: Type.String(), successActivityCount: Type.Integer() })
const Registration = Type.Object({
  id: Type.String(), feature: Type.String(), authMethod: Type.String(), successfulActivityCount: Type.Integer(), failureActivityCount: Type.Integer(),
})

const numbers = ['eq', 'gt', 'ge', 'lt', 'le'] as const
const passwordOffer = {
  selectable: [], pageable: false,
  filterable: { passwordResetsByAdminCount: numbers, passwordResetsSelfServiceCount: numbers, changePasswordSelfServiceCount: numbers },
} as const
const eventOffer = {
  selectable: [], defaultTop: 999,
  filterable: {
    feature: ['eq'], isSuccess: ['eq'], failureReason: ['eq'], authMethod: ['eq'], userDisplayName: ['eq', 'startswith'], userPrincipalName: ['eq', 'startswith'],
  },
} as const

/** Events looked at for one page at most. */
const scanned = 5_000

export function activityReportRoutes(server: Server, app: App): void {
  const config = { access: permitted('GET', '/reports/authenticationMethods/userRegistrationDetails'), surface: 'graph' } as const
  const stretchOf = (tenantId: string, period: keyof typeof periods) => ({ tenantId, from: app.now() - periods[period], to: app.now() + 1 })

  server.get(`${path}/userMfaSignInSummary`, { config, schema: { response: { 200: collectionOf(MfaSummary) } } }, async request => {
    const { id: tenantId } = await readableTenant(app, request)
    readQuery(request, { selectable: [], pageable: false })
    const stretch = stretchOf(tenantId, 'D30')
    const counts = await signInCounts(app, stretch)
    const value = days(stretch).map(day => {
      const ofDay = counts.filter(one => one.day === day)
      const sum = (multi: boolean) => ofDay.filter(one => (requirementOf(one.proofs) === 'multiFactorAuthentication') === multi).reduce((all, one) => all + one.count, 0)
      const [singleFactorSignIns, multiFactorSignIns] = [sum(false), sum(true)]
      return { id: instant(day)!.slice(0, 10), createdDateTime: instant(day)!, totalSignIns: singleFactorSignIns + multiFactorSignIns, singleFactorSignIns, multiFactorSignIns }
    })
    return { '@odata.context': odataContext(request, 'reports/authenticationMethods/userMfaSignInSummary'), value }
  })

  server.get(`${path}/userPasswordResetsAndChangesSummary`, { config, schema: { response: { 200: collectionOf(PasswordSummary) } } }, async request => {
    const { id: tenantId } = await readableTenant(app, request)
    const { filter } = readQuery(request, passwordOffer)
    const value = (await dailyPasswords(app.db, stretchOf(tenantId, 'D30'))).map(one => ({
      id: instant(one.day)!.slice(0, 10), aggregatedDateTime: instant(one.day)!, passwordResetsByAdminCount: one.administratorResets,
      passwordResetsSelfServiceCount: one.resets, changePasswordSelfServiceCount: one.changes,
    }))
    return {
      '@odata.context': odataContext(request, 'reports/authenticationMethods/userPasswordResetsAndChangesSummary'),
      value: filter === undefined ? value : value.filter(one => fits(filter, property => one[property as keyof typeof one] as Literal)),
    }
  })

  server.get(`${path}/userEventsSummary`, { config, schema: { response: { 200: collectionOf(Event) } } }, async request => {
    const caller = graphCaller(request)
    const { id: tenantId } = await readableTenant(app, request)
    const query = readQuery(request, eventOffer)
    const [at, id] = readSkipToken(app, caller, 'userEventsSummary', query) ?? []
    const page = await eventPage(app, tenantId, { filter: query.filter, top: query.top, after: at === undefined ? undefined : { at: Number(at), id: id ?? '' } })
    return {
      '@odata.context': odataContext(request, 'reports/authenticationMethods/userEventsSummary'),
      ...(page.last ? { '@odata.nextLink': nextLink(request, skipToken(app, caller, 'userEventsSummary', query, [String(page.last.at), page.last.id])) } : {}),
      value: page.value,
    }
  })

  // Functions with one argument: userSignInsByAuthMethodSummary(period='d7').
  const Function = Type.Object({ function: Type.String({ maxLength: 60 }), arguments: Type.String({ maxLength: 40 }) })
  const Counts = Type.Object({ '@odata.context': Type.String(), value: Type.Array(Type.Union([ByMethod, Registration])) })
  server.get(`${path}/:function/:arguments`, { config, schema: { params: Function, response: { 200: Counts } } }, async request => {
    const period = periodOf(parseKey(request.params.arguments)?.get('period') ?? '')
    const count = { usersigninsbyauthmethodsummary: signInsByMethod, userregistrationactivity: registrationActivity }[request.params.function.toLowerCase()]
    if (!period || !count) throw notFound()
    const { id: tenantId } = await readableTenant(app, request)
    readQuery(request, { selectable: [], pageable: false })
    return { '@odata.context': odataContext(request, `reports/authenticationMethods/${request.params.function}(period='${period.toLowerCase()}')`), value: await count(app, stretchOf(tenantId, period)) }
  })
}

async function signInsByMethod(app: App, stretch: Stretch) {
  const counts = signInMethods(await signInCounts(app, stretch))
  return [...counts].map(([authenticationMethod, successActivityCount]) => ({ authenticationMethod, successActivityCount }))
}

/** How often each method was registered, or led through a reset, and how often it did not. */
async function registrationActivity(app: App, stretch: Stretch) {
  const found = new Map<string, { id: string; feature: string; authMethod: string; successfulActivityCount: number; failureActivityCount: number }>()
  for (const { feature, method, status, count } of await countUsage(app.db, stretch)) {
    if (!isPublished({ feature, status }) || method === null) continue
    const id = `${feature}-${method}`
    const one = found.get(id) ?? { id, feature, authMethod: method, successfulActivityCount: 0, failureActivityCount: 0 }
    if (status === 'success') one.successfulActivityCount += count
    else one.failureActivityCount += count
    found.set(id, one)
  }
  return [...found.values()].toSorted((a, b) => Number(a.id > b.id) - Number(a.id < b.id))
}

/** What the original's reports know: registrations and resets with an end. */
const isPublished = ({ feature, status }: Pick<UsageEventRow, 'feature' | 'status'>): boolean =>
  (feature === 'registration' || feature === 'reset') && (status === 'success' || status === 'failure')

interface EventPage {
  filter: Filter | undefined
  top: number
  after: { at: number; id: string } | undefined
}

/** Events of thirty days, newest first; `last` says where to go on, when there may be more. */
async function eventPage(app: App, tenantId: string, { filter, top, after: from }: EventPage) {
  const value: ReturnType<typeof eventOf>[] = []
  let after = from
  for (let looked = 0; looked < scanned; ) {
    const rows = await listUsageEvents(app.db, { tenantId, from: app.now() - periods.D30, after, top: 500 })
    const names = await namesOf(app.db, tenantId, rows)
    for (const row of rows) {
      after = row
      if (!isPublished(row)) continue
      const event = eventOf(row, names)
      if (filter === undefined || fits(filter, property => event[property as keyof typeof event] as Literal)) value.push(event)
      if (value.length === top) return { value, last: after }
    }
    looked += rows.length
    if (rows.length < 500) return { value, last: undefined }
  }
  return { value, last: after }
}

/** The id of an event is its person's, as in the original. */
function eventOf(row: UsageEventRow, names: Awaited<ReturnType<typeof namesOf>>) {
  const person = names.get(row.userId ?? '')
  return {
    id: row.userId ?? '', eventDateTime: instant(row.at)!, feature: row.feature, authMethod: row.method, isSuccess: row.status === 'success',
    failureReason: row.failureReason ?? '', userPrincipalName: person?.userPrincipalName ?? null, userDisplayName: person?.displayName ?? null,
  }
}
