/** Who has which licence: licenseDetails to read it, assignLicense for people and for groups (graph §5.1, §9). */
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { initiatedBy } from '../credentials/actor.ts'
import { Refusal } from '../refusal.ts'
import { roles } from '../rules/roles.ts'
import { servicePlansOf } from '../rules/service-plans.ts'
import { reason } from '../rules/verdict.ts'
import { appendAudit } from '../store/audit.ts'
import { noteChange } from '../store/changes.ts'
import { assignLicence, consumedUnits, directLicences, licencesOf, lockSkus, removeLicence } from '../store/licences.ts'
import { findUser } from '../store/users.ts'
import { collectionOf, entityOf, odataContext } from '../graph/answers.ts'
import {
  actorOf, badRequest, callerFacts, callerId, graphCaller, privilegedCaller, requireReachOf, requireRole,
} from '../graph/deciding.ts'
import { UserKey, requireUser } from '../graph/find-user.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { requireDirectoryReader } from '../graph/readers.ts'
import { requireGroup } from './group-rights.ts'
import { Group, shapeGroup } from './group-shape.ts'
import { Plan, shapePlans } from './subscribed-skus.ts'
import { User } from './user-shape.ts'
import { answerUser } from './users.ts'

const Details = Type.Object({ id: Type.String(), skuId: Type.String(), skuPartNumber: Type.String(), servicePlans: Type.Array(Plan) })
const odata = { '@odata.type': Type.Optional(Type.String()) }
const closed = { additionalProperties: false }
const id = Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' })
const Body = Type.Object({
  addLicenses: Type.Array(Type.Object({ ...odata, skuId: id, disabledPlans: Type.Optional(Type.Array(id, { maxItems: 100 })) }, closed), { maxItems: 100 }),
  removeLicenses: Type.Array(id, { maxItems: 100 }),
}, closed)

const licensers = [roles.globalAdministrator, roles.licenseAdministrator, roles.userAdministrator] as const

export function licenceRoutes(server: Server, app: App): void {
  for (const [base, params] of [['/v1.0/users/:id', UserKey], ['/v1.0/me', Type.Object({})]] as const) {
    const path = `${base}/licenseDetails`
    server.get(path, {
      config: { access: permitted('GET', path), surface: 'graph' }, schema: { params, response: { 200: collectionOf(Details) } },
    }, async request => {
      readQuery(request, { selectable: [], pageable: false })
      const caller = graphCaller(request)
      const user = await requireUser(app.db, caller.tenantId, (request.params as { id?: string }).id ?? callerId(caller))
      requireReachOf(caller, user.id)
      if (user.id !== callerId(caller)) requireDirectoryReader((await callerFacts(app.db, caller, app.now())).caller)
      const held = await licencesOf(app.db, caller.tenantId, user.id)
      const once = [...new Map(held.map(one => [one.skuId, one])).values()]
      const value = once.map(one => ({ id: one.skuId, skuId: one.skuId, skuPartNumber: one.skuPartNumber, servicePlans: shapePlans(one.skuId, one.disabledPlans) }))
      return { '@odata.context': odataContext(request, `users('${user.id}')/licenseDetails`), value }
    })
  }

  const forPeople = '/v1.0/users/:id/assignLicense'
  server.post(forPeople, {
    config: { access: permitted('POST', forPeople), surface: 'graph' },
    schema: { params: UserKey, body: Body, response: { 200: entityOf(User) } },
  }, async request => {
    const caller = privilegedCaller(app, request)
    const user = await requireUser(app.db, caller.tenantId, request.params.id)
    if (request.body.addLicenses.length > 0 && user.usageLocation === null) throw badRequest('LK_FIELD_REQUIRED', { field: 'usageLocation' }, 'usageLocation')
    await change(app, request, { kind: 'user', id: user.id, displayName: user.displayName })
    const { '@odata.context': _, ...answer } = await answerUser(app, request, caller, (await findUser(app.db, caller.tenantId, user.id))!)
    return { '@odata.context': odataContext(request, 'users/$entity'), ...answer } as never
  })

  const GroupKey = Type.Object({ id: Type.String({ maxLength: 64 }) })
  const forGroups = '/v1.0/groups/:id/assignLicense'
  server.post(forGroups, {
    config: { access: permitted('POST', forGroups), surface: 'graph' },
    schema: { params: GroupKey, body: Body, response: { 202: entityOf(Group) } },
  }, async (request, reply) => {
    const caller = privilegedCaller(app, request)
    const group = await requireGroup(app.db, caller.tenantId, request.params.id)
    await change(app, request, { kind: 'group', id: group.id, displayName: group.displayName })
    reply.code(202)
    return { '@odata.context': odataContext(request, 'groups/$entity'), ...shapeGroup(group) } as never
  })
}

