/**
 * What is to be sent or worked on later: written in the transaction of its cause, taken under a lease, removed when done.
 * A worker that dies leaves its rows to the next one; the dedupe id goes to the provider, so that a person gets one message.
 */
import { randomUUID } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import { isPostgres } from './engine.ts'
import { prepared } from './prepared.ts'
import type { OutboxTable } from './tables.ts'

export type OutboxRow = Selectable<OutboxTable>
/** The channel of wake.ts on which the dispatcher waits. */
export const outboxChannel = 'outbox'

export interface NewOutboxRow {
  tenantId: string
  id?: string
  /** `batch`: jobs that are worked on many at once. */
  kind: 'mail' | 'sms' | 'job' | 'batch'
  payloadSealed: string
  recipientIndex?: string | null
  /** A second row with the same one is not written. Its own id when not given. */
  dedupeId?: string
  now: number
  /** Not before; now when not given. */
  availableAt?: number
  /** Never after. */
  expiresAt: number
}

/** Writes a row in the caller's transaction; undefined when one with its dedupe id was there already. Wake `outboxChannel` too. */
export async function enqueue(trx: Db, { now, ...message }: NewOutboxRow): Promise<string | undefined> {
  const id = message.id ?? randomUUID()
  const row = await adding.first(trx, {
    tenantId: message.tenantId,
    id,
    kind: message.kind,
    payloadSealed: message.payloadSealed,
    recipientIndex: message.recipientIndex ?? null,
    dedupeId: message.dedupeId ?? id,
    createdAt: now,
    availableAt: message.availableAt ?? now,
    expiresAt: message.expiresAt,
  })
  return row?.id
}

type Added = Pick<OutboxRow, 'tenantId' | 'id' | 'kind' | 'payloadSealed' | 'recipientIndex' | 'dedupeId' | 'createdAt' | 'availableAt' | 'expiresAt'>

const adding = prepared<Added>()((db, value) =>
  db
    .insertInto('outbox')
    .values({
      tenantId: value('tenantId'), id: value('id'), kind: value('kind'), payloadSealed: value('payloadSealed'), recipientIndex: value('recipientIndex'),
      dedupeId: value('dedupeId'), createdAt: value('createdAt'), availableAt: value('availableAt'), expiresAt: value('expiresAt'),
      leaseUntil: null, attempts: 0, lastError: null,
    })
    .onConflict(clash => clash.columns(['tenantId', 'dedupeId']).doNothing())
    .returning('id'))

const qualified = columns.outbox.map(column => `outbox.${column}` as const)

export interface Take {
  now: number
  /** Nobody else takes the rows before this time has passed. */
  leaseMs: number
  /** Rows at most, 1 to 100. */
  max: number
  /** Only of these kinds. */
  kinds?: readonly OutboxRow['kind'][]
}

/** Takes rows that are due, in the order in which they came due; each is taken by one of any number of workers. */
export async function takeDue(db: Db, { now, leaseMs, max, kinds }: Take): Promise<OutboxRow[]> {
  let due = db
    .selectFrom('outbox as due')
    .select(['due.tenantId', 'due.id'])
    .where('due.availableAt', '<=', now)
    .where('due.expiresAt', '>', now)
    .where(eb => eb.or([eb('due.leaseUntil', 'is', null), eb('due.leaseUntil', '<=', now)]))
    .orderBy('due.availableAt')
    .orderBy('due.createdAt')
    .orderBy('due.id')
    .limit(Math.min(Math.max(max, 1), 100))
  if (kinds) due = due.where('due.kind', 'in', kinds)
  if (isPostgres(db)) due = due.forUpdate().skipLocked() // on SQLite one writes at a time anyway
  // Asked for apart, so that the engine cannot ask again and lock more rows than were wanted.
  const taken = await db
    .with('taken', () => due)
    .updateTable('outbox')
    .from('taken')
    .set(eb => ({ leaseUntil: now + leaseMs, attempts: eb('outbox.attempts', '+', 1) }))
    .whereRef('outbox.tenantId', '=', 'taken.tenantId')
    .whereRef('outbox.id', '=', 'taken.id')
    .returning(qualified)
    .execute()
  return taken.sort((a, b) => a.availableAt - b.availableAt || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
}

/** Done: the rows go. Those that somebody else has by now (our lease ran out) stay with them. */
export async function finishAll(db: Db, rows: readonly Pick<OutboxRow, 'tenantId' | 'id' | 'attempts'>[]): Promise<void> {
  for (const { tenantId, id, attempts } of rows) await removing.run(db, { tenantId, id, attempts })
}

const removing = prepared<Pick<OutboxRow, 'tenantId' | 'id' | 'attempts'>>()((db, value) =>
  db.deleteFrom('outbox').where('tenantId', '=', value('tenantId')).where('id', '=', value('id')).where('attempts', '=', value('attempts')))

/** Done: the row goes, with what was in it. False when somebody else has it by now (our lease ran out). */
export async function finish(db: Db, row: Pick<OutboxRow, 'tenantId' | 'id' | 'attempts'>): Promise<boolean> {
  const { tenantId, id, attempts } = row
  return (await removing.run(db, { tenantId, id, attempts })) > 0
}

/** Not now: back in the line for `at`. `error` is for the operator and holds nothing of the message. */
export async function retryLater(db: Db, row: Pick<OutboxRow, 'tenantId' | 'id' | 'attempts'>, at: number, error: string): Promise<boolean> {
  const kept = await db
    .updateTable('outbox')
    .set({ availableAt: at, leaseUntil: null, lastError: error.slice(0, 300) })
    .where('tenantId', '=', row.tenantId)
    .where('id', '=', row.id)
    .where('attempts', '=', row.attempts)
    .returning('id')
    .executeTakeFirst()
  return kept !== undefined
}

export type DroppedRow = Pick<OutboxRow, 'tenantId' | 'id' | 'kind' | 'recipientIndex' | 'payloadSealed' | 'lastError'>

/** Removes what was never sent and must not be any more, 500 at most, and returns it for the delivery log. */
export function dropExpired(db: Db, now: number): Promise<DroppedRow[]> {
  const expired = db.selectFrom('outbox as old').select('old.id').where('old.expiresAt', '<=', now).orderBy('old.expiresAt').limit(500)
  return db
    .deleteFrom('outbox')
    .where('id', 'in', expired)
    .where('expiresAt', '<=', now)
    .returning(['tenantId', 'id', 'kind', 'recipientIndex', 'payloadSealed', 'lastError'])
    .execute()
}

/** How many wait, and since when the oldest of them: for the health page. */
export async function outboxBacklog(db: Db, now: number): Promise<{ count: number; oldestDueAt: number | null }> {
  const row = await db
    .selectFrom('outbox')
    .select(eb => [eb.fn.countAll<number>().as('count'), eb.fn.min('availableAt').as('oldest')])
    .where('availableAt', '<=', now)
    .where('expiresAt', '>', now)
    .executeTakeFirstOrThrow()
  return { count: row.count, oldestDueAt: row.oldest }
}
