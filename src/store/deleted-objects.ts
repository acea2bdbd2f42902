/** The deleted items go for good after thirty days (graph §5.1): people and groups here, applications in deleted-applications.ts. */
import type { Db } from '../app.ts'
import { inTransaction } from './engine.ts'
import { deleteGroupForGood } from './groups.ts'
import { deleteUserForGood } from './users.ts'

/** Objects one transaction removes: each has rows in many tables. */
const portion = 50

/** @returns how many people and groups of the tenant went */
export async function purgePeopleAndGroups(db: Db, tenantId: string, deletedBefore: number): Promise<number> {
  let gone = 0
  for (const table of ['users', 'groups'] as const) {
    for (;;) {
      const rows = await db.selectFrom(table).select('id').where('tenantId', '=', tenantId).where('deletedDateTime', 'is not', null).where('deletedDateTime', '<', deletedBefore).limit(portion).execute()
      if (rows.length === 0) break
      await inTransaction(db, async trx => {
        for (const { id } of rows) gone += Number(await (table === 'users' ? deleteUserForGood : deleteGroupForGood)(trx, tenantId, id))
      })
    }
  }
  return gone
}
