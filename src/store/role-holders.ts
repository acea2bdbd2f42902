import type { Db } from '../app.ts'
import { usersWithRole } from './roles.ts'

export interface RoleHolder {
  id: string
  displayName: string
  userPrincipalName: string
  mail: string | null
  preferredLanguage: string | null
}

/**
 * The people who hold one of these roles for the whole tenant now, enabled, in order of their ids, at most `top`. For notices;
 * decisions about rights are made on facts.
 */
export async function listRoleHolders(db: Db, tenantId: string, roleTemplateIds: readonly string[], top: number): Promise<RoleHolder[]> {
  const ids = new Set<string>()
  for (const role of roleTemplateIds) for (const id of await usersWithRole(db, tenantId, role)) ids.add(id)
  if (ids.size === 0) return []
  return db
    .selectFrom('users')
    .select(['id', 'displayName', 'userPrincipalName', 'mail', 'preferredLanguage'])
    .where('tenantId', '=', tenantId)
    .where('id', 'in', [...ids].slice(0, 999))
    .where('accountEnabled', '=', true)
    .where('deletedDateTime', 'is', null)
    .orderBy('id')
    .limit(top)
    .execute()
}
