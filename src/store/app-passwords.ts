import type { Insertable } from 'kysely'
import type { Db } from '../app.ts'
import type { AppPasswordTable } from './tables.ts'

const columns = ['id', 'userId', 'displayName', 'displayNameLower', 'lookupMac', 'hash', 'createdDateTime', 'lastUsedAt'] as const

export interface AppPasswordRow {
  id: string
  userId: string
  displayName: string
  displayNameLower: string
  lookupMac: string
  hash: string
  createdDateTime: number
  lastUsedAt: number | null
}

export async function insertAppPassword(trx: Db, row: Insertable<AppPasswordTable>): Promise<void> {
  await trx.insertInto('appPasswords').values(row).execute()
}

/** The app passwords of a person, oldest first. */
export function readAppPasswords(db: Db, tenantId: string, userId: string): Promise<AppPasswordRow[]> {
  return db
    .selectFrom('appPasswords')
    .select(columns)
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .orderBy('createdDateTime')
    .orderBy('id')
    .limit(200)
    .execute()
}

/** By keyed hash, so that one check costs one hash however many there are (T-73). */
export function findAppPassword(db: Db, tenantId: string, userId: string, lookupMacs: string[]): Promise<AppPasswordRow | undefined> {
  return db
    .selectFrom('appPasswords')
    .select(columns)
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .where('lookupMac', 'in', lookupMacs)
    .executeTakeFirst()
}

export async function deleteAppPasswordRow(trx: Db, tenantId: string, userId: string, id: string): Promise<AppPasswordRow | undefined> {
  return trx
    .deleteFrom('appPasswords')
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirst()
}

/** Ends all of them; returns how many there were. */
export async function deleteAppPasswordRows(trx: Db, tenantId: string, userId: string): Promise<number> {
  const done = await trx.deleteFrom('appPasswords').where('tenantId', '=', tenantId).where('userId', '=', userId).executeTakeFirst()
  return Number(done.numDeletedRows)
}

export async function touchAppPassword(db: Db, tenantId: string, id: string, now: number): Promise<void> {
  await db.updateTable('appPasswords').set({ lastUsedAt: now }).where('tenantId', '=', tenantId).where('id', '=', id).execute()
}
