/**
 * Latchkey's own reports (sspr §11.5): what Graph has no name for, each as JSON and, with `?format=csv` or Accept: text/csv, as a
 * table of any length. Immediate and always on; for the roles that read reports.
 */
import { Type } from 'typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { sendCsv, wantsCsv } from '../csv.ts'
import type { Cell } from '../csv.ts'
import { breathe } from '../store/old-rows.ts'
import { countUsage } from '../store/activity.ts'
import type { Stretch } from '../store/activity.ts'
import { listUsageEvents } from '../store/usage-events.ts'
import type { UsageEventRow } from '../store/usage-events.ts'
import { dailyPasswords, periods, requirementOf, signInCounts, signInMethods } from './activity.ts'
import type { Period } from './activity.ts'
import { Nullable, instant } from '../graph/answers.ts'
import { beneficiaries, registrations } from './benefits.ts'
import { namesOf } from './event-names.ts'
import { readableTenant } from './reports.ts'

const inWords = Type.Optional(Type.Union((Object.keys(periods) as Period[]).map(period => Type.Literal(period))))
const format = Type.Optional(Type.Union([Type.Literal('csv'), Type.Literal('json')]))
const Asked = Type.Object({ period: inWords, format }, { additionalProperties: false })
const text = Nullable(Type.String())
const number = Type.Integer()

const SignIns = Type.Object({ date: Type.String(), requirement: Type.String(), methods: Type.Array(Type.String()), count: number })
const Passwords = Type.Object({ date: Type.String(), changes: number, resets: number, administratorResets: number, unlocks: number })
const Usage = Type.Object({ feature: Type.String(), method: text, status: Type.String(), count: number })
const Problem = Type.Object({ feature: Type.String(), failureReason: Type.String(), count: number })
const Registered = Type.Object({
  userId: Type.String(), user: Type.String(), userDisplayName: Type.String(), role: Type.String(), dateTime: Type.String(), dataRegistered: Type.Array(Type.String()),
})
const Beneficiary = Type.Object({
  userId: Type.String(), userPrincipalName: Type.String(), userDisplayName: Type.String(), features: Type.Array(Type.String()), lastDateTime: Type.String(),
  licenceNeeded: Type.String(),
})
const Event = Type.Object({
  id: Type.String(), eventDateTime: Type.String(), userId: text, userPrincipalName: text, userDisplayName: text, feature: Type.String(), authMethod: text,
  isSuccess: Type.Boolean(), status: Type.String(), failureReason: text,
})

