import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import { nameKey } from './names.ts'
import { prepared } from './prepared.ts'
import type { TenantTable } from './tables.ts'

export type TenantRow = Selectable<TenantTable>
export type NewTenant = Insertable<TenantTable>

const tenantById = prepared<{ id: string }>()((db, value) => db.selectFrom('tenants').select(columns.tenants).where('id', '=', value('id')))
const tenantByDomain = prepared<{ domain: string }>()((db, value) =>
  db.selectFrom('tenants').select(columns.tenants).where('id', 'in', db.selectFrom('domains').select('tenantId').where('id', '=', value('domain'))))
const chosenOrOldest = prepared<object>()(db =>
  db
    .selectFrom('tenants')
    .leftJoin('installation', join => join.on('installation.key', '=', 'defaultTenant').onRef('installation.value', '=', 'tenants.id'))
    .select(columns.tenants.map(column => `tenants.${column}` as const))
    .orderBy(eb => eb.case().when('installation.key', 'is', null).then(1).else(0).end())
    .orderBy('tenants.createdAt')
    .orderBy('tenants.id')
    .limit(1))

export function findTenant(db: Db, id: string): Promise<TenantRow | undefined> {
  return tenantById.first(db, { id })
}

/** The tenant that has the domain; a name belongs to one tenant of the installation (LD-41). */
export function findTenantByDomain(db: Db, domain: string): Promise<TenantRow | undefined> {
  return tenantByDomain.first(db, { domain: nameKey(domain) })
}

/** Where pages without a name go: the tenant the operator chose, else the oldest. */
export function defaultTenant(db: Db): Promise<TenantRow | undefined> {
  return chosenOrOldest.first(db, {})
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
