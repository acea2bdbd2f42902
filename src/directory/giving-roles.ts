/** Giving and taking directory roles, whichever view of them is asked (graph §8, T-40, T-41, T-42). */
import { randomUUID } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { FastifyRequest } from 'fastify'
import type { App, Db } from '../app.ts'
import { initiatedBy } from '../credentials/actor.ts'
import { startAfresh, startGroupAfresh } from '../credentials/start-afresh.ts'
import { Refusal } from '../refusal.ts'
import { roleName, roleTemplates, roles } from '../rules/roles.ts'
import { reason } from '../rules/verdict.ts'
import { appendAudit } from '../store/audit.ts'
import { isUniqueViolation } from '../store/errors.ts'
import { findGroup, transitiveGroups } from '../store/groups.ts'
import { activateRole, findRoleDefinition } from '../store/role-definitions.ts'
import { assignRole, findRoleAssignment, removeRoleAssignment, usersWithRole } from '../store/roles.ts'
import { findServicePrincipal } from '../store/service-principals.ts'
import { lockUser } from '../store/user-lock.ts'
import type { RoleAssignmentTable } from '../store/tables.ts'
import { actorOf, badRequest, callerFacts, forbidden, notFound, requireRole } from '../graph/deciding.ts'
import type { GraphCaller } from '../graph/deciding.ts'

export type RoleAssignment = Selectable<RoleAssignmentTable>

const givers = [roles.globalAdministrator, roles.privilegedRoleAdministrator] as const

/** @throws Refusal 403 naming the two roles */
export async function requireGiver(db: Db, caller: GraphCaller, now: number) {
  const facts = await callerFacts(db, caller, now)
  requireRole(facts.caller, ...givers)
  return facts.caller
}

export interface WantedRole {
  principalId: string
  roleDefinitionId: string
  directoryScopeId: string
}

/**
 * @throws Refusal 400 for a role, principal or scope that is none, or is held already; 403 for callers without the right, and for
 *   programs that raise themselves (T-42)
 */
export async function giveRole(app: App, request: FastifyRequest, caller: GraphCaller, wanted: WantedRole): Promise<RoleAssignment> {
  const { tenantId } = caller
  const row = { tenantId, id: randomUUID(), ...wanted, state: 'active', createdAt: app.now() }
  return asClash(app.db.transaction().execute(async trx => {
    const facts = await requireGiver(trx, caller, app.now())
    const displayedRole = await requireAssignable(trx, tenantId, wanted.roleDefinitionId)
    const principal = await requirePrincipal(trx, tenantId, wanted.principalId)
    await requireOther(trx, caller, wanted.principalId)
    await requireScope(trx, tenantId, wanted.directoryScopeId)
    const given = { ...row, principalType: principal.type }
    await assignRole(trx, given)
    if (roleTemplates.has(wanted.roleDefinitionId)) await activateRole(trx, tenantId, wanted.roleDefinitionId, app.now())
    await endWhatLesserOnesMade(trx, caller, given, app.now())
    await audit(app, trx, request, actorOf(request, facts), 'Add member to role', given, { role: displayedRole, displayName: principal.displayName })
    return given
  }))
}

/** @throws Refusal 404 for an assignment that is not there, 400 for the last Global Administrator, 403 for callers without the right */
export async function takeRole(app: App, request: FastifyRequest, caller: GraphCaller, id: string): Promise<void> {
  await app.db.transaction().execute(async trx => {
    const facts = await requireGiver(trx, caller, app.now())
    const found = await findRoleAssignment(trx, caller.tenantId, id)
    if (!found) throw notFound()
    await lockUser(trx, caller.tenantId, found.principalId)
    await removeRoleAssignment(trx, caller.tenantId, found.id)
    const own = roleTemplates.has(found.roleDefinitionId) ? undefined : await findRoleDefinition(trx, caller.tenantId, found.roleDefinitionId)
    await audit(app, trx, request, actorOf(request, facts), 'Remove member from role', found, { role: own?.displayName ?? roleName(found.roleDefinitionId), displayName: '' })
    // After the audit, whose one line makes removals follow one another: two cannot both leave the other as the last.
    await keepOneGlobalAdministrator(trx, found)
  })
}

