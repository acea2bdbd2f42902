/** Giving and taking directory roles (graph §8, T-40, T-41). */
import { randomUUID } from 'node:crypto'
import { Type } from 'typebox'
import type { Selectable } from 'kysely'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { userCaller } from '../access.ts'
import { initiatedBy } from '../credentials/actor.ts'
import { startAfresh, startGroupAfresh } from '../credentials/start-afresh.ts'
import { Refusal } from '../refusal.ts'
import { roleName, roleTemplates, roles } from '../rules/roles.ts'
import { reason } from '../rules/verdict.ts'
import { appendAudit } from '../store/audit.ts'
import { isUniqueViolation } from '../store/errors.ts'
import { findGroup } from '../store/groups.ts'
import { assignRole, findRoleAssignment, listRoleAssignments, removeRoleAssignment, usersWithRole } from '../store/roles.ts'
import { lockUser } from '../store/user-lock.ts'
import type { RoleAssignmentTable } from '../store/tables.ts'
import { collectionOf, entityOf, odataContext } from '../graph/answers.ts'
import { actorOf, badRequest, callerFacts, notFound, privilegedCaller, requireRole } from '../graph/deciding.ts'
import type { GraphCaller } from '../graph/deciding.ts'
import type { Filter } from '../graph/odata-filter.ts'
import { badQuery } from '../graph/odata-filter.ts'
import { readQuery } from '../graph/odata-query.ts'
import { nextLink, readSkipToken, skipToken } from '../graph/paging.ts'
import { requireDirectoryReader } from '../graph/readers.ts'
import { access } from '../graph/permissions.ts'

const Assignment = Type.Object({ id: Type.String(), principalId: Type.String(), roleDefinitionId: Type.String(), directoryScopeId: Type.String() })
const Body = Type.Object({
  '@odata.type': Type.Optional(Type.String()),
  principalId: Type.String({ maxLength: 64 }),
  roleDefinitionId: Type.String({ maxLength: 64 }),
  directoryScopeId: Type.String({ maxLength: 100 }),
}, { additionalProperties: false })
const Id = Type.Object({ id: Type.String({ maxLength: 64 }) })

const path = '/v1.0/roleManagement/directory/roleAssignments'
const offer = { selectable: Object.keys(Assignment.properties), filterable: { principalId: ['eq'], roleDefinitionId: ['eq'] } } as const
const shape = ({ id, principalId, roleDefinitionId, directoryScopeId }: Selectable<RoleAssignmentTable>) => ({ id, principalId, roleDefinitionId, directoryScopeId })

export function roleAssignmentRoutes(server: Server, app: App): void {
  const reading = { access: access.readRoles, surface: 'graph' } as const
  const writing = { access: access.writeRoles, surface: 'graph' } as const

  server.get(path, { config: reading, schema: { response: { 200: collectionOf(Assignment) } } }, async request => {
    const caller = userCaller(request)
    requireDirectoryReader((await callerFacts(app.db, caller, app.now())).caller)
    const query = readQuery(request, offer)
    const after = readSkipToken(app, caller, 'roleAssignments', query)?.[0]
    const page = await listRoleAssignments(app.db, { tenantId: caller.tenantId, after, top: query.top, state: 'active', ...wanted(query.filter) })
    const last = page.length === query.top ? page.at(-1) : undefined
    return {
      '@odata.context': odataContext(request, 'roleManagement/directory/roleAssignments'),
      ...(last ? { '@odata.nextLink': nextLink(request, skipToken(app, caller, 'roleAssignments', query, [last.id])) } : {}),
      value: page.map(shape),
    }
  })

  server.get(`${path}/:id`, { config: reading, schema: { params: Id, response: { 200: entityOf(Assignment) } } }, async request => {
    const caller = userCaller(request)
    requireDirectoryReader((await callerFacts(app.db, caller, app.now())).caller)
    const found = await findRoleAssignment(app.db, caller.tenantId, request.params.id)
    if (!found) throw notFound()
    return { '@odata.context': odataContext(request, 'roleManagement/directory/roleAssignments/$entity'), ...shape(found) }
  })

  server.post(path, { config: writing, schema: { body: Body, response: { 201: entityOf(Assignment) } } }, async (request, reply) => {
    const caller = privilegedCaller(app, request)
    const { principalId, roleDefinitionId, directoryScopeId } = request.body
    if (roleTemplates.get(roleDefinitionId)?.isAssignable !== true) throw badRequest('LK_FIELD_INVALID', { field: 'roleDefinitionId' }, 'roleDefinitionId')
    const row = { tenantId: caller.tenantId, id: randomUUID(), roleDefinitionId, principalId, directoryScopeId, state: 'active', createdAt: app.now() }
    await asClash(app.db.transaction().execute(async trx => {
      const decided = await callerFacts(trx, caller, app.now())
      requireRole(decided.caller, roles.globalAdministrator, roles.privilegedRoleAdministrator)
      const principal = await requirePrincipal(trx, caller, principalId)
      await requireScope(trx, caller.tenantId, directoryScopeId)
      await assignRole(trx, { ...row, principalType: principal.type })
      const rise = { tenantId: caller.tenantId, self: selfOf(caller), at: app.now() }
      if (principal.type === 'user') await startAfresh(trx, { ...rise, userId: principalId })
      if (principal.type === 'group') await startGroupAfresh(trx, { ...rise, groupId: principalId })
      await audit(app, trx, request.correlationId, caller, actorOf(request, decided.caller), 'Add member to role', row, principal.displayName)
    }))
    reply.code(201)
    return { '@odata.context': odataContext(request, 'roleManagement/directory/roleAssignments/$entity'), ...shape({ ...row, principalType: 'user' }) }
  })

  server.delete(`${path}/:id`, { config: writing, schema: { params: Id } }, async (request, reply) => {
    const caller = privilegedCaller(app, request)
    await app.db.transaction().execute(async trx => {
      const decided = await callerFacts(trx, caller, app.now())
      requireRole(decided.caller, roles.globalAdministrator, roles.privilegedRoleAdministrator)
      const found = await findRoleAssignment(trx, caller.tenantId, request.params.id)
      if (!found) throw notFound()
      await lockUser(trx, caller.tenantId, found.principalId)
      await removeRoleAssignment(trx, caller.tenantId, found.id)
      await audit(app, trx, request.correlationId, caller, actorOf(request, decided.caller), 'Remove member from role', found, '')
      // After the audit, whose one line makes removals follow one another: two cannot both leave the other as the last.
      await keepOneGlobalAdministrator(trx, found)
    })
    return reply.code(204).send()
  })
}

