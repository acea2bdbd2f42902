import { randomUUID } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { enqueue, outboxChannel } from '../store/outbox.ts'
import { outboxPlace } from './queue-message.ts'

/** What a worker does with a payload. It may run twice (the worker may die before it is noted), so it must bear that. */
export type JobHandler = (app: App, payload: unknown, job: { tenantId: string; id: string; attempt: number }) => Promise<void>

/** Throw it from a handler to end the job for good; any other error is tried again until the job expires. */
export class JobFailed extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'JobFailed'
  }
}

const handlers = new Map<string, JobHandler>()

/** Says how jobs of a kind are done; called once, when the room is loaded. */
export function defineJob(kind: string, handler: JobHandler): void {
  if (handlers.has(kind) && handlers.get(kind) !== handler) throw new Error(`The job ${kind} is defined twice`)
  handlers.set(kind, handler)
}

/**
 * Does many jobs of one kind and one tenant at once. `done` removes them, in the transaction that keeps what came of them; what throws
 * before is tried again, each by itself. May run twice, as a job may.
 */
export type BatchHandler = (app: App, batch: { tenantId: string; ids: readonly string[] }, done: (trx: Db) => Promise<void>) => Promise<void>

const batchHandlers = new Map<string, BatchHandler>()

/** Says how the jobs of a kind are done that strangers cause by the thousand: many at once, and nothing but an id to each. */
export function defineBatch(kind: string, handler: BatchHandler): void {
  if (batchHandlers.has(kind) && batchHandlers.get(kind) !== handler) throw new Error(`The batch ${kind} is defined twice`)
  batchHandlers.set(kind, handler)
}

export function batchHandler(kind: string): BatchHandler | undefined {
  return batchHandlers.get(kind)
}

/** The kind in the dedupe id of a row that `queueForBatch` wrote. */
export const batchKindOf = (dedupeId: string): string => dedupeId.slice(0, dedupeId.indexOf(':'))

/** Leaves an id for the next batch, in the transaction of its cause, announced to nobody (T-02): the worker finds it within a second. */
export async function queueForBatch(app: App, trx: Db, job: { tenantId: string; kind: string; id: string; expiresAt: number }): Promise<void> {
  const { tenantId, kind, id, expiresAt } = job
  await enqueue(trx, { tenantId, id, kind: 'batch', payloadSealed: '', dedupeId: `${kind}:${id}`, now: app.now(), expiresAt })
}

export function jobHandler(kind: string): JobHandler | undefined {
  return handlers.get(kind)
}

/**
 * Leaves work for the worker, in the transaction of its cause. The payload is sealed, plain JSON; it is worked on within
 * milliseconds of the commit, or at `availableAt`, and never after `expiresAt` (a day, if not said). With a `dedupeId` that
 * another row of the tenant waits with nothing happens. Returns the row's id, undefined when nothing was added. A `quiet` job is
 * announced to nobody: the worker finds it when it looks by itself, within a second, so that its work does not coincide with the
 * answer to the request that left it (T-02).
 */
export async function queueJob(
  app: App,
  trx: Db,
  job: { tenantId: string; kind: string; payload: unknown; availableAt?: number; expiresAt?: number; dedupeId?: string; quiet?: boolean },
): Promise<string | undefined> {
  const { tenantId, kind, payload } = job
  const id = randomUUID()
  const now = app.now()
  const added = await enqueue(trx, {
    tenantId,
    id,
    kind: 'job',
    payloadSealed: await app.keys.sealText(outboxPlace(tenantId, id), JSON.stringify({ kind, payload }), trx),
    dedupeId: job.dedupeId ?? id,
    now,
    availableAt: job.availableAt ?? now,
    expiresAt: job.expiresAt ?? (job.availableAt ?? now) + 86_400_000,
  })
  if (added !== undefined && !job.quiet) await app.wake.wake(trx, outboxChannel, id)
  return added
}
