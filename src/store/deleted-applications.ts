/** Applications and service principals on their way to the deleted items, back, and for good (graph §3.1). Call `noteClientChange` after each. */
import type { Db } from '../app.ts'
import { deleteCredentialsOf } from './application-credentials.ts'
import { noteChange } from './changes.ts'

/** The application and, by the same moment, its service principal: nobody can sign in as it from now on. @returns false when it is not there */
export async function softDeleteApplication(trx: Db, tenantId: string, id: string, at: number): Promise<boolean> {
  const row = await trx.updateTable('applications').set(eb => ({ deletedDateTime: at, version: eb('version', '+', 1) })).where('tenantId', '=', tenantId).where('id', '=', id)
    .where('deletedDateTime', 'is', null).returning('appId').executeTakeFirst()
  if (!row) return false
  await noteChange(trx, tenantId, 'application', id, { removed: 'changed' })
  const principal = await trx.selectFrom('servicePrincipals').select('id').where('tenantId', '=', tenantId).where('appId', '=', row.appId)
    .where('deletedDateTime', 'is', null).executeTakeFirst()
  if (principal) await softDeleteServicePrincipal(trx, tenantId, principal.id, at)
  return true
}

export async function softDeleteServicePrincipal(trx: Db, tenantId: string, id: string, at: number): Promise<boolean> {
  const row = await trx.updateTable('servicePrincipals').set(eb => ({ deletedDateTime: at, version: eb('version', '+', 1) })).where('tenantId', '=', tenantId)
    .where('id', '=', id).where('deletedDateTime', 'is', null).returning('id').executeTakeFirst()
  if (row) await noteChange(trx, tenantId, 'servicePrincipal', id, { removed: 'changed' })
  return row !== undefined
}

/** Back, with the service principal that went with it unless there is a newer one. @returns its appId; undefined when it is not among the deleted */
export async function restoreApplication(trx: Db, tenantId: string, id: string): Promise<string | undefined> {
  const before = await trx.selectFrom('applications').select(['appId', 'deletedDateTime']).where('tenantId', '=', tenantId).where('id', '=', id)
    .where('deletedDateTime', 'is not', null).executeTakeFirst()
  if (!before) return undefined
  await trx.updateTable('applications').set(eb => ({ deletedDateTime: null, version: eb('version', '+', 1) })).where('tenantId', '=', tenantId).where('id', '=', id).execute()
  await noteChange(trx, tenantId, 'application', id)
  const along = await trx.selectFrom('servicePrincipals').select('id').where('tenantId', '=', tenantId).where('appId', '=', before.appId)
    .where('deletedDateTime', '=', before.deletedDateTime).executeTakeFirst()
  if (along) await restoreServicePrincipal(trx, tenantId, along.id)
  return before.appId
}

/** @returns its appId; undefined when it is not among the deleted, its application is, or another has taken its place */
export async function restoreServicePrincipal(trx: Db, tenantId: string, id: string): Promise<string | undefined> {
  const before = await trx.selectFrom('servicePrincipals').select('appId').where('tenantId', '=', tenantId).where('id', '=', id)
    .where('deletedDateTime', 'is not', null).executeTakeFirst()
  if (!before) return undefined
  const { appId } = before
  const taken = await trx.selectFrom('servicePrincipals').select('id').where('tenantId', '=', tenantId).where('appId', '=', appId).where('deletedDateTime', 'is', null).executeTakeFirst()
  const application = await trx.selectFrom('applications').select('id').where('tenantId', '=', tenantId).where('appId', '=', appId).where('deletedDateTime', 'is', null).executeTakeFirst()
  if (taken || !application) return undefined
  await trx.updateTable('servicePrincipals').set(eb => ({ deletedDateTime: null, version: eb('version', '+', 1) })).where('tenantId', '=', tenantId).where('id', '=', id).execute()
  await noteChange(trx, tenantId, 'servicePrincipal', id)
  return appId
}

/** For good: with its credentials, identifiers, owners and policy, and the service principals that were deleted with it. @returns its appId */
export async function purgeApplication(trx: Db, tenantId: string, id: string): Promise<string | undefined> {
  const row = await trx.deleteFrom('applications').where('tenantId', '=', tenantId).where('id', '=', id).where('deletedDateTime', 'is not', null).returning('appId').executeTakeFirst()
  if (!row) return undefined
  await purgeWhatBelongsTo(trx, tenantId, id)
  await noteChange(trx, tenantId, 'application', id, { removed: 'deleted' })
  const principals = await trx.selectFrom('servicePrincipals').select('id').where('tenantId', '=', tenantId).where('appId', '=', row.appId).where('deletedDateTime', 'is not', null).execute()
  for (const principal of principals) await purgeServicePrincipal(trx, tenantId, principal.id)
  return row.appId
}

/** For good: with its credentials, and everything it was given or gave: app roles, grants, directory roles, memberships. @returns its appId */
export async function purgeServicePrincipal(trx: Db, tenantId: string, id: string): Promise<string | undefined> {
  const row = await trx.deleteFrom('servicePrincipals').where('tenantId', '=', tenantId).where('id', '=', id).where('deletedDateTime', 'is not', null).returning('appId').executeTakeFirst()
  if (!row) return undefined
  await purgeWhatBelongsTo(trx, tenantId, id)
  await trx.deleteFrom('appRoleAssignments').where('tenantId', '=', tenantId).where('principalId', '=', id).execute()
  await trx.deleteFrom('permissionGrants').where('tenantId', '=', tenantId).where('resourceId', '=', id).execute()
  await trx.deleteFrom('roleAssignments').where('tenantId', '=', tenantId).where('principalId', '=', id).execute()
  await trx.deleteFrom('groupMembers').where('tenantId', '=', tenantId).where('memberId', '=', id).execute()
  await trx.deleteFrom('groupOwners').where('tenantId', '=', tenantId).where('ownerId', '=', id).execute()
  await noteChange(trx, tenantId, 'servicePrincipal', id, { removed: 'deleted' })
  return row.appId
}

async function purgeWhatBelongsTo(trx: Db, tenantId: string, id: string): Promise<void> {
  await deleteCredentialsOf(trx, tenantId, id)
  await trx.deleteFrom('applicationOwners').where('tenantId', '=', tenantId).where(eb => eb.or([eb('ownedId', '=', id), eb('ownerId', '=', id)])).execute()
  await trx.deleteFrom('appManagementPolicyLinks').where('tenantId', '=', tenantId).where('objectId', '=', id).execute()
}

/** Deleted longer ago than this, they go for good. */
export const deletedKeptFor = 30 * 24 * 60 * 60_000

/** @returns appIds of what went */
export async function purgeDeletedBefore(trx: Db, tenantId: string, before: number, most = 50): Promise<string[]> {
  const of = (table: 'applications' | 'servicePrincipals') =>
    trx.selectFrom(table).select('id').where('tenantId', '=', tenantId).where('deletedDateTime', '<', before).limit(most).execute()
  const gone: (string | undefined)[] = []
  for (const { id } of await of('applications')) gone.push(await purgeApplication(trx, tenantId, id))
  for (const { id } of await of('servicePrincipals')) gone.push(await purgeServicePrincipal(trx, tenantId, id))
  return gone.filter(appId => appId !== undefined)
}
