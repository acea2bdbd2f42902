/**
 * How many rows strangers can make a tenant keep (T-29). Everything they can create ends by itself; here is the bound for a flood
 * that is quicker than that. Beyond it the oldest go, and never what holds a door shut: of the counters only those go that stand
 * under a name or an address somebody merely typed or came from. The counters of real accounts and real destinations (proofs,
 * N-SEND, budgets of texts) are as many as the directory is large and stay, so a flood frees no guess and lets no message out.
 */
import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Db } from '../app.ts'
import { breathe, dropSome } from './old-rows.ts'

export type CappedTable = 'limits' | 'signInLockouts' | 'resets' | 'challenges' | 'onceOnly' | 'signIns' | 'usageEvents' | 'programSignIns' | 'authorizationRequests' | 'deviceCodes'

/** Rows of one tenant. A lock-out in force is renewed with every try, so to push one out takes longer than to wait for its end. */
export const rowCaps: Readonly<Record<CappedTable, number>> = {
  limits: 200_000,
  signInLockouts: 200_000,
  resets: 200_000,
  challenges: 100_000,
  onceOnly: 200_000,
  signIns: 500_000,
  usageEvents: 500_000,
  programSignIns: 500_000,
  authorizationRequests: 50_000,
  deviceCodes: 50_000,
}

/** From here on a tenant takes nothing more from strangers. */
export interface Overrun {
  /** Jobs that wait: some ten seconds of a worker's time. */
  waitingJobs: number
  /** Resets begun within an hour: each makes a few audit records, and those stay. */
  startsAnHour: number
}

export const overrun: Overrun = { waitingJobs: 5_000, startsAnHour: 100_000 }

/** True while more jobs wait than that. */
export async function areJobsOverrun(db: Db, tenantId: string, now: number, { waitingJobs }: Overrun): Promise<boolean> {
  const waiting = db.selectFrom('outbox').select('id').where('tenantId', '=', tenantId).where('kind', 'in', ['job', 'batch']).where('availableAt', '<=', now)
  return (await waiting.limit(1).offset(waitingJobs).executeTakeFirst()) !== undefined
}

/** True when more resets were begun within the last hour. Walks over all of them in a flood: not to be asked all the time. */
export async function areStartsOverrun(db: Db, tenantId: string, now: number, { startsAnHour }: Overrun): Promise<boolean> {
  const begun = db.selectFrom('resets').select('id').where('tenantId', '=', tenantId).where('expiresAt', '>', now - hour + resetLife)
  return (await begun.limit(1).offset(startsAnHour).executeTakeFirst()) !== undefined
}

const hour = 3_600_000
/** How long a reset lives (LD-19): found by its end, for which there is an index. */
const resetLife = 15 * 60_000

const own = sql.ref('tenantId')
const expiry = sql.ref('expiresAt')
const counter = sql.ref('key')
/** Ids of accounts hold no dot, keyed hashes of names do. */
const ofStrangers = [
  'signin-address:%', 'suspicion:%', 'identify:%', 'pass:%', 'recovery:nobody %', 'recovery:%.%', 'contact-1h:%.%', 'contact-24h:%.%', 'spray-name:%', 'spray:%', 'client-auth:%',
  'device-start:%', 'authorize:%',
]
const nobody = sql`${sql.ref('userId')} is null`

const capped: Readonly<Record<CappedTable, { key: readonly string[]; order: RawBuilder<unknown>; only?: RawBuilder<unknown> }>> = {
  limits: { key: ['tenantId', 'key'], order: expiry, only: sql`(${sql.join(ofStrangers.map(form => sql`${counter} like ${form}`), sql` or `)})` },
  signInLockouts: { key: ['tenantId', 'accountKey', 'place'], order: expiry },
  resets: { key: ['tenantId', 'id'], order: expiry },
  challenges: { key: ['tenantId', 'id'], order: expiry },
  onceOnly: { key: ['tenantId', 'key'], order: expiry },
  // What is recorded of people stays its time; what was tried in the name of nobody may go.
  signIns: { key: ['tenantId', 'id'], order: sql.ref('at'), only: nobody },
  usageEvents: { key: ['tenantId', 'id'], order: sql.ref('at'), only: nobody },
  programSignIns: { key: ['tenantId', 'id'], order: sql.ref('id'), only: sql`${sql.ref('servicePrincipalId')} is null` },
  authorizationRequests: { key: ['tenantId', 'idHash'], order: expiry },
  deviceCodes: { key: ['tenantId', 'deviceCodeHash'], order: expiry },
}

/** Rows that one statement removes. */
const portion = 500

/** Removes what is beyond the tenant's caps, the oldest first. @returns how many rows of which table went */
export async function dropBeyondCaps(
  db: Db, tenantId: string, caps: Partial<Record<CappedTable, number>> = rowCaps,
): Promise<Partial<Record<CappedTable, number>>> {
  const gone: Partial<Record<CappedTable, number>> = {}
  for (const [table, cap] of Object.entries(caps) as [CappedTable, number][]) {
    const { key, order, only } = capped[table]
    const of = (tenant: RawBuilder<unknown>) => (only ? sql`${tenant} = ${tenantId} and ${only}` : sql`${tenant} = ${tenantId}`)
    let over = await countBeyond(db, table, of(own), cap)
    // By the order's own index; the tenant's would have all its rows sorted for each portion.
    const fits = order === expiry ? of(sql`${own} || ''`) : of(own)
    while (over > 0) {
      const dropped = await dropSome(db, table, key, { fits, order, most: Math.min(over, portion) })
      if (dropped === 0) break
      gone[table] = (gone[table] ?? 0) + dropped
      over -= dropped
      await breathe()
    }
  }
  return gone
}

async function countBeyond(db: Db, table: CappedTable, fits: RawBuilder<unknown>, cap: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.table(table)} where ${fits}`.execute(db)
  return rows[0]!.count - cap
}