/** A built-in role that is no relic, or an enabled one of the tenant's own. @returns its name */
async function requireAssignable(trx: Db, tenantId: string, id: string): Promise<string> {
  const template = roleTemplates.get(id)
  if (template?.isAssignable) return template.displayName
  const own = template ? undefined : await findRoleDefinition(trx, tenantId, id)
  if (!own?.isEnabled) throw badRequest('LK_FIELD_INVALID', { field: 'roleDefinitionId' }, 'roleDefinitionId')
  return own.displayName
}

/** Someone, a role-assignable group or a program of this tenant; a person is locked until the end (T-41). Never an ordinary group (T-40). */
async function requirePrincipal(trx: Db, tenantId: string, id: string): Promise<{ type: string; displayName: string }> {
  if (await lockUser(trx, tenantId, id)) return { type: 'user', displayName: '' }
  const group = await findGroup(trx, tenantId, id)
  if (group?.isAssignableToRole) return { type: 'group', displayName: group.displayName }
  const program = group ? undefined : await findServicePrincipal(trx, tenantId, id)
  if (!program) throw badRequest('LK_FIELD_INVALID', { field: 'principalId' }, 'principalId')
  return { type: 'servicePrincipal', displayName: program.displayName }
}

/** A program does not raise itself, nor a group that it is in (T-42). */
async function requireOther(trx: Db, caller: GraphCaller, principalId: string): Promise<void> {
  if (caller.kind !== 'application') return
  const groups = await transitiveGroups(trx, caller.tenantId, caller.servicePrincipalId)
  if (principalId === caller.servicePrincipalId || groups.some(group => group.id === principalId)) throw forbidden(reason('SELF'))
}

/** A temporary access pass and every session from before a person's rise end with it; who raises themself stays signed in (T-30, T-39). */
async function endWhatLesserOnesMade(trx: Db, caller: GraphCaller, { principalType, principalId }: RoleAssignment, at: number): Promise<void> {
  const self = caller.kind === 'user' && caller.token === undefined ? { userId: caller.userId, session: caller.session.idHash } : undefined
  const rise = { tenantId: caller.tenantId, self, at }
  if (principalType === 'user') await startAfresh(trx, { ...rise, userId: principalId })
  if (principalType === 'group') await startGroupAfresh(trx, { ...rise, groupId: principalId })
}

async function requireScope(trx: Db, tenantId: string, scope: string): Promise<void> {
  if (scope === '/') return
  const unit = /^\/administrativeUnits\/([\w-]{1,64})$/.exec(scope)?.[1]
  const found = unit && (await trx.selectFrom('administrativeUnits').select('id').where('tenantId', '=', tenantId).where('id', '=', unit).executeTakeFirst())
  if (!found) throw badRequest('LK_FIELD_INVALID', { field: 'directoryScopeId' }, 'directoryScopeId')
}

/** A tenant without a Global Administrator can be entered by nobody but the operator. */
async function keepOneGlobalAdministrator(trx: Db, removed: RoleAssignment): Promise<void> {
  if (removed.roleDefinitionId !== roles.globalAdministrator) return
  if ((await usersWithRole(trx, removed.tenantId, roles.globalAdministrator)).length === 0) throw badRequest('LK_CONFLICT')
}

async function asClash<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    // Graph answers 400 for what is there already (LD-49).
    if (isUniqueViolation(error)) throw new Refusal(400, [reason('LK_CONFLICT', { graphCode: 'Request_BadRequest' })])
    throw error
  }
}

const auditTypes: Readonly<Record<string, string>> = { user: 'User', group: 'Group', servicePrincipal: 'ServicePrincipal' }

async function audit(
  app: App, trx: Db, request: FastifyRequest, actor: ReturnType<typeof actorOf>, activity: 'Add member to role' | 'Remove member from role',
  row: RoleAssignment, { role, displayName }: { role: string; displayName: string },
): Promise<void> {
  const added = activity.startsWith('Add')
  const name = JSON.stringify(role)
  await appendAudit(trx, {
    tenantId: row.tenantId, at: app.now(), service: 'Core Directory', category: 'RoleManagement', activity, result: 'success', correlationId: request.correlationId,
    initiatedBy: initiatedBy(actor),
    targets: [{
      type: auditTypes[row.principalType] ?? 'User', id: row.principalId, displayName,
      modifiedProperties: [{ displayName: 'Role.DisplayName', oldValue: added ? null : name, newValue: added ? name : null }],
    }],
    additionalDetails: [{ key: 'directoryScopeId', value: row.directoryScopeId }],
  })
}
