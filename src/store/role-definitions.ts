import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Db } from '../app.ts'
import { roleTemplates } from '../rules/roles.ts'
import { columns } from './columns.ts'
import type { RoleDefinitionTable } from './directory-tables.ts'
import { nameKey } from './names.ts'

export type RoleDefinitionRow = Selectable<RoleDefinitionTable>

/** The tenant's own roles; there are few. */
export function listRoleDefinitions(db: Db, tenantId: string): Promise<RoleDefinitionRow[]> {
  return db.selectFrom('roleDefinitions').select(columns.roleDefinitions).where('tenantId', '=', tenantId).orderBy('displayNameLower').limit(999).execute()
}

export function findRoleDefinition(db: Db, tenantId: string, id: string): Promise<RoleDefinitionRow | undefined> {
  return db.selectFrom('roleDefinitions').select(columns.roleDefinitions).where('tenantId', '=', tenantId).where('id', '=', id).executeTakeFirst()
}

/** A second one of a name is a unique violation. */
export async function insertRoleDefinition(trx: Db, row: Omit<Insertable<RoleDefinitionTable>, 'displayNameLower'>): Promise<void> {
  await trx.insertInto('roleDefinitions').values({ ...row, displayNameLower: nameKey(row.displayName) }).execute()
}

export async function updateRoleDefinition(trx: Db, tenantId: string, id: string, changes: Updateable<RoleDefinitionTable>): Promise<boolean> {
  const named = changes.displayName === undefined ? changes : { ...changes, displayNameLower: nameKey(changes.displayName) }
  const row = await trx.updateTable('roleDefinitions').set(named).where('tenantId', '=', tenantId).where('id', '=', id).returning('id').executeTakeFirst()
  return row !== undefined
}

export async function deleteRoleDefinition(trx: Db, tenantId: string, id: string): Promise<boolean> {
  const row = await trx.deleteFrom('roleDefinitions').where('tenantId', '=', tenantId).where('id', '=', id).returning('id').executeTakeFirst()
  return row !== undefined
}

/** Puts a built-in role to use; one that is in use stays as it is. @returns false for that */
export async function activateRole(trx: Db, tenantId: string, roleTemplateId: string, at: number): Promise<boolean> {
  const row = await trx.insertInto('directoryRoles').values({ tenantId, roleTemplateId, activatedAt: at })
    .onConflict(clash => clash.columns(['tenantId', 'roleTemplateId']).doNothing()).returning('roleTemplateId').executeTakeFirst()
  return row !== undefined
}

/** The built-in roles that were put to use, or given to somebody by an import: what graph §8 calls directory roles. */
export async function rolesInUse(db: Db, tenantId: string): Promise<string[]> {
  const rows = await db.selectFrom('directoryRoles').select('roleTemplateId as id').where('tenantId', '=', tenantId)
    .union(db.selectFrom('roleAssignments').select('roleDefinitionId as id').where('tenantId', '=', tenantId).where('state', '=', 'active'))
    .execute()
  return rows.map(row => row.id).filter(id => roleTemplates.has(id)).toSorted()
}
