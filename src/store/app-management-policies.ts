import type { Selectable } from 'kysely'
import type { Db } from '../app.ts'
import type { ManagementPolicy, Restrictions } from '../rules/app-management-policy.ts'
import { columns } from './columns.ts'
import type { AppManagementPolicyTable } from './application-tables.ts'

/** The tenant's own, for everything that has no other (Graph's id for it). */
export const defaultPolicyId = '00000000-0000-0000-0000-000000000000'

/** The tenant's default knows applications and service principals apart; other policies have one set for both. */
export interface StoredRestrictions {
  application: Restrictions
  servicePrincipal: Restrictions
}

export type PolicyRow = Omit<Selectable<AppManagementPolicyTable>, 'restrictions'> & { restrictions: StoredRestrictions }

const none: Restrictions = { passwordCredentials: [], keyCredentials: [] }
export const noRestrictions: StoredRestrictions = { application: none, servicePrincipal: none }

const parse = (row: Selectable<AppManagementPolicyTable>): PolicyRow => ({ ...row, restrictions: JSON.parse(row.restrictions) as StoredRestrictions })

export async function findManagementPolicy(db: Db, tenantId: string, id: string): Promise<PolicyRow | undefined> {
  const row = await db.selectFrom('appManagementPolicies').select(columns.appManagementPolicies).where('tenantId', '=', tenantId).where('id', '=', id).executeTakeFirst()
  return row && parse(row)
}

/** All but the default. */
export async function listManagementPolicies(db: Db, tenantId: string): Promise<PolicyRow[]> {
  const rows = await db.selectFrom('appManagementPolicies').select(columns.appManagementPolicies).where('tenantId', '=', tenantId).where('id', '<>', defaultPolicyId)
    .orderBy('displayName').orderBy('id').limit(100).execute()
  return rows.map(parse)
}

export async function saveManagementPolicy(trx: Db, { restrictions, ...row }: PolicyRow): Promise<void> {
  const { displayName, description, isEnabled } = row
  const rest = { displayName, description, isEnabled, restrictions: JSON.stringify(restrictions) }
  await trx.insertInto('appManagementPolicies').values({ ...row, ...rest }).onConflict(clash => clash.columns(['tenantId', 'id']).doUpdateSet(rest)).execute()
}

export async function deleteManagementPolicy(trx: Db, tenantId: string, id: string): Promise<boolean> {
  const row = await trx.deleteFrom('appManagementPolicies').where('tenantId', '=', tenantId).where('id', '=', id).returning('id').executeTakeFirst()
  return row !== undefined
}

/** An object follows one policy at most: another is a unique violation. */
export async function linkManagementPolicy(trx: Db, link: { tenantId: string; policyId: string; objectId: string; objectType: string }): Promise<void> {
  await trx.insertInto('appManagementPolicyLinks').values(link).execute()
}

export async function unlinkManagementPolicy(trx: Db, tenantId: string, policyId: string, objectId: string): Promise<boolean> {
  const row = await trx.deleteFrom('appManagementPolicyLinks').where('tenantId', '=', tenantId).where('policyId', '=', policyId).where('objectId', '=', objectId)
    .returning('objectId').executeTakeFirst()
  return row !== undefined
}

export async function policyLinkedTo(db: Db, tenantId: string, objectId: string): Promise<PolicyRow | undefined> {
  const row = await db.selectFrom('appManagementPolicyLinks').select('policyId').where('tenantId', '=', tenantId).where('objectId', '=', objectId).executeTakeFirst()
  return row && findManagementPolicy(db, tenantId, row.policyId)
}

export function listPolicyLinks(db: Db, tenantId: string, policyId: string): Promise<{ objectId: string; objectType: string }[]> {
  return db.selectFrom('appManagementPolicyLinks').select(['objectId', 'objectType']).where('tenantId', '=', tenantId).where('policyId', '=', policyId)
    .orderBy('objectId').limit(999).execute()
}

/** The policies that bear on an object: its own, and the tenant's, with what each says of objects of this type. */
export async function policiesFor(db: Db, tenantId: string, objectId: string, type: 'application' | 'servicePrincipal'): Promise<{ own: ManagementPolicy | undefined; tenantDefault: ManagementPolicy | undefined }> {
  const of = (row: PolicyRow | undefined): ManagementPolicy | undefined => row && { id: row.id, isEnabled: row.isEnabled, restrictions: row.restrictions[type] }
  return { own: of(await policyLinkedTo(db, tenantId, objectId)), tenantDefault: of(await findManagementPolicy(db, tenantId, defaultPolicyId)) }
}
