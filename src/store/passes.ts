import type { Insertable } from 'kysely'
import type { Db } from '../app.ts'
import type { TemporaryAccessPassTable } from './tables.ts'

const columns = [
  'id', 'userId', 'hash', 'startDateTime', 'lifetimeInMinutes', 'isUsableOnce', 'triesLeft', 'usedAt', 'createdDateTime', 'createdBy',
] as const

export interface PassRow {
  id: string
  userId: string
  hash: string
  startDateTime: number
  lifetimeInMinutes: number
  isUsableOnce: boolean
  triesLeft: number
  usedAt: number | null
  createdDateTime: number
  createdBy: string | null
}

export async function insertPass(trx: Db, row: Insertable<TemporaryAccessPassTable>): Promise<void> {
  await trx.insertInto('temporaryAccessPasses').values(row).execute()
}

/** The pass of a person; there is never more than one (sspr §4.7). */
export function findPass(db: Db, tenantId: string, userId: string): Promise<PassRow | undefined> {
  return db
    .selectFrom('temporaryAccessPasses')
    .select(columns)
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .orderBy('createdDateTime', 'desc')
    .executeTakeFirst()
}

export async function deletePasses(trx: Db, tenantId: string, userId: string): Promise<number> {
  const done = await trx.deleteFrom('temporaryAccessPasses').where('tenantId', '=', tenantId).where('userId', '=', userId).executeTakeFirst()
  return Number(done.numDeletedRows)
}

/** Takes one try before the pass is compared (T-04, LD-27). */
export function reservePassTry(db: Db, tenantId: string, id: string): Promise<PassRow | undefined> {
  return db
    .updateTable('temporaryAccessPasses')
    .set(eb => ({ triesLeft: eb('triesLeft', '-', 1) }))
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
    .where('triesLeft', '>', 0)
    .returning(columns)
    .executeTakeFirst()
}

/**
 * Marks the pass as used and gives its tries back, for it was right. With `once` only the first caller gets true (T-05).
 */
export async function usePass(trx: Db, tenantId: string, id: string, once: boolean, tries: number, now: number): Promise<boolean> {
  let update = trx
    .updateTable('temporaryAccessPasses')
    .set({ usedAt: now, triesLeft: tries })
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
  if (once) update = update.where('usedAt', 'is', null)
  return (await update.executeTakeFirst()).numUpdatedRows > 0n
}