/** Someone, or a role-assignable group, of this tenant, locked until the end (T-41). Roles never go to ordinary groups (T-40). */
async function requirePrincipal(trx: Db, caller: GraphCaller, id: string): Promise<{ type: string; displayName: string }> {
  if (await lockUser(trx, caller.tenantId, id)) return { type: 'user', displayName: '' }
  const group = await findGroup(trx, caller.tenantId, id)
  if (!group) throw badRequest('LK_FIELD_INVALID', { field: 'principalId' }, 'principalId')
  if (!group.isAssignableToRole) throw badRequest('LK_FIELD_INVALID', { field: 'principalId' }, 'principalId')
  return { type: 'group', displayName: group.displayName }
}

/** The session in which the caller may be raising themself; a token is no session. */
function selfOf(caller: GraphCaller): { userId: string; session: string } | undefined {
  return caller.kind === 'user' && caller.token === undefined ? { userId: caller.userId, session: caller.session.idHash } : undefined
}

async function requireScope(trx: Db, tenantId: string, scope: string): Promise<void> {
  if (scope === '/') return
  const unit = /^\/administrativeUnits\/([\w-]{1,64})$/.exec(scope)?.[1]
  const found = unit && (await trx.selectFrom('administrativeUnits').select('id').where('tenantId', '=', tenantId).where('id', '=', unit).executeTakeFirst())
  if (!found) throw badRequest('LK_FIELD_INVALID', { field: 'directoryScopeId' }, 'directoryScopeId')
}

/** A tenant without a Global Administrator can be entered by nobody but the operator. */
async function keepOneGlobalAdministrator(trx: Db, removed: Selectable<RoleAssignmentTable>): Promise<void> {
  if (removed.roleDefinitionId !== roles.globalAdministrator) return
  if ((await usersWithRole(trx, removed.tenantId, roles.globalAdministrator)).length === 0) throw badRequest('LK_CONFLICT')
}

async function asClash(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    // Graph answers 400 for what is there already (LD-49).
    if (isUniqueViolation(error)) throw new Refusal(400, [reason('LK_CONFLICT', { graphCode: 'Request_BadRequest' })])
    throw error
  }
}

async function audit(
  app: App, trx: Db, correlationId: string, caller: GraphCaller, actor: ReturnType<typeof actorOf>, activity: string,
  row: Pick<Selectable<RoleAssignmentTable>, 'principalId' | 'roleDefinitionId' | 'directoryScopeId'>, displayName: string,
): Promise<void> {
  const added = activity.startsWith('Add')
  const name = JSON.stringify(roleName(row.roleDefinitionId))
  await appendAudit(trx, {
    tenantId: caller.tenantId, at: app.now(), service: 'Core Directory', category: 'RoleManagement', activity, result: 'success', correlationId,
    initiatedBy: initiatedBy(actor),
    targets: [{
      type: 'User', id: row.principalId, displayName,
      modifiedProperties: [{ displayName: 'Role.DisplayName', oldValue: added ? null : name, newValue: added ? name : null }],
    }],
    additionalDetails: [{ key: 'directoryScopeId', value: row.directoryScopeId }],
  })
}

function wanted(filter: Filter | undefined): { principalId?: string; roleDefinitionId?: string } {
  if (filter === undefined) return {}
  if (filter.kind === 'and') return { ...wanted(filter.left), ...wanted(filter.right) }
  if (filter.kind !== 'compare' || typeof filter.value !== 'string') throw badQuery('$filter', 'Request_UnsupportedQuery')
  return { [filter.property]: filter.value }
}
