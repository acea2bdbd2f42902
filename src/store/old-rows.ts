import { sql } from 'kysely'
import type { Db } from '../app.ts'
import { deleteOldChallenges } from './challenges.ts'
import { dropExpiredOperations } from './operations.ts'
import { deleteOldResets } from './resets.ts'
import type { Database } from './tables.ts'

const hour = 3_600_000
const day = 24 * hour

/** How long what is over stays for questions about it: a recovery and its support code, deliveries, sign-ins. */
const keep = { challenges: hour, resets: 7 * day, sessions: day, deliveries: 30 * day, signIns: 90 * day, places: 90 * day }
/** Rows of one table that one call removes: SQLite's calls hold up the loop. The rest goes next time. */
const most = 500

/**
 * Removes rows that are over and decide nothing any more (T-29, T-73); doing it twice, or in two processes, does no harm.
 * @returns how many went
 */
export async function dropOldRows(db: Db, now: number): Promise<number> {
  let gone = await deleteOldChallenges(db, now - keep.challenges)
  gone += await deleteOldResets(db, now - keep.resets)
  gone += await dropExpiredOperations(db, now)
  gone += await drop(db, 'sessions', 'idHash', 'expiresAt', now - keep.sessions)
  gone += await drop(db, 'limits', 'key', 'expiresAt', now)
  gone += await drop(db, 'onceOnly', 'key', 'expiresAt', now)
  gone += await drop(db, 'signInLockouts', 'accountKey', 'expiresAt', now)
  gone += await drop(db, 'familiarPlaces', 'placeMac', 'lastSuccessAt', now - keep.places)
  gone += await drop(db, 'deliveries', 'id', 'at', now - keep.deliveries)
  gone += await drop(db, 'signIns', 'id', 'at', now - keep.signIns)
  return gone
}

/** The outer condition is asked again on the row itself: a counter that was used meanwhile has a later moment and stays. */
async function drop(db: Db, table: keyof Database, key: string, moment: string, before: number): Promise<number> {
  const [from, tenant, id, at] = [sql.table(table), sql.ref('tenantId'), sql.ref(key), sql.ref(moment)]
  const old = sql`select ${tenant}, ${id} from ${from} where ${at} < ${before} limit ${sql.lit(most)}`
  const done = await sql`delete from ${from} where (${tenant}, ${id}) in (${old}) and ${at} < ${before}`.execute(db)
  return Number(done.numAffectedRows ?? 0)
}
