import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import type { DomainTable } from './tables.ts'

export type DomainRow = Selectable<DomainTable>
export type NewDomain = Insertable<DomainTable>

export function listDomains(db: Db, tenantId: string): Promise<DomainRow[]> {
  return selectDomains(db, tenantId).execute()
}

export const selectDomains = (db: Db, tenantId: string) =>
  db.selectFrom('domains').select(columns.domains).where('tenantId', '=', tenantId).orderBy('id').limit(999)

export function findDomain(db: Db, tenantId: string, id: string): Promise<DomainRow | undefined> {
  return db.selectFrom('domains').select(columns.domains).where('tenantId', '=', tenantId).where('id', '=', id).executeTakeFirst()
}

/** A domain another tenant has is a unique violation. */
export async function insertDomain(trx: Db, domain: NewDomain): Promise<void> {
  await trx.insertInto('domains').values(domain).execute()
}

export async function updateDomain(trx: Db, tenantId: string, id: string, changes: Updateable<DomainTable>): Promise<boolean> {
  const row = await trx.updateTable('domains').set(changes).where('tenantId', '=', tenantId).where('id', '=', id).returning('id').executeTakeFirst()
  return row !== undefined
}

/** Makes one domain the default; the former one is not any more. */
export async function setDefaultDomain(trx: Db, tenantId: string, id: string): Promise<void> {
  await trx.updateTable('domains').set({ isDefault: false }).where('tenantId', '=', tenantId).where('id', '!=', id).execute()
  await trx.updateTable('domains').set({ isDefault: true }).where('tenantId', '=', tenantId).where('id', '=', id).execute()
}

export async function deleteDomain(trx: Db, tenantId: string, id: string): Promise<boolean> {
  const row = await trx.deleteFrom('domains').where('tenantId', '=', tenantId).where('id', '=', id).returning('id').executeTakeFirst()
  return row !== undefined
}
