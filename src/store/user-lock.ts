import type { Db } from '../app.ts'
import { isPostgres } from './engine.ts'

/**
 * Holds a person's row until the transaction ends, so that two changes of one person's credentials follow one another (T-87).
 * On SQLite a transaction that writes is alone anyway. False when there is no such person, or they are deleted.
 */
export async function lockUser(trx: Db, tenantId: string, userId: string): Promise<boolean> {
  let query = trx.selectFrom('users').select('id').where('tenantId', '=', tenantId).where('id', '=', userId).where('deletedDateTime', 'is', null)
  if (isPostgres(trx)) query = query.forUpdate()
  return (await query.executeTakeFirst()) !== undefined
}
