import type { Db } from '../app.ts'

/** Somebody, or a group, is gone for good: so is what programs gave them and let others do in their name, and what they owned. */
export async function forgetPrincipal(trx: Db, tenantId: string, id: string): Promise<void> {
  await trx.deleteFrom('appRoleAssignments').where('tenantId', '=', tenantId).where('principalId', '=', id).execute()
  await trx.deleteFrom('permissionGrants').where('tenantId', '=', tenantId).where('principalId', '=', id).execute()
  await trx.deleteFrom('applicationOwners').where('tenantId', '=', tenantId).where('ownerId', '=', id).execute()
}
