/** /domains: the names of the organisation, and how long a password lives in each (graph §9, sspr §2.2). */
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { initiatedBy } from '../credentials/actor.ts'
import { Refusal } from '../refusal.ts'
import { validateExpiry } from '../rules/policy-checks.ts'
import { roles } from '../rules/roles.ts'
import { reason } from '../rules/verdict.ts'
import { appendAudit } from '../store/audit.ts'
import { findDomain, listDomains, setDefaultDomain, updateDomain } from '../store/domains.ts'
import type { DomainRow } from '../store/domains.ts'
import { Nullable, collectionOf, entityOf, odataContext, pick } from '../graph/answers.ts'
import { actorOf, badRequest, callerFacts, graphCaller, notFound, privilegedCaller, requireRole } from '../graph/deciding.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'

const flag = Type.Optional(Type.Boolean())
const number = Type.Optional(Nullable(Type.Integer()))
const text = Type.Optional(Nullable(Type.String()))
const Domain = Type.Object({
  id: Type.Optional(Type.String()), authenticationType: Type.Optional(Type.String()), availabilityStatus: text, isAdminManaged: flag, isDefault: flag, isInitial: flag, isRoot: flag,
  isVerified: flag, manufacturer: text, model: text, passwordNotificationWindowInDays: number, passwordValidityPeriodInDays: number, state: Type.Optional(Type.Null()),
  supportedServices: Type.Optional(Type.Array(Type.String())),
})
const Patch = Type.Object({
  '@odata.type': Type.Optional(Type.String()), isDefault: flag, passwordValidityPeriodInDays: Type.Optional(Type.Integer()), passwordNotificationWindowInDays: Type.Optional(Type.Integer()),
}, { additionalProperties: false })

const offer = { selectable: Object.keys(Domain.properties), pageable: false } as const
const Key = Type.Object({ id: Type.String({ maxLength: 253 }) })

export function domainRoutes(server: Server, app: App): void {
  server.get('/v1.0/domains', {
    config: { access: permitted('GET', '/domains'), surface: 'graph' }, schema: { response: { 200: collectionOf(Domain) } },
  }, async request => {
    const { select } = readQuery(request, offer)
    const domains = await listDomains(app.db, graphCaller(request).tenantId)
    return {
      '@odata.context': odataContext(request, select ? `domains(${select.join(',')})` : 'domains'),
      value: domains.map(one => shape(one, domains, select)),
    }
  })

  server.get('/v1.0/domains/:id', {
    config: { access: permitted('GET', '/domains/{id}'), surface: 'graph' }, schema: { params: Key, response: { 200: entityOf(Domain) } },
  }, async request => {
    const { select } = readQuery(request, offer)
    const domains = await listDomains(app.db, graphCaller(request).tenantId)
    const found = domains.find(one => one.id === request.params.id.toLowerCase())
    if (!found) throw notFound()
    return { '@odata.context': odataContext(request, 'domains/$entity'), ...shape(found, domains, select) }
  })

  server.patch('/v1.0/domains/:id', {
    config: { access: permitted('PATCH', '/domains/{id}'), surface: 'graph' }, schema: { params: Key, body: Patch },
  }, async (request, reply) => {
    const caller = privilegedCaller(app, request)
    const { isDefault, passwordValidityPeriodInDays: days, passwordNotificationWindowInDays: notice } = request.body
    await app.db.transaction().execute(async trx => {
      const { caller: facts } = await callerFacts(trx, caller, app.now())
      requireRole(facts, roles.globalAdministrator, roles.domainNameAdministrator)
      const before = await findDomain(trx, caller.tenantId, request.params.id.toLowerCase())
      if (!before) throw notFound()
      const [wrong] = validateExpiry(days ?? null, notice ?? null).filter(one => one.outcome === 'blocks')
      if (wrong) throw new Refusal(400, [reason(wrong.code, wrong.values)], { field: String(wrong.evidence['field']) })
      // One is always the default: another takes its place.
      if (isDefault === false && before.isDefault) throw badRequest('LK_FIELD_INVALID', { field: 'isDefault' }, 'isDefault')
      if (isDefault === true && !before.isVerified) throw badRequest('LK_FIELD_INVALID', { field: 'isDefault' }, 'isDefault')
      const changes = {
        ...(days === undefined ? {} : { passwordValidityPeriodInDays: days }),
        ...(notice === undefined ? {} : { passwordNotificationWindowInDays: notice }),
      }
      if (Object.keys(changes).length > 0) await updateDomain(trx, caller.tenantId, before.id, changes)
      if (isDefault === true) await setDefaultDomain(trx, caller.tenantId, before.id)
      const next = { ...changes, ...(isDefault === undefined ? {} : { isDefault }) }
      await appendAudit(trx, {
        tenantId: caller.tenantId, at: app.now(), service: 'Core Directory', category: 'DirectoryManagement', activity: days === undefined && notice === undefined ? 'Update domain' : 'Set password policy',
        result: 'success', correlationId: request.correlationId, initiatedBy: initiatedBy(actorOf(request, facts)),
        targets: [{
          type: 'Domain', id: before.id, displayName: before.id,
          modifiedProperties: Object.entries(next).map(([name, value]) => ({ displayName: name, oldValue: JSON.stringify(before[name as keyof DomainRow]), newValue: JSON.stringify(value) })),
        }],
      })
    })
    return reply.code(204).send()
  })
}

function shape(row: DomainRow, all: readonly DomainRow[], select: readonly string[] | undefined) {
  const whole = {
    id: row.id, authenticationType: row.authenticationType, availabilityStatus: null, isAdminManaged: true, isDefault: row.isDefault, isInitial: row.isInitial,
    isRoot: !all.some(other => row.id.endsWith(`.${other.id}`)), isVerified: row.isVerified, manufacturer: null, model: null,
    passwordNotificationWindowInDays: row.passwordNotificationWindowInDays, passwordValidityPeriodInDays: row.passwordValidityPeriodInDays, state: null,
    supportedServices: row.isVerified ? ['Email'] : [],
  }
  return select === undefined ? whole : pick(whole, select)
}
