import type { Db } from '../app.ts'

export type DeliveryOutcome = 'sent' | 'failed' | 'expired' | 'suppressed'

export interface DeliveryRow {
  tenantId: string
  id: string
  kind: string
  messageName: string
  recipientIndex: string | null
  supportCode: string | null
  outcome: DeliveryOutcome
  detail: string | null
  at: number
}

/** Notes what became of a message: never its content, the recipient only as a keyed hash (sspr §9.2). */
export async function insertDelivery(db: Db, row: DeliveryRow): Promise<void> {
  await db.insertInto('deliveries').values(row).onConflict(conflict => conflict.columns(['tenantId', 'id']).doNothing()).execute()
}

/** What became of the messages to one recipient or of one support code, newest first: evidence for the diagnosis. */
export function listDeliveries(
  db: Db,
  options: { tenantId: string; recipientIndexes?: readonly string[]; supportCode?: string; since?: number; top: number },
): Promise<DeliveryRow[]> {
  let query = db
    .selectFrom('deliveries')
    .select(['tenantId', 'id', 'kind', 'messageName', 'recipientIndex', 'supportCode', 'outcome', 'detail', 'at'])
    .where('tenantId', '=', options.tenantId)
  if (options.recipientIndexes) query = query.where('recipientIndex', 'in', [...options.recipientIndexes, ''])
  if (options.supportCode !== undefined) query = query.where('supportCode', '=', options.supportCode)
  if (options.since !== undefined) query = query.where('at', '>=', options.since)
  return query.orderBy('at', 'desc').orderBy('id').limit(Math.min(options.top, 999)).execute() as Promise<DeliveryRow[]>
}
