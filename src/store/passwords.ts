import type { Updateable } from 'kysely'
import type { Db } from '../app.ts'
import { insertMany } from './insert-many.ts'
import { prepared } from './prepared.ts'
import type { PasswordTable } from './tables.ts'

const columns = [
  'tenantId', 'userId', 'hash', 'changedAt', 'forceChangePasswordNextSignIn', 'forceChangePasswordNextSignInWithMfa', 'temporaryUntil',
  'temporaryUsedAt', 'channel', 'lengthAtLeast15',
] as const

export type PasswordRow = Pick<PasswordTable, Exclude<(typeof columns)[number], 'tenantId'>> & { tenantId: string }

const passwordOf = prepared<{ tenantId: string; userId: string }>()((db, value) =>
  db.selectFrom('passwords').select(columns).where('tenantId', '=', value('tenantId')).where('userId', '=', value('userId')))

/** The password row of a person; undefined when none was ever kept. */
export function findPassword(db: Db, tenantId: string, userId: string): Promise<PasswordRow | undefined> {
  return passwordOf.first(db, { tenantId, userId })
}

/** Writes the password of a person, whether there was one before or not. */
export async function savePassword(trx: Db, row: PasswordRow): Promise<void> {
  const { tenantId, userId, ...rest } = row
  await trx
    .insertInto('passwords')
    .values({ tenantId, userId, ...rest })
    .onConflict(conflict => conflict.columns(['tenantId', 'userId']).doUpdateSet(rest))
    .execute()
}

/** First rows of many people who have none. */
export const insertPasswords = insertMany('passwords', columns, 100)

/** Replaces a hash by an equal one in a newer form, unless the password was set meanwhile. */
export async function renewHash(db: Db, tenantId: string, userId: string, former: string, hash: string): Promise<boolean> {
  const done = await db
    .updateTable('passwords')
    .set({ hash })
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .where('hash', '=', former)
    .executeTakeFirst()
  return done.numUpdatedRows > 0n
}

/** Spends a temporary password: true for the first use only (LD-27). */
export async function useTemporaryPassword(db: Db, tenantId: string, userId: string, now: number): Promise<boolean> {
  const done = await db
    .updateTable('passwords')
    .set({ temporaryUsedAt: now })
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .where('temporaryUsedAt', 'is', null)
    .executeTakeFirst()
  return done.numUpdatedRows > 0n
}

/** Changes flags of a password row without touching the password. */
export async function updatePassword(trx: Db, tenantId: string, userId: string, change: Updateable<PasswordTable>): Promise<boolean> {
  const done = await trx
    .updateTable('passwords')
    .set(change)
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .executeTakeFirst()
  return done.numUpdatedRows > 0n
}

/** How old everybody's password is, 500 people a page in order of their ids. */
export function listPasswordAges(db: Db, tenantId: string, after: string): Promise<Pick<PasswordRow, 'userId' | 'changedAt'>[]> {
  return db
    .selectFrom('passwords')
    .select(['userId', 'changedAt'])
    .where('tenantId', '=', tenantId)
    .where('userId', '>', after)
    .orderBy('userId')
    .limit(500)
    .execute()
}
