/**
 * The audit log (T-77): written in the transaction of what it tells of, one chain for each tenant. Every row's hash covers the
 * row and the hash before it, so a row that is changed, taken out or moved shows; the newest hash is kept in the head, whose row
 * is also the lock that keeps the chain in one line, and from time to time in a checkpoint signed with a key from outside.
 */
import { createHash } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import { isPostgres, pageSize } from './engine.ts'
import { insertMany } from './insert-many.ts'
import { prepared } from './prepared.ts'
import type { AuditTable } from './tables.ts'
import { timedId } from './timed-id.ts'

export type AuditRow = Selectable<AuditTable>
export type AuditService = 'Self-service Password Management' | 'Authentication Methods' | 'Core Directory'

export interface AuditEntry {
  tenantId: string
  at: number
  service: AuditService
  category: string
  /** The activity as it is published: 'Reset password (self-service)' … */
  activity: string
  result: 'success' | 'failure' | 'timeout' | 'unknown'
  resultReason?: string | null
  correlationId: string
  initiatedBy: {
    userId?: string
    userPrincipalName?: string
    displayName?: string
    roles?: readonly string[]
    ipAddress?: string
    /** Instead of a user: an application's id or name. */
    app?: string
    servicePrincipalId?: string
  }
  targets: readonly {
    type: string
    id: string
    displayName?: string
    modifiedProperties?: readonly { displayName: string; oldValue: string | null; newValue: string | null }[]
  }[]
  additionalDetails?: readonly { key: string; value: string }[]
}

/** What the first row of a chain follows. */
export const genesis = 'genesis'

/**
 * Appends one row. Only inside a transaction, and last in it: the tenant's other appends wait until it ends. No audit, no change
 * when this throws, everything is undone.
 */
export function appendAudit(trx: Db, entry: AuditEntry): Promise<void> {
  return appendAuditAll(trx, entry.tenantId, [entry])
}

/** The same for several entries of one tenant, in their order, at little more than the price of one. */
export async function appendAuditAll(trx: Db, tenantId: string, entries: readonly AuditEntry[]): Promise<void> {
  if (!trx.isTransaction) throw new Error('appendAudit belongs in the transaction of the change it tells of')
  if (entries.length === 0) return
  const head = await lockHead(trx, tenantId)
  const rows: AuditRow[] = []
  for (const entry of entries) rows.push(rowOf(tenantId, entry, rows.at(-1) ?? head))
  await insertRows(trx, rows)
  const { sequence, hash } = rows.at(-1)!
  await moveHead.run(trx, { tenantId, sequence, hash })
}

const insertRows = insertMany('audit', columns.audit, 50)

function rowOf(tenantId: string, entry: AuditEntry, before: { sequence: number; hash: string }): AuditRow {
  const row = {
    tenantId,
    sequence: before.sequence + 1,
    id: timedId(entry.at),
    activityDateTime: entry.at,
    service: entry.service,
    category: entry.category,
    activity: entry.activity,
    result: entry.result,
    resultReason: entry.resultReason ?? null,
    correlationId: entry.correlationId,
    initiatorId: entry.initiatedBy.userId ?? entry.initiatedBy.app ?? null,
    targetId: entry.targets[0]?.id ?? null,
    initiatedBy: JSON.stringify(entry.initiatedBy),
    targets: JSON.stringify(entry.targets),
    additionalDetails: JSON.stringify(entry.additionalDetails ?? []),
    previousHash: before.hash,
  }
  return { ...row, hash: hashOf(row) }
}

const headOf = prepared<{ tenantId: string }>()((db, value) => {
  const head = db.selectFrom('auditHeads').select(['sequence', 'hash']).where('tenantId', '=', value('tenantId'))
  return isPostgres(db) ? head.forUpdate() : head
})
const moveHead = prepared<{ tenantId: string; sequence: number; hash: string }>()((db, value) =>
  db.updateTable('auditHeads').set({ sequence: value('sequence'), hash: value('hash') }).where('tenantId', '=', value('tenantId')))

async function lockHead(trx: Db, tenantId: string): Promise<{ sequence: number; hash: string }> {
  const head = await headOf.first(trx, { tenantId })
  if (head) return head
  await trx.insertInto('auditHeads').values({ tenantId, sequence: 0, hash: genesis }).onConflict(clash => clash.column('tenantId').doNothing()).execute()
  return headOf.only(trx, { tenantId })
}

/** The columns in one fixed order, as JSON, which is the same text for the same row on both engines. */
export function hashOf(row: Omit<AuditRow, 'hash'>): string {
  const values = [
    row.tenantId, row.sequence, row.id, row.activityDateTime, row.service, row.category, row.activity, row.result, row.resultReason,
    row.correlationId, row.initiatorId, row.targetId, row.initiatedBy, row.targets, row.additionalDetails, row.previousHash,
  ]
  return createHash('sha256').update(JSON.stringify(values)).digest('base64url')
}

export interface AuditPage {
  tenantId: string
  filter?: {
    correlationId?: string
    activity?: string
    category?: string
    service?: string
    result?: string
    initiatorId?: string
    targetId?: string
    /** From this moment on … */
    from?: number
    /** … and before this one. */
    to?: number
    id?: string
  }
  /** The last row of the page before. */
  after?: { activityDateTime: number; sequence: number } | undefined
  /** 1 to 999; 100 when not given. */
  top?: number | undefined
}

/** A page of the log, the newest first. */
export function listAudit(db: Db, { tenantId, filter = {}, after, top }: AuditPage): Promise<AuditRow[]> {
  const { from, to, ...equal } = filter
  let query = db.selectFrom('audit').select(columns.audit).where('tenantId', '=', tenantId)
  for (const [column, value] of Object.entries(equal)) {
    if (value !== undefined) query = query.where(column as keyof typeof equal, '=', value)
  }
  if (from !== undefined) query = query.where('activityDateTime', '>=', from)
  if (to !== undefined) query = query.where('activityDateTime', '<', to)
  if (after) query = query.where(eb => eb(eb.refTuple('activityDateTime', 'sequence'), '<', eb.tuple(after.activityDateTime, after.sequence)))
  return query.orderBy('activityDateTime', 'desc').orderBy('sequence', 'desc').limit(pageSize(top)).execute()
}
