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
