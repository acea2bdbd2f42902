import type { Insertable, Updateable } from 'kysely'
import type { Db } from '../app.ts'
import type { AuthenticationMethodTable } from './tables.ts'

const columns = [
  'id', 'userId', 'kind', 'displayName', 'valueSealed', 'valueIndex', 'oathStepSeconds', 'lastStep', 'origin', 'verifiedAt', 'heldUntil',
  'isDefault', 'createdDateTime', 'lastUsedAt',
] as const

export interface MethodRow {
  id: string
  userId: string
  kind: string
  displayName: string | null
  valueSealed: string
  valueIndex: string | null
  oathStepSeconds: number | null
  lastStep: number | null
  origin: string
  verifiedAt: number | null
  heldUntil: number | null
  isDefault: boolean
  createdDateTime: number
  lastUsedAt: number | null
}

/** Where the value of a method lives, for the key ring. */
export function methodPlace(tenantId: string, id: string) {
  return { tenantId, table: 'authenticationMethods', column: 'valueSealed', rowId: id }
}

/** The registered methods of a person, oldest first. */
export function listMethodRows(db: Db, tenantId: string, userId: string): Promise<MethodRow[]> {
  return db
    .selectFrom('authenticationMethods')
    .select(columns)
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .orderBy('createdDateTime')
    .orderBy('id')
    .limit(200)
    .execute()
}

export function findMethodRow(db: Db, tenantId: string, userId: string, id: string): Promise<MethodRow | undefined> {
  return db
    .selectFrom('authenticationMethods')
    .select(columns)
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .where('id', '=', id)
    .executeTakeFirst()
}

export async function insertMethodRow(trx: Db, row: Insertable<AuthenticationMethodTable>): Promise<void> {
  await trx.insertInto('authenticationMethods').values(row).execute()
}

export async function updateMethodRow(
  trx: Db,
  tenantId: string,
  userId: string,
  id: string,
  change: Updateable<AuthenticationMethodTable>,
): Promise<boolean> {
  const done = await trx
    .updateTable('authenticationMethods')
    .set(change)
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .where('id', '=', id)
    .executeTakeFirst()
  return done.numUpdatedRows > 0n
}

export async function deleteMethodRow(trx: Db, tenantId: string, userId: string, id: string): Promise<boolean> {
  const done = await trx
    .deleteFrom('authenticationMethods')
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .where('id', '=', id)
    .executeTakeFirst()
  return done.numDeletedRows > 0n
}

/** Registered destinations whose keyed hash is not of this key, 200 at most. */
export function methodsNotIndexedBy(db: Db, keyId: string): Promise<{ tenantId: string; id: string; valueSealed: string }[]> {
  return db
    .selectFrom('authenticationMethods')
    .select(['tenantId', 'id', 'valueSealed'])
    .where('valueIndex', 'is not', null)
    .where('valueIndex', 'not like', `${keyId}.%`)
    .limit(200)
    .execute()
}

/** Gives a destination its hash under another key, unless it was changed meanwhile. */
export async function reindexMethod(db: Db, row: { tenantId: string; id: string; valueSealed: string }, valueIndex: string): Promise<void> {
  await db
    .updateTable('authenticationMethods')
    .set({ valueIndex })
    .where('tenantId', '=', row.tenantId)
    .where('id', '=', row.id)
    .where('valueSealed', '=', row.valueSealed)
    .execute()
}

/** Makes one method the default and no other. */
export async function setDefaultMethodRow(trx: Db, tenantId: string, userId: string, id: string): Promise<void> {
  await trx
    .updateTable('authenticationMethods')
    .set({ isDefault: false })
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .where('isDefault', '=', true)
    .execute()
  await updateMethodRow(trx, tenantId, userId, id, { isDefault: true })
}

/** Accepts a TOTP step once: false when this step or a later one was accepted before (T-05). */
export async function takeStep(trx: Db, tenantId: string, id: string, step: number, now: number): Promise<boolean> {
  const done = await trx
    .updateTable('authenticationMethods')
    .set({ lastStep: step, lastUsedAt: now })
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
    .where(eb => eb.or([eb('lastStep', 'is', null), eb('lastStep', '<', step)]))
    .executeTakeFirst()
  return done.numUpdatedRows > 0n
}

/** Notes that a method has just proved its owner. */
export async function touchMethod(trx: Db, tenantId: string, id: string, now: number): Promise<void> {
  await trx.updateTable('authenticationMethods').set({ lastUsedAt: now }).where('tenantId', '=', tenantId).where('id', '=', id).execute()
}
