import type { Insertable } from 'kysely'
import type { Db } from '../app.ts'
import type { UserContactTable } from './tables.ts'

export interface ContactRow {
  id: string
  userId: string
  kind: string
  position: number
  valueSealed: string
  valueIndex: string
  wellFormed: boolean
  origin: string
  updatedAt: number
}

/** Where a contact's value lives, for the key ring. */
export function contactPlace(tenantId: string, id: string) {
  return { tenantId, table: 'userContacts', column: 'valueSealed', rowId: id }
}

/** Contact data of a person, by kind and position. */
export function listContactRows(db: Db, tenantId: string, userId: string): Promise<ContactRow[]> {
  return db
    .selectFrom('userContacts')
    .select(['id', 'userId', 'kind', 'position', 'valueSealed', 'valueIndex', 'wellFormed', 'origin', 'updatedAt'])
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .orderBy('kind')
    .orderBy('position')
    .limit(200)
    .execute()
}

/** Replaces every value of one kind. */
export async function replaceContacts(
  trx: Db,
  tenantId: string,
  userId: string,
  kind: string,
  rows: readonly Insertable<UserContactTable>[],
): Promise<void> {
  await trx.deleteFrom('userContacts').where('tenantId', '=', tenantId).where('userId', '=', userId).where('kind', '=', kind).execute()
  if (rows.length > 0) await trx.insertInto('userContacts').values([...rows]).execute()
}

/** Contact data whose keyed hash is not of this key, 200 at most. */
export function contactsNotIndexedBy(db: Db, keyId: string): Promise<{ tenantId: string; id: string; valueSealed: string }[]> {
  return db.selectFrom('userContacts').select(['tenantId', 'id', 'valueSealed']).where('valueIndex', 'not like', `${keyId}.%`).limit(200).execute()
}

/** Gives a value its hash under another key, unless it was changed meanwhile. */
export async function reindexContact(db: Db, row: { tenantId: string; id: string; valueSealed: string }, valueIndex: string): Promise<void> {
  await db
    .updateTable('userContacts')
    .set({ valueIndex })
    .where('tenantId', '=', row.tenantId)
    .where('id', '=', row.id)
    .where('valueSealed', '=', row.valueSealed)
    .execute()
}
