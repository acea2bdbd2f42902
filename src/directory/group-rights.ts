/** Who may see and change a group (graph §8, T-40, T-84). */
import type { Db } from '../app.ts'
import { callerFacts, callerId, forbidden, notFound, requireRole } from '../graph/deciding.ts'
import type { CallerFacts, GraphCaller } from '../graph/deciding.ts'
import { requirePermission } from '../graph/permissions.ts'
import { parseKey } from '../odata-path.ts'
import { holdsRole, roles } from '../rules/roles.ts'
import { reason } from '../rules/verdict.ts'
import { findGroup } from '../store/groups.ts'
import type { GroupRow } from '../store/groups.ts'
import { isMember, isOwner } from '../store/memberships.ts'
import { hasRole } from './visible-users.ts'

/** Who makes and changes groups without owning them. */
export const groupWriters = [roles.globalAdministrator, roles.groupsAdministrator, roles.userAdministrator] as const
/** Who touches a group that can hold roles: nobody lesser, or a lesser one would give roles by it (T-40). */
export const privilegedWriters = [roles.globalAdministrator, roles.privilegedRoleAdministrator] as const

/** The group of this id, or `(uniqueName='…')`. @throws Refusal 404, for a foreign or deleted one alike */
export async function requireGroup(db: Db, tenantId: string, written: string): Promise<GroupRow> {
  const uniqueName = parseKey(written)?.get('uniqueName')
  const id = parseKey(written)?.get('id') ?? written
  const group = uniqueName === undefined ? await findGroup(db, tenantId, id.toLowerCase()) : await byUniqueName(db, tenantId, uniqueName)
  if (!group) throw notFound()
  return group
}

async function byUniqueName(db: Db, tenantId: string, uniqueName: string): Promise<GroupRow | undefined> {
  const row = await db.selectFrom('groups').select('id').where('tenantId', '=', tenantId).where('uniqueName', '=', uniqueName).executeTakeFirst()
  return row && findGroup(db, tenantId, row.id)
}

/** May the caller change this about groups of the kind? Owners change their own group, unless it can hold roles. */
export async function requireGroupWriter(db: Db, caller: GraphCaller, group: Pick<GroupRow, 'id' | 'isAssignableToRole'>, now: number): Promise<CallerFacts> {
  const { caller: facts } = await callerFacts(db, caller, now)
  if (group.isAssignableToRole) {
    requirePermission(caller, 'RoleManagement.ReadWrite.Directory')
    requireRole(facts, ...privilegedWriters)
    return facts
  }
  const owns = facts.program === null && group.id !== '' && !holdsRole(facts.roles, ...groupWriters) && (await isOwner(db, caller.tenantId, group.id, callerId(caller)))
  if (!owns) requireRole(facts, ...groupWriters)
  return facts
}

/**
 * Who is in a group that gives roles, and who is in one whose members are hidden, is told to those who hold a role, to programs, and to
 * the group's own people.
 * @throws Refusal 403
 */
export async function requireMembersVisible(db: Db, caller: GraphCaller, group: GroupRow): Promise<void> {
  if (caller.kind === 'application' || !(group.isAssignableToRole || group.visibility === 'HiddenMembership')) return
  const { tenantId, userId } = caller
  const own = (await isMember(db, tenantId, group.id, userId)) || (await isOwner(db, tenantId, group.id, userId))
  if (!own && !(await hasRole(db, caller))) throw forbidden(reason('LK_NOT_ALLOWED'))
}
