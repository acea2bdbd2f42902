/** Long-running operations of the Graph surface: what became of a `resetPassword` that was answered with 202. */
import type { Selectable } from 'kysely'
import type { Db } from '../app.ts'
import type { OperationTable } from './tables.ts'

export type OperationRow = Selectable<OperationTable>
export type OperationStatus = 'notStarted' | 'running' | 'succeeded' | 'failed'

/** How long an outcome can be asked for; the row goes with the other old rows. */
export const operationLifetime = 24 * 60 * 60_000

const columns = ['tenantId', 'id', 'userId', 'kind', 'status', 'statusDetail', 'createdDateTime', 'lastActionDateTime', 'expiresAt'] as const

/** A new operation, not started. */
export async function insertOperation(db: Db, operation: { tenantId: string; id: string; userId: string; kind: string; now: number }): Promise<void> {
  const { now, ...row } = operation
  await db.insertInto('operations')
    .values({ ...row, status: 'notStarted', statusDetail: null, createdDateTime: now, lastActionDateTime: now, expiresAt: now + operationLifetime })
    .execute()
}

/** Notes how far it has come; `detail` is a reason code, never free text. A finished operation stays as it is. */
export async function moveOperation(db: Db, operation: { tenantId: string; id: string; status: OperationStatus; detail?: string; now: number }): Promise<void> {
  await db.updateTable('operations')
    .set({ status: operation.status, statusDetail: operation.detail ?? null, lastActionDateTime: operation.now })
    .where('tenantId', '=', operation.tenantId).where('id', '=', operation.id)
    .where('status', 'in', ['notStarted', 'running'])
    .execute()
}

/** The operation, if it belongs to this user of this tenant and can still be asked for. */
export async function findOperation(db: Db, where: { tenantId: string; userId: string; id: string; now: number }): Promise<OperationRow | undefined> {
  return db.selectFrom('operations').select(columns)
    .where('tenantId', '=', where.tenantId).where('id', '=', where.id).where('userId', '=', where.userId).where('expiresAt', '>', where.now)
    .executeTakeFirst()
}
