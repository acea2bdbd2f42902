/**
 * What happened in a stretch of time, counted for the reports (sspr §11.5). A stretch may hold a million rows, so it is cut into
 * slices that a statement can count without holding anybody up.
 */
import { sql } from 'kysely'
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import { breathe } from './old-rows.ts'
import type { UsageEventRow } from './usage-events.ts'

/** From one moment on and before another. */
export interface Stretch {
  tenantId: string
  from: number
  to: number
}

/** Rows that one statement counts, more only where they bear the same millisecond. */
export const sliceSize = 5_000
const day = 24 * 60 * 60_000

/** The stretch in parts, oldest first, each of about `sliceSize` rows; the loop is free between them. */
async function* slices(db: Db, table: 'signIns' | 'usageEvents', { tenantId, from, to }: Stretch): AsyncGenerator<Stretch, void> {
  for (let at = from; at < to; await breathe()) {
    const next = await db
      .selectFrom(table as 'usageEvents')
      .select('at')
      .where('tenantId', '=', tenantId)
      .where('at', '>=', at)
      .where('at', '<', to)
      .orderBy('at')
      .orderBy('id')
      .offset(sliceSize)
      .limit(1)
      .executeTakeFirst()
    const end = next === undefined ? to : Math.max(next.at, at + 1)
    yield { tenantId, from: at, to: end }
    at = end
  }
}

export interface SignInCount {
  /** Midnight in UTC. */
  day: number
  /** What was proved, in the order given. */
  proofs: string[]
  count: number
}

/** How often people signed in on each day, and with what; only sign-ins that succeeded, and by people themselves. */
export async function countSignIns(db: Db, stretch: Stretch): Promise<SignInCount[]> {
  const counts = new Map<string, SignInCount>()
  const dayNumber = sql<number>`${sql.ref('at')} / ${sql.lit(day)}`
  for await (const { tenantId, from, to } of slices(db, 'signIns', stretch)) {
    const rows = await db
      .selectFrom('signIns')
      .select([dayNumber.as('dayNumber'), 'proofs', eb => eb.fn.countAll<number>().as('count')])
      .where('tenantId', '=', tenantId)
      .where('at', '>=', from)
      .where('at', '<', to)
      .where('kind', '=', 'interactive')
      .where('result', '=', 'success')
      .groupBy([dayNumber, 'proofs'])
      .execute()
    for (const row of rows) {
      const key = `${row.dayNumber} ${row.proofs}`
      const known = counts.get(key)
      if (known) known.count += row.count
      else counts.set(key, { day: row.dayNumber * day, proofs: JSON.parse(row.proofs) as string[], count: row.count })
    }
  }
  return [...counts.entries()].toSorted(([a, one], [b, other]) => one.day - other.day || Number(a > b) - Number(a < b)).map(([, count]) => count)
}

export interface UsageCount {
  /** Midnight in UTC. */
  day: number
  feature: string
  method: string | null
  status: string
  failureReason: string | null
  count: number
}

/** How often each feature was used on each day, with which method and outcome. */
export async function countUsage(db: Db, stretch: Stretch): Promise<UsageCount[]> {
  const counts = new Map<string, UsageCount>()
  const dayNumber = sql<number>`${sql.ref('at')} / ${sql.lit(day)}`
  for await (const { tenantId, from, to } of slices(db, 'usageEvents', stretch)) {
    const rows = await db
      .selectFrom('usageEvents')
      .select([dayNumber.as('dayNumber'), 'feature', 'method', 'status', 'failureReason', eb => eb.fn.countAll<number>().as('count')])
      .where('tenantId', '=', tenantId)
      .where('at', '>=', from)
      .where('at', '<', to)
      .groupBy([dayNumber, 'feature', 'method', 'status', 'failureReason'])
      .execute()
    for (const { dayNumber: number, ...row } of rows) {
      const key = JSON.stringify([String(number).padStart(8, '0'), row.feature, row.method ?? '', row.status, row.failureReason ?? ''])
      const known = counts.get(key)
      if (known) known.count += row.count
      else counts.set(key, { day: number * day, ...row })
    }
  }
  return [...counts.entries()].toSorted(([a], [b]) => Number(a > b) - Number(a < b)).map(([, count]) => count)
}

/** Every event of these features, oldest first. */
export async function* everyUsageEvent(db: Db, stretch: Stretch, features: readonly string[]): AsyncGenerator<UsageEventRow, void> {
  for await (const { tenantId, from, to } of slices(db, 'usageEvents', stretch)) {
    yield* await db
      .selectFrom('usageEvents')
      .select(columns.usageEvents)
      .where('tenantId', '=', tenantId)
      .where('at', '>=', from)
      .where('at', '<', to)
      .where('feature', 'in', features)
      .orderBy('at')
      .orderBy('id')
      .execute()
  }
}
