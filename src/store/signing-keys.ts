import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import { isPostgres } from './engine.ts'
import type { SigningKeyTable } from './oauth-tables.ts'

export type SigningKeyRow = Selectable<SigningKeyTable>

/** Every key of the tenant that is still published, the retired ones that wait for their end too; oldest first. */
export function listSigningKeys(db: Db, tenantId: string, now: number): Promise<SigningKeyRow[]> {
  return db
    .selectFrom('signingKeys')
    .select(columns.signingKeys)
    .where('tenantId', '=', tenantId)
    .where(eb => eb.or([eb('retireAt', 'is', null), eb('retireAt', '>', now)]))
    .orderBy('activeFrom')
    .orderBy('kid')
    .limit(100)
    .execute()
}

/** The lock under which keys of a tenant are made and followed, held to the end of the transaction. On SQLite a transaction is alone anyway. */
export async function lockSigningKeys(trx: Db, tenantId: string): Promise<void> {
  if (isPostgres(trx)) await trx.selectFrom('tenants').select('id').where('id', '=', tenantId).forUpdate().execute()
}

/** Adds a key; the former ones of its purpose and algorithm are published until `formerRetireAt`. */
export async function insertSigningKey(trx: Db, key: Insertable<SigningKeyTable>, formerRetireAt: number): Promise<void> {
  await trx
    .updateTable('signingKeys')
    .set({ retireAt: formerRetireAt })
    .where('tenantId', '=', key.tenantId)
    .where('purpose', '=', key.purpose)
    .where('algorithm', '=', key.algorithm)
    .where('retireAt', 'is', null)
    .execute()
  await trx.insertInto('signingKeys').values(key).execute()
}

/** A key that waits signs from this moment, and those before it go at `formerRetireAt`. @returns how many keys waited */
export async function useSigningKeys(trx: Db, tenantId: string, now: number, formerRetireAt: number): Promise<number> {
  const begun = await trx.updateTable('signingKeys').set({ activeFrom: now }).where('tenantId', '=', tenantId).where('activeFrom', '>', now).returning('kid').execute()
  if (begun.length > 0) {
    await trx.updateTable('signingKeys').set({ retireAt: formerRetireAt }).where('tenantId', '=', tenantId).where('activeFrom', '<', now).where('retireAt', '>', formerRetireAt).execute()
  }
  return begun.length
}

/** Removes keys whose time is over, of every tenant. @returns how many */
export async function dropRetiredSigningKeys(db: Db, now: number): Promise<number> {
  const result = await db.deleteFrom('signingKeys').where('retireAt', '<=', now).executeTakeFirst()
  return Number(result.numDeletedRows)
}
