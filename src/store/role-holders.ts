import type { Db } from '../app.ts'

export interface RoleHolder {
  id: string
  displayName: string
  userPrincipalName: string
  mail: string | null
  preferredLanguage: string | null
}

/** Groups within groups are followed this deep: more is a mistake somewhere, and the walk must end. */
const depth = 8

/**
 * The people who hold one of these roles for the whole tenant now, directly or through groups, enabled and not deleted; in
 * order of their ids, at most `top`. For notices; decisions about rights are made on facts.
 */
export async function listRoleHolders(db: Db, tenantId: string, roleTemplateIds: readonly string[], top: number): Promise<RoleHolder[]> {
  const assignments = await db
    .selectFrom('roleAssignments')
    .select(['principalId', 'principalType'])
    .where('tenantId', '=', tenantId)
    .where('roleDefinitionId', 'in', [...roleTemplateIds])
    .where('state', '=', 'active')
    .where('directoryScopeId', '=', '/')
    .limit(999)
    .execute()
  const people = new Set(assignments.filter(one => one.principalType === 'user').map(one => one.principalId))
  let groups = assignments.filter(one => one.principalType === 'group').map(one => one.principalId)
  for (let level = 0; level < depth && groups.length > 0; level++) {
    const members = await db
      .selectFrom('groupMembers')
      .select(['memberId', 'memberType'])
      .where('tenantId', '=', tenantId)
      .where('groupId', 'in', groups)
      .limit(999)
      .execute()
    for (const one of members) if (one.memberType === 'user') people.add(one.memberId)
    groups = members.filter(one => one.memberType === 'group').map(one => one.memberId)
  }
  if (people.size === 0) return []
  return db
    .selectFrom('users')
    .select(['id', 'displayName', 'userPrincipalName', 'mail', 'preferredLanguage'])
    .where('tenantId', '=', tenantId)
    .where('id', 'in', [...people].slice(0, 999))
    .where('accountEnabled', '=', true)
    .where('deletedDateTime', 'is', null)
    .orderBy('id')
    .limit(top)
    .execute()
}
