/** /auditLogs/directoryAudits (graph §11.1): newest first, filtered by what the log is indexed for. */
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { listAudit } from '../store/audit.ts'
import type { AuditEntry, AuditPage, AuditRow } from '../store/audit.ts'
import { Nullable, collectionOf, entityOf, odataContext, pick } from '../graph/answers.ts'
import { answerCollection, startOf } from '../graph/collection.ts'
import { graphCaller, notFound } from '../graph/deciding.ts'
import { asKept } from '../graph/ids.ts'
import { badQuery } from '../graph/odata-filter.ts'
import type { Filter, Literal } from '../graph/odata-filter.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { readableTenant } from './reports.ts'
import { conjuncts, inOneForm, scan, together } from './scan.ts'

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const text = Nullable(Type.String())
const Audit = Type.Partial(Type.Object({
  id: Type.String(), category: Type.String(), correlationId: Type.String(), result: Type.String(), resultReason: text, activityDisplayName: Type.String(),
  activityDateTime: Type.String(), loggedByService: Type.String(), operationType: Type.String(),
  initiatedBy: Type.Object({
    user: Nullable(Type.Object({ id: text, displayName: text, userPrincipalName: text, ipAddress: text })),
    app: Nullable(Type.Object({ appId: text, displayName: text, servicePrincipalId: text, servicePrincipalName: text })),
  }),
  targetResources: Type.Array(Type.Object({
    id: text, displayName: text, type: text, userPrincipalName: text, groupType: text,
    modifiedProperties: Type.Array(Type.Object({ displayName: text, oldValue: text, newValue: text })),
  })),
  additionalDetails: Type.Array(Type.Object({ key: Type.String(), value: text })),
}))

const offer = {
  selectable: Object.keys(Audit.properties), orderable: ['activityDateTime'],
  filterable: {
    id: ['eq'], activityDateTime: ['eq', 'ge', 'le', 'gt', 'lt'], activityDisplayName: ['eq', 'startswith'], category: ['eq'], loggedByService: ['eq'], correlationId: ['eq'],
    result: ['eq'], 'initiatedBy/user/id': ['eq'], 'initiatedBy/user/displayName': ['eq', 'startswith'], 'initiatedBy/user/userPrincipalName': ['eq', 'startswith'],
    'initiatedBy/app/appId': ['eq'], 'initiatedBy/app/displayName': ['eq', 'startswith'], 'targetResources/id': ['any'], 'targetResources/displayName': ['any'],
    'targetResources/type': ['any'],
  },
} as const

export function directoryAuditRoutes(server: Server, app: App): void {
  const path = '/v1.0/auditLogs/directoryAudits'

  server.get(path, {
    config: { access: permitted('GET', path), surface: 'graph' }, schema: { response: { 200: collectionOf(Audit) } },
  }, async request => {
    const caller = graphCaller(request)
    await readableTenant(app, request)
    const query = readQuery(request, offer)
    if (query.orderBy && !query.orderBy.descending) throw badQuery('$orderby', 'Request_UnsupportedQuery')
    const paged = { request, caller, name: 'directoryAudits', query }
    const [at, sequence] = startOf(app, paged) ?? []
    const from = at === undefined ? undefined : { activityDateTime: Number(at), sequence: Number(sequence) }
    const { wanted, rest } = indexed(query.filter)
    const { rows, last } = await scan({ filter: rest, top: query.top }, (after, most) => listAudit(app.db, { tenantId: caller.tenantId, filter: wanted, after: after ?? from, top: most }), valueOf)
    const value = rows.map(row => (query.select ? pick(shape(row), query.select) : shape(row)))
    return answerCollection(app, paged, 'auditLogs/directoryAudits', { value, next: last && [String(last.activityDateTime), String(last.sequence)] })
  })

  server.get(`${path}/:id`, {
    config: { access: permitted('GET', `${path}/:id`), surface: 'graph' }, schema: { params: Type.Object({ id: Type.String({ maxLength: 64 }) }), response: { 200: entityOf(Audit) } },
  }, async request => {
    await readableTenant(app, request)
    const [row] = await listAudit(app.db, { tenantId: graphCaller(request).tenantId, filter: { id: request.params.id }, top: 1 })
    if (!row) throw notFound()
    return { '@odata.context': odataContext(request, 'auditLogs/directoryAudits/$entity'), ...shape(row) }
  })
}

