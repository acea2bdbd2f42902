/** How many live objects of a kind a tenant has, kept beside them: a `$count` reads one row (graph §2.4). */
import type { Db } from '../app.ts'

export type CountedKind = 'user' | 'group'

/**
 * To be called in the transaction that adds or removes objects, before its audit record: whoever writes both takes the two rows in the
 * same order.
 */
export async function addToCount(trx: Db, tenantId: string, kind: CountedKind, more: number): Promise<void> {
  await trx
    .insertInto('directoryCounts')
    .values({ tenantId, kind, count: more })
    .onConflict(clash => clash.columns(['tenantId', 'kind']).doUpdateSet(eb => ({ count: eb('directoryCounts.count', '+', more) })))
    .execute()
}

export async function readCount(db: Db, tenantId: string, kind: CountedKind): Promise<number> {
  const row = await db.selectFrom('directoryCounts').select('count').where('tenantId', '=', tenantId).where('kind', '=', kind).executeTakeFirst()
  return row?.count ?? 0
}
