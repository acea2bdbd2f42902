import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import { readInstallation } from './installation.ts'
import { nameKey } from './names.ts'
import type { TenantTable } from './tables.ts'

export type TenantRow = Selectable<TenantTable>
export type NewTenant = Insertable<TenantTable>

export function findTenant(db: Db, id: string): Promise<TenantRow | undefined> {
  return db.selectFrom('tenants').select(columns.tenants).where('id', '=', id).executeTakeFirst()
}

/** The tenant that has the domain; a name belongs to one tenant of the installation (LD-41). */
export function findTenantByDomain(db: Db, domain: string): Promise<TenantRow | undefined> {
  const ofDomain = db.selectFrom('domains').select('tenantId').where('id', '=', nameKey(domain))
  return db.selectFrom('tenants').select(columns.tenants).where('id', 'in', ofDomain).executeTakeFirst()
}

/** Where pages without a name go: the tenant the operator chose, else the oldest. */
export async function defaultTenant(db: Db): Promise<TenantRow | undefined> {
  const chosen = await readInstallation(db, 'defaultTenant')
  const tenant = chosen === undefined ? undefined : await findTenant(db, chosen)
  return tenant ?? db.selectFrom('tenants').select(columns.tenants).orderBy('createdAt').orderBy('id').limit(1).executeTakeFirst()
}

export function listTenants(db: Db): Promise<TenantRow[]> {
  return db.selectFrom('tenants').select(columns.tenants).orderBy('createdAt').orderBy('id').limit(999).execute()
}

export async function insertTenant(trx: Db, tenant: NewTenant): Promise<void> {
  await trx.insertInto('tenants').values(tenant).execute()
}

export async function updateTenant(trx: Db, id: string, changes: Partial<Pick<TenantRow, 'displayName' | 'defaultLocale' | 'suspendedAt'>>): Promise<void> {
  await trx.updateTable('tenants').set(changes).where('id', '=', id).execute()
}

/** Every session of the tenant is dead at its next request. */
export async function endTenantSessions(trx: Db, tenantId: string): Promise<void> {
  await trx
    .updateTable('tenants')
    .set(eb => ({ sessionEpoch: eb('sessionEpoch', '+', 1) }))
    .where('id', '=', tenantId)
    .execute()
}
