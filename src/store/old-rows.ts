/**
 * What has had its time goes: rows with an end of their own soon after it, records after the time they are kept for questions.
 * Always in small portions, for SQLite's calls hold up the loop; doing it twice, or in two processes, does no harm. The audit is
 * not among them: the server's role may not touch it, and `latchkey audit prune` cuts it from its oldest end (LD-53).
 */
import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../app.ts'
import { earliestId } from './timed-id.ts'
import type { Database } from './tables.ts'

const hour = 3_600_000
const day = 24 * hour

/** How long each stays after its `expiresAt`: codes go within a day (T-73), the rest when it is of no use to anyone. */
const expiring: readonly { table: keyof Database; key: readonly string[]; keep: number }[] = [
  { table: 'limits', key: ['tenantId', 'key'], keep: 0 },
  { table: 'onceOnly', key: ['tenantId', 'key'], keep: 0 },
  { table: 'signInLockouts', key: ['tenantId', 'accountKey', 'place'], keep: 0 },
  { table: 'challenges', key: ['tenantId', 'id'], keep: hour },
  { table: 'sessions', key: ['idHash'], keep: hour },
  { table: 'operations', key: ['tenantId', 'id'], keep: 0 },
  { table: 'authorizationRequests', key: ['tenantId', 'idHash'], keep: 0 },
  { table: 'authorizationCodes', key: ['tenantId', 'codeHash'], keep: hour }, // so that a late second use is seen
  { table: 'deviceCodes', key: ['tenantId', 'deviceCodeHash'], keep: hour }, // so that a late poll hears why
  { table: 'refreshTokens', key: ['tenantId', 'tokenHash'], keep: 0 },
  { table: 'tokenFamilies', key: ['tenantId', 'id'], keep: day },
  { table: 'resets', key: ['tenantId', 'id'], keep: 30 * day }, // the support code can be looked up for a month
]

/** Of one tenant, by its index on time. Password events are kept as long as usage, and of each person the newest for good (D-11). */
const recorded: readonly { table: 'deliveries' | 'signIns' | 'usageEvents'; keep: number }[] = [
  { table: 'deliveries', keep: 30 * day },
  { table: 'signIns', keep: 90 * day },
  { table: 'usageEvents', keep: 400 * day }, // a year and the month it is compared with
]
const passwordEventsKept = 400 * day
/** Their ids begin with the time, so they need no index for this. */
const programSignInsKept = 30 * day
/** As long as a place counts as familiar (sspr §7.5). */
const placesKept = 90 * day

/** Rows of one table that one statement removes. */
const portion = 500

/** Removes everything that ended by itself. @returns how many rows went */
export async function dropExpiredRows(db: Db, now: number): Promise<number> {
  let gone = 0
  for (const { table, key, keep } of expiring) {
    const expiresAt = sql.ref('expiresAt')
    gone += await inPortions(() => dropSome(db, table, key, { fits: sql`${expiresAt} < ${now - keep}`, still: sql`+${expiresAt} < ${now - keep}`, order: expiresAt, most: portion }))
  }
  return gone
}

/** Removes the records of one tenant that nobody will ask for any more. @returns how many rows went */
export async function dropOldRecords(db: Db, tenantId: string, now: number): Promise<number> {
  let gone = 0
  const own = sql`${sql.ref('tenantId')} = ${tenantId}`
  for (const { table, keep } of recorded) {
    const at = sql.ref('at')
    gone += await inPortions(() => dropSome(db, table, ['tenantId', 'id'], { fits: sql`${own} and ${at} < ${now - keep}`, order: at, most: portion }))
  }
  const before = sql`${own} and ${sql.ref('id')} < ${earliestId(now - programSignInsKept)}`
  gone += await inPortions(() => dropSome(db, 'programSignIns', ['tenantId', 'id'], { fits: before, order: sql.ref('id'), most: portion }))
  return gone + (await dropOldPasswordEvents(db, tenantId, now - passwordEventsKept))
}

/** Forgets places nobody has signed in from for long. @returns how many rows went */
export function dropOldPlaces(db: Db, now: number): Promise<number> {
  const seen = sql.ref('lastSuccessAt')
  const key = ['tenantId', 'accountKey', 'kind', 'placeMac']
  return inPortions(() => dropSome(db, 'familiarPlaces', key, { fits: sql`${seen} < ${now - placesKept}`, still: sql`+${seen} < ${now - placesKept}`, order: seen, most: portion }))
}

/** Walks over all of them once, for those that stay lie in between. */
async function dropOldPasswordEvents(db: Db, tenantId: string, before: number): Promise<number> {
  let gone = 0
  let last = { at: -1, id: '' }
  for (;;) {
    const { at, id } = last
    const page = await db
      .selectFrom('passwordEvents')
      .select(['at', 'id'])
      .where('tenantId', '=', tenantId)
      .where('at', '<', before)
      .where(eb => eb(eb.refTuple('at', 'id'), '>', eb.tuple(at, id)))
      .orderBy('at')
      .orderBy('id')
      .limit(portion)
      .execute()
    if (page.length === 0) return gone
    const done = await db
      .deleteFrom('passwordEvents')
      .where('tenantId', '=', tenantId)
      .where('id', 'in', page.map(row => row.id))
      .where(eb =>
        eb.exists(
          eb
            .selectFrom('passwordEvents as newer')
            .select('newer.id')
            .whereRef('newer.tenantId', '=', 'passwordEvents.tenantId')
            .whereRef('newer.userId', '=', 'passwordEvents.userId')
            .where(newer => newer(newer.refTuple('newer.at', 'newer.id'), '>', newer.refTuple('passwordEvents.at', 'passwordEvents.id'))),
        ),
      )
      .executeTakeFirst()
    gone += Number(done.numDeletedRows)
    last = page.at(-1)!
    await breathe()
  }
}

export interface Some {
  fits: RawBuilder<unknown>
  /** Asked again of the row itself, which may have changed meanwhile. Written so that no index serves it: the rows are found by key. */
  still?: RawBuilder<unknown>
  order: RawBuilder<unknown>
  most: number
}

/** Removes at most `most` rows that fit, those first in order first. */
export async function dropSome(db: Db, table: keyof Database, key: readonly string[], { fits, still, order, most }: Some): Promise<number> {
  const [from, names] = [sql.table(table), sql.join(key.map(name => sql.ref(name)))]
  const oldest = sql`select ${names} from ${from} where ${fits} order by ${order} limit ${most}`
  const done = await sql`delete from ${from} where (${names}) in (${oldest}) ${still ? sql`and ${still}` : sql``}`.execute(db)
  return Number(done.numAffectedRows ?? 0)
}

/** Until a portion comes back that was not full; others get their turn in between. */
async function inPortions(drop: () => Promise<number>): Promise<number> {
  for (let gone = 0; ; await breathe()) {
    const now = await drop()
    gone += now
    if (now < portion) return gone
  }
}

export const breathe = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
