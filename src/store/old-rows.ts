import { sql } from 'kysely'
import type { Db } from '../app.ts'
import type { Database } from './tables.ts'

const day = 86_400_000

/** How long what has no end of its own stays for questions about it. What expires is removed by the hall's housekeeping. */
const kept: readonly { table: keyof Database; key: string; moment: string; for: number }[] = [
  { table: 'deliveries', key: 'id', moment: 'at', for: 30 * day },
  { table: 'signIns', key: 'id', moment: 'at', for: 90 * day },
  { table: 'familiarPlaces', key: 'placeMac', moment: 'lastSuccessAt', for: 90 * day },
]
/** Rows of one table that one call removes: SQLite's calls hold up the loop. The rest goes next time. */
const most = 500

/** Removes the oldest rows of what only grows; doing it twice, or in two processes, does no harm. @returns how many went */
export async function dropOldRows(db: Db, now: number): Promise<number> {
  let gone = 0
  for (const { table, key, moment, for: time } of kept) {
    const before = now - time
    const [from, tenant, id, at] = [sql.table(table), sql.ref('tenantId'), sql.ref(key), sql.ref(moment)]
    const old = sql`select ${tenant}, ${id} from ${from} where ${at} < ${before} limit ${sql.lit(most)}`
    // Asked again of the row itself: a place that was used meanwhile stays.
    const done = await sql`delete from ${from} where (${tenant}, ${id}) in (${old}) and ${at} < ${before}`.execute(db)
    gone += Number(done.numAffectedRows ?? 0)
  }
  return gone
}