type Wanted = NonNullable<AuditPage['filter']>

/** What the log is indexed for. Its column of initiators holds people's ids and programs'; that of targets the first one's. */
const columns: Readonly<Record<string, keyof Wanted>> = {
  id: 'id', activityDisplayName: 'activity', category: 'category', loggedByService: 'service', correlationId: 'correlationId', result: 'result',
  'initiatedBy/user/id': 'initiatorId', 'initiatedBy/app/appId': 'initiatorId', 'targetResources/id': 'targetId',
}

/** The part of a filter that the database answers, and the rest. Of two comparisons of one column the second is the rest's. */
function indexed(filter: Filter | undefined): { wanted: Wanted; rest: Filter | undefined } {
  let wanted: Wanted = {}
  const rest: Filter[] = []
  for (const one of conjuncts(filter)) {
    if ((one.kind === 'compare' || one.kind === 'any') && typeof one.value !== 'string') throw badQuery('$filter')
    const found = (one.kind === 'compare' || one.kind === 'any') ? columnsOf(one.property, one.operator, String(one.value)) : undefined
    if (found !== undefined && Object.keys(found).every(name => !(name in wanted))) wanted = { ...wanted, ...found }
    else rest.push(inOneForm(one))
  }
  return { wanted, rest: together(rest) }
}

function columnsOf(property: string, operator: string, value: string): Wanted | undefined {
  if (property === 'activityDateTime') return range(operator, Date.parse(value))
  const column = columns[property]
  return column !== undefined && operator === 'eq' ? { [column]: asKept(value) } : undefined
}

/** The store counts from a moment on and up to before another. */
function range(operator: string, at: number): Wanted {
  if (!Number.isFinite(at)) throw badQuery('$filter')
  if (operator === 'ge') return { from: at }
  if (operator === 'gt') return { from: at + 1 }
  if (operator === 'lt') return { to: at }
  if (operator === 'le') return { to: at + 1 }
  return { from: at, to: at + 1 }
}

/** A row's value for a filter. */
function valueOf(row: AuditRow, property: string): Literal | readonly Literal[] | undefined {
  const { initiatedBy, targetResources, ...plain } = shape(row)
  const [first, second, third] = property.split('/')
  if (first === 'initiatedBy') return (initiatedBy[second as 'user' | 'app'] as Record<string, Literal> | null)?.[third!] ?? null
  if (first === 'targetResources') return targetResources.map(target => target[second as 'id' | 'displayName' | 'type'])
  return plain[first as 'id']
}

function shape(row: AuditRow) {
  const by = JSON.parse(row.initiatedBy) as AuditEntry['initiatedBy']
  const targets = JSON.parse(row.targets) as AuditEntry['targets']
  return {
    id: row.id, category: row.category, correlationId: row.correlationId, result: row.result, resultReason: row.resultReason,
    activityDisplayName: row.activity, activityDateTime: new Date(row.activityDateTime).toISOString(), loggedByService: row.service,
    operationType: row.activity.split(' ')[0] ?? '',
    initiatedBy: {
      user: by.app === undefined
        ? { id: by.userId ?? null, displayName: by.displayName ?? null, userPrincipalName: by.userPrincipalName ?? null, ipAddress: by.ipAddress ?? null }
        : null,
      app: by.app === undefined ? null : { appId: guid.test(by.app) ? by.app : null, displayName: by.displayName ?? by.app, servicePrincipalId: by.servicePrincipalId ?? null, servicePrincipalName: null },
    },
    targetResources: targets.map(target => ({
      id: target.id, displayName: target.displayName ?? null, type: target.type, userPrincipalName: null, groupType: null,
      modifiedProperties: (target.modifiedProperties ?? []).map(one => ({ ...one })),
    })),
    // Under which roles somebody acted is nothing the original's identity can say.
    additionalDetails: [
      ...(JSON.parse(row.additionalDetails) as { key: string; value: string }[]),
      ...(by.roles !== undefined && by.roles.length > 0 ? [{ key: 'roles', value: by.roles.join(', ') }] : []),
    ],
  }
}
