/** /auditLogs/directoryAudits (graph §11.1): newest first, filtered by what the log is indexed for. */
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { userCaller } from '../access.ts'
import { listAudit } from '../store/audit.ts'
import type { AuditEntry, AuditPage, AuditRow } from '../store/audit.ts'
import { Nullable, collectionOf, entityOf, odataContext } from '../graph/answers.ts'
import { notFound } from '../graph/deciding.ts'
import { badQuery } from '../graph/odata-filter.ts'
import type { Filter } from '../graph/odata-filter.ts'
import { readQuery } from '../graph/odata-query.ts'
import { nextLink, readSkipToken, skipToken } from '../graph/paging.ts'
import { access } from '../graph/permissions.ts'
import { readableTenant } from './reports.ts'

const text = Nullable(Type.String())
const Audit = Type.Object({
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
})

const offer = {
  selectable: Object.keys(Audit.properties), orderable: ['activityDateTime'],
  filterable: {
    activityDateTime: ['eq', 'ge', 'le', 'gt', 'lt'], activityDisplayName: ['eq'], category: ['eq'], loggedByService: ['eq'], correlationId: ['eq'], result: ['eq'],
    'initiatedBy/user/id': ['eq'], targetResources: ['any'],
  },
} as const

export function directoryAuditRoutes(server: Server, app: App): void {
  const config = { access: access.audit, surface: 'graph' } as const

  server.get('/v1.0/auditLogs/directoryAudits', { config, schema: { response: { 200: collectionOf(Audit) } } }, async request => {
    const caller = userCaller(request)
    await readableTenant(app, request)
    const query = readQuery(request, offer)
    if (query.orderBy && !query.orderBy.descending) throw badQuery('$orderby', 'Request_UnsupportedQuery')
    const [at, sequence] = readSkipToken(app, caller, 'directoryAudits', query) ?? []
    const after = at === undefined ? undefined : { activityDateTime: Number(at), sequence: Number(sequence) }
    const rows = await listAudit(app.db, { tenantId: caller.tenantId, filter: filterOf(query.filter), after, top: query.top })
    const last = rows.length === query.top ? rows.at(-1) : undefined
    return {
      '@odata.context': odataContext(request, 'auditLogs/directoryAudits'),
      ...(last ? { '@odata.nextLink': nextLink(request, skipToken(app, caller, 'directoryAudits', query, [String(last.activityDateTime), String(last.sequence)])) } : {}),
      value: rows.map(shape),
    }
  })

  server.get('/v1.0/auditLogs/directoryAudits/:id', {
    config, schema: { params: Type.Object({ id: Type.String({ maxLength: 64 }) }), response: { 200: entityOf(Audit) } },
  }, async request => {
    await readableTenant(app, request)
    const [row] = await listAudit(app.db, { tenantId: userCaller(request).tenantId, filter: { id: request.params.id }, top: 1 })
    if (!row) throw notFound()
    return { '@odata.context': odataContext(request, 'auditLogs/directoryAudits/$entity'), ...shape(row) }
  })
}

type Wanted = NonNullable<AuditPage['filter']>

const columns: Readonly<Record<string, keyof Wanted>> = {
  activityDisplayName: 'activity', category: 'category', loggedByService: 'service', correlationId: 'correlationId', result: 'result',
  'initiatedBy/user/id': 'initiatorId', 'targetResources/id': 'targetId',
}

function filterOf(filter: Filter | undefined): Wanted {
  if (filter === undefined) return {}
  if (filter.kind === 'and') return { ...filterOf(filter.left), ...filterOf(filter.right) }
  if (filter.kind !== 'compare' && filter.kind !== 'any') throw badQuery('$filter', 'Request_UnsupportedQuery')
  if (typeof filter.value !== 'string') throw badQuery('$filter')
  if (filter.property === 'activityDateTime') return range(filter.operator, Date.parse(filter.value))
  const column = columns[filter.property]
  if (column === undefined || filter.operator !== 'eq') throw badQuery('$filter', 'Request_UnsupportedQuery')
  return { [column]: filter.value }
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
      app: by.app === undefined ? null : { appId: by.app, displayName: by.app, servicePrincipalId: null, servicePrincipalName: null },
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