export function usageReportRoutes(server: Server, app: App): void {
  const config = { access: 'session', surface: 'api' } as const

  /** The caller's tenant, which they may read reports of, and the time asked about; thirty days when nothing is said. */
  const readable = async (request: FastifyRequest, usual: Period = 'D30') => {
    const tenant = await readableTenant(app, request)
    const { period = usual } = request.query as { period?: Period }
    return { tenant, stretch: { tenantId: tenant.id, from: app.now() - periods[period], to: app.now() + 1 } satisfies Stretch }
  }
  const csv = (request: FastifyRequest, reply: FastifyReply, name: string, heading: readonly string[], rows: AsyncIterable<Cell[]> | Iterable<Cell[]>) =>
    sendCsv(app, request, reply, { name, heading, rows }) as never

  const Methods = Type.Array(Type.Object({ method: Type.String(), count: number }))
  const SignInAnswer = Type.Object({ value: Type.Array(SignIns), byRequirement: Type.Object({ singleFactorAuthentication: number, multiFactorAuthentication: number }), byMethod: Methods })
  server.get('/api/reports/signins', { config, schema: { querystring: Asked, response: { 200: SignInAnswer } } }, async (request, reply) => {
    const { stretch } = await readable(request)
    const counts = await signInCounts(app, stretch)
    const value = counts.map(one => ({ date: dateOf(one.day), requirement: requirementOf(one.proofs), methods: one.proofs, count: one.count }))
    const columns = ['date', 'requirement', 'methods', 'count'] as const
    if (wantsCsv(request)) return csv(request, reply, 'signins', columns, value.map(one => [one.date, one.requirement, one.methods.join(' '), one.count]))
    const byRequirement = { singleFactorAuthentication: 0, multiFactorAuthentication: 0 }
    for (const { requirement, count } of value) byRequirement[requirement] += count
    return { value, byRequirement, byMethod: [...signInMethods(counts)].map(([method, count]) => ({ method, count })) }
  })

  const PasswordAnswer = Type.Object({ value: Type.Array(Passwords) })
  server.get('/api/reports/passwords', { config, schema: { querystring: Asked, response: { 200: PasswordAnswer } } }, async (request, reply) => {
    const { stretch } = await readable(request)
    const value = (await dailyPasswords(app.db, stretch)).map(({ day, ...counts }) => ({ date: dateOf(day), ...counts }))
    const columns = ['date', 'changes', 'resets', 'administratorResets', 'unlocks'] as const
    return wantsCsv(request) ? csv(request, reply, 'passwords', columns, value.map(one => columns.map(name => one[name]))) : { value }
  })

  const UsageAnswer = Type.Object({ value: Type.Array(Usage), problems: Type.Array(Problem) })
  server.get('/api/reports/usage', { config, schema: { querystring: Asked, response: { 200: UsageAnswer } } }, async (request, reply) => {
    const { stretch } = await readable(request, 'D7')
    const counts = await countUsage(app.db, stretch)
    const value = sumBy(counts, one => ({ feature: one.feature, method: one.method, status: one.status }))
    const columns = ['feature', 'method', 'status', 'count'] as const
    if (wantsCsv(request)) return csv(request, reply, 'usage', columns, value.map(one => columns.map(name => one[name])))
    const problems = sumBy(counts.filter(one => one.failureReason !== null), one => ({ feature: one.feature, failureReason: one.failureReason! }))
    return { value, problems: problems.toSorted((a, b) => b.count - a.count) }
  })

  const Registrations = Type.Object({ value: Type.Array(Registered), more: Type.Boolean() })
  server.get('/api/reports/registrations', { config, schema: { querystring: Asked, response: { 200: Registrations } } }, async (request, reply) => {
    const { tenant, stretch } = await readable(request)
    const rows = registrations(app, tenant, stretch)
    const columns = ['user', 'userDisplayName', 'role', 'dateTime', 'dataRegistered'] as const
    if (!wantsCsv(request)) return firstOf(rows)
    return csv(request, reply, 'registrations', columns, cells(rows, one => columns.map(name => (name === 'dataRegistered' ? one[name].join(' + ') : one[name]))))
  })

  const Unlicensed = Type.Object({ licensing: Type.String(), value: Type.Array(Beneficiary), more: Type.Boolean() })
  server.get('/api/reports/unlicensed', { config, schema: { querystring: Asked, response: { 200: Unlicensed } } }, async (request, reply) => {
    const { tenant, stretch } = await readable(request)
    const rows = beneficiaries(app, tenant, stretch)
    const columns = ['userPrincipalName', 'userDisplayName', 'features', 'lastDateTime', 'licenceNeeded'] as const
    if (!wantsCsv(request)) return { licensing: tenant.settings.licensing, ...(await firstOf(rows)) }
    return csv(request, reply, 'unlicensed', columns, cells(rows, one => columns.map(name => (name === 'features' ? one[name].join(' + ') : one[name]))))
  })

  const EventsAsked = Type.Object({
    period: inWords, format, feature: Type.Optional(Type.String({ maxLength: 20 })), top: Type.Optional(Type.Integer({ minimum: 1, maximum: 999 })),
    before: Type.Optional(Type.Integer({ minimum: 0 })), beforeId: Type.Optional(Type.String({ maxLength: 64 })),
  }, { additionalProperties: false })
  const Next = Nullable(Type.Object({ before: number, beforeId: Type.String() }))
  const Events = Type.Object({ value: Type.Array(Event), next: Next })
  server.get('/api/reports/events', { config, schema: { querystring: EventsAsked, response: { 200: Events } } }, async (request, reply) => {
    const { stretch } = await readable(request, 'D7')
    const { feature, top = 100, before, beforeId } = request.query
    if (wantsCsv(request)) return csv(request, reply, 'events', eventColumns, cells(everyEvent(app, stretch, feature), one => eventColumns.map(name => one[name])))
    const after = before === undefined ? undefined : { at: before, id: beforeId ?? '' }
    const events = await listUsageEvents(app.db, { tenantId: stretch.tenantId, feature, from: stretch.from, after, top })
    const last = events.length === top ? events.at(-1) : undefined
    return { value: await named(app, stretch.tenantId, events), next: last ? { before: last.at, beforeId: last.id } : null }
  })
}

const dateOf = (day: number): string => instant(day)!.slice(0, 10)

/** As many rows as an answer in JSON has, which says when there are more; the table has all. */
const mostInJson = 1000

async function firstOf<T>(rows: AsyncIterable<T>): Promise<{ value: T[]; more: boolean }> {
  const value: T[] = []
  for await (const row of rows) {
    if (value.length === mostInJson) return { value, more: true }
    value.push(row)
  }
  return { value, more: false }
}

async function* cells<T>(rows: AsyncIterable<T>, row: (one: T) => Cell[]): AsyncGenerator<Cell[], void> {
  for await (const one of rows) yield row(one)
}

/** Sums the counts of everything that has the same key, in the order in which keys come first. */
function sumBy<T extends { count: number }, Key extends object>(counts: readonly T[], keyOf: (one: T) => Key): (Key & { count: number })[] {
  const sums = new Map<string, Key & { count: number }>()
  for (const one of counts) {
    const key = keyOf(one)
    const sum = sums.get(JSON.stringify(key))
    if (sum) sum.count += one.count
    else sums.set(JSON.stringify(key), { ...key, count: one.count })
  }
  return [...sums.values()]
}

const eventColumns = ['eventDateTime', 'userPrincipalName', 'userDisplayName', 'feature', 'authMethod', 'status', 'failureReason'] as const

async function named(app: App, tenantId: string, events: readonly UsageEventRow[]) {
  const names = await namesOf(app.db, tenantId, events)
  return events.map(event => ({
    id: event.id, eventDateTime: instant(event.at)!, userId: event.userId, userPrincipalName: names.get(event.userId ?? '')?.userPrincipalName ?? null,
    userDisplayName: names.get(event.userId ?? '')?.displayName ?? null, feature: event.feature, authMethod: event.method, isSuccess: event.status === 'success',
    status: event.status, failureReason: event.failureReason,
  }))
}

/** Every event of the stretch, newest first. */
async function* everyEvent(app: App, { tenantId, from }: Stretch, feature: string | undefined) {
  let after: UsageEventRow | undefined
  for (;; await breathe()) {
    const events = await listUsageEvents(app.db, { tenantId, from, after, top: 500 })
    yield* (await named(app, tenantId, events)).filter(one => feature === undefined || one.feature === feature)
    if (events.length < 500) return
    after = events.at(-1)
  }
}