interface Licensee {
  kind: 'user' | 'group'
  id: string
  displayName: string
}

/**
 * All of it or nothing, with the products locked: two at once cannot give out the last unit twice.
 * @throws Refusal 400 naming the field, 403 without one of the roles
 */
async function change(app: App, request: FastifyRequest, who: Licensee): Promise<void> {
  const caller = privilegedCaller(app, request)
  const { tenantId } = caller
  const { addLicenses, removeLicenses } = request.body as Static<typeof Body>
  await app.db.transaction().execute(async trx => {
    const { caller: facts } = await callerFacts(trx, caller, app.now())
    requireRole(facts, ...licensers)
    const owned = await lockSkus(trx, tenantId)
    const before = await directLicences(trx, tenantId, who.id)
    for (const skuId of removeLicenses) {
      // What comes by a group goes with the group.
      if (!before.some(one => one.skuId === skuId) || addLicenses.some(one => one.skuId === skuId)) throw badRequest('LK_FIELD_INVALID', { field: 'removeLicenses' }, 'removeLicenses')
      await removeLicence(trx, { tenantId, skuId, principalId: who.id })
    }
    for (const { skuId, disabledPlans = [] } of addLicenses) {
      const sku = owned.find(one => one.skuId === skuId)
      if (!sku || sku.capabilityStatus !== 'Enabled') throw badRequest('LK_FIELD_INVALID', { field: 'addLicenses.skuId' }, 'addLicenses.skuId')
      const plans = servicePlansOf(skuId).map(plan => plan.servicePlanId)
      if (!disabledPlans.every(plan => plans.includes(plan))) throw badRequest('LK_FIELD_INVALID', { field: 'addLicenses.disabledPlans' }, 'addLicenses.disabledPlans')
      await assignLicence(trx, { tenantId, skuId, principalId: who.id, principalType: who.kind, disabledPlans })
    }
    await requireUnits(trx, tenantId, owned, addLicenses.map(one => one.skuId))
    await noteChange(trx, tenantId, who.kind, who.id)
    const after = await directLicences(trx, tenantId, who.id)
    const told = (licences: typeof after) => JSON.stringify(licences.map(one => one.skuPartNumber))
    await appendAudit(trx, {
      tenantId, at: app.now(), service: 'Core Directory', category: who.kind === 'user' ? 'UserManagement' : 'GroupManagement',
      activity: who.kind === 'user' ? 'Change user license' : 'Set group license', result: 'success', correlationId: request.correlationId, initiatedBy: initiatedBy(actorOf(request, facts)),
      targets: [{
        type: who.kind === 'user' ? 'User' : 'Group', id: who.id, displayName: who.displayName,
        modifiedProperties: [{ displayName: 'AssignedLicense', oldValue: told(before), newValue: told(after) }],
      }],
    })
  })
}

async function requireUnits(trx: Db, tenantId: string, owned: readonly { skuId: string; enabledUnits: number; skuPartNumber: string }[], given: readonly string[]): Promise<void> {
  if (given.length === 0) return
  const used = await consumedUnits(trx, tenantId)
  const short = owned.find(sku => given.includes(sku.skuId) && (used.get(sku.skuId) ?? 0) > sku.enabledUnits)
  if (short) throw new Refusal(400, [reason('LK_CONFLICT')], { field: 'addLicenses.skuId', detail: `no unit of ${short.skuPartNumber} is left` })
}

