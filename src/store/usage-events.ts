import { randomUUID } from 'node:crypto'
import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import { pageSize } from './engine.ts'
import type { UsageEventTable } from './tables.ts'

export type UsageEventRow = Selectable<UsageEventTable>
export interface NewUsageEvent extends Omit<Insertable<UsageEventTable>, 'id' | 'feature' | 'status'> {
  feature: 'registration' | 'reset' | 'unlock' | 'change' | 'adminReset' | 'prompt'
  status: 'success' | 'failure' | 'skipped' | 'started'
}

/** Notes a registration or a reset for the usage reports (sspr §11.5). */
export async function addUsageEvent(db: Db, event: NewUsageEvent): Promise<void> {
  await db.insertInto('usageEvents').values({ ...event, id: randomUUID() }).execute()
}

export interface UsageEventPage {
  tenantId: string
  userId?: string | undefined
  feature?: string | undefined
  from?: number | undefined
  to?: number | undefined
  after?: { at: number; id: string } | undefined
  top?: number | undefined
}

/** A page of events, the newest first. */
export function listUsageEvents(db: Db, { tenantId, userId, feature, from, to, after, top }: UsageEventPage): Promise<UsageEventRow[]> {
  let query = db.selectFrom('usageEvents').select(columns.usageEvents).where('tenantId', '=', tenantId)
  if (userId !== undefined) query = query.where('userId', '=', userId)
  if (feature !== undefined) query = query.where('feature', '=', feature)
  if (from !== undefined) query = query.where('at', '>=', from)
  if (to !== undefined) query = query.where('at', '<', to)
  if (after) query = query.where(eb => eb(eb.refTuple('at', 'id'), '<', eb.tuple(after.at, after.id)))
  return query.orderBy('at', 'desc').orderBy('id', 'desc').limit(pageSize(top)).execute()
}
