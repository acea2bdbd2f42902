import { randomInt } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { faultPoint } from '../fault-point.ts'
import { SealBroken } from '../keyring.ts'
import { insertDelivery } from '../store/deliveries.ts'
import type { DeliveryOutcome } from '../store/deliveries.ts'
import { dropExpired, finish, finishAll, outboxChannel, retryLater, takeDue } from '../store/outbox.ts'
import type { OutboxRow } from '../store/outbox.ts'
import { findTenant } from '../store/tenants.ts'
import { circuitBreaker } from './circuit-breaker.ts'
import type { CircuitBreaker } from './circuit-breaker.ts'
import { JobFailed, batchHandler, batchKindOf, jobHandler } from './jobs.ts'
import { PermanentFailure } from './message.ts'
import type { QueuedMessage, Senders } from './message.ts'
import { outboxPlace } from './queue-message.ts'
import { renderMail, renderText } from './render.ts'

export { defineJob, queueJob, JobFailed } from './jobs.ts'
export type { JobHandler } from './jobs.ts'

export interface Dispatcher {
  /** Lets what is under way finish and takes nothing more. */
  stop(): Promise<void>
  /** Works on what is due now, once; returns how many rows it handled. For tests and verbs; the loop does it by itself. */
  once(): Promise<number>
}

type Kind = 'mail' | 'sms' | 'job' | 'batch'

/** Each kind has its own places, so that a provider that hangs holds up nothing but its own messages. */
interface Lane {
  kind: Kind
  width: number
  leaseMs: number
  /** A row is given up after this long: well before its lease ends, so that nobody else takes it meanwhile. */
  patienceMs: number
  running: Set<Promise<void>>
  /** Batches that are not full rest in between, so that what comes meanwhile is done together. */
  restUntil?: number
  /** Jobs have none: one kind that fails must not stop the others. */
  breaker?: CircuitBreaker
}

const lookAgainAfter = 1_000
const firstRetry = 2_000
const longestRetry = 300_000

/**
 * Sends what the outbox holds and does its jobs: rows are taken under a lease, so a worker that dies loses nothing and
 * several workers do not send the same row at once; what fails is tried again, later each time, until it expires. A row is at
 * least once taken to the provider, each time with the same content and the same id to know it by.
 */
export function startDispatcher(app: App, senders: Senders, options: { loop?: boolean } = {}): Dispatcher {
  const lanes: Lane[] = [
    { kind: 'mail', width: 4, leaseMs: 60_000, patienceMs: 40_000, running: new Set(), breaker: circuitBreaker() },
    { kind: 'sms', width: 4, leaseMs: 60_000, patienceMs: 40_000, running: new Set(), breaker: circuitBreaker() },
    { kind: 'job', width: 4, leaseMs: 180_000, patienceMs: 150_000, running: new Set() },
    { kind: 'batch', width: 1, leaseMs: 180_000, patienceMs: 150_000, running: new Set() },
  ]
  const stopping = new AbortController()
  let pulse = () => {}

  async function fill(lane: Lane, looping: boolean): Promise<number> {
    const now = app.now()
    if (looping && performance.now() < (lane.restUntil ?? 0)) return 0
    const free = lane.width - lane.running.size
    const max = placesOf(lane, free, now)
    if (max <= 0) return 0
    const rows = await takeDue(app.db, { now, leaseMs: lane.leaseMs, max: lane.kind === 'batch' ? largestBatch : max, kinds: [lane.kind] })
    if (lane.kind === 'batch') lane.restUntil = rows.length > 0 && rows.length < largestBatch ? performance.now() + batchRest : 0
    const works = lane.kind === 'batch' ? batchesOf(rows).map(batch => runBatch(app, lane, batch)) : rows.map(row => run(app, senders, lane, row))
    for (const one of works) {
      const work = one.catch((error: unknown) => app.log.error('outbox row failed', { kind: lane.kind, error }))
      lane.running.add(work)
      void work.finally(() => {
        lane.running.delete(work)
        pulse()
      })
    }
    return rows.length
  }

  /** While a provider is suspected one message at a time is its trial. */
  function placesOf({ breaker, running }: Lane, free: number, now: number): number {
    if (!breaker) return free
    return breaker.openUntil() !== undefined && running.size > 0 ? 0 : breaker.allows(free, now)
  }

  async function round(looping: boolean): Promise<number> {
    const expired = await noteExpired(app)
    const taken = await Promise.all(lanes.map(lane => fill(lane, looping)))
    return taken.reduce((sum, one) => sum + one, expired)
  }

  function untilNextLook(): number {
    const rests = lanes.flatMap(({ restUntil = 0 }) => (restUntil > performance.now() ? [restUntil - performance.now()] : []))
    return Math.ceil(Math.min(lookAgainAfter, ...rests))
  }

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      // Listening begins before looking, or a row written in between would wait a second.
      const endWait = new AbortController()
      const woken = app.wake.waitFor(outboxChannel, untilNextLook(), AbortSignal.any([stopping.signal, endWait.signal]))
      const finished = new Promise<void>(resolve => (pulse = resolve))
      try {
        const taken = await round(true)
        if (taken === 0) await Promise.race([woken, finished])
      } catch (error) {
        app.log.warn('outbox not readable', { error })
        await woken
      }
      endWait.abort()
    }
    await Promise.all(lanes.flatMap(lane => [...lane.running]))
  }

  const ended = options.loop === false ? Promise.resolve() : loop()
  return {
    stop: async () => {
      stopping.abort()
      await ended
      await Promise.all(lanes.flatMap(lane => [...lane.running]))
      await senders.mail?.close?.()
      await senders.sms?.close?.()
    },
    once: async () => {
      const handled = await round(false)
      await Promise.all(lanes.flatMap(lane => [...lane.running]))
      return handled
    },
  }
}

async function run(app: App, senders: Senders, lane: Lane, row: OutboxRow): Promise<void> {
  let payload: QueuedMessage | { kind: string; payload: unknown } | undefined
  try {
    payload = JSON.parse(await app.keys.openText(outboxPlace(row.tenantId, row.id), row.payloadSealed)) as QueuedMessage
    await withPatience(lane.patienceMs, () => carryOut(app, senders, row, payload!))
    lane.breaker?.succeeded()
    faultPoint('dispatch.between')
    await settle(app, row, payload, 'sent', null)
  } catch (error) {
    await failed(app, lane, row, payload, error)
  }
}

async function failed(app: App, lane: Lane, row: OutboxRow, payload: QueuedMessage | { kind: string; payload: unknown } | undefined, error: unknown): Promise<void> {
  if (error instanceof PermanentFailure || error instanceof JobFailed || error instanceof SealBroken) {
    app.log.warn('outbox row given up', { id: row.id, kind: row.kind, error })
    await settle(app, row, payload, 'failed', error instanceof Error ? error.message.slice(0, 200) : null)
    return
  }
  lane.breaker?.failed(app.now())
  app.log.warn('outbox row will be tried again', { id: row.id, kind: row.kind, attempt: row.attempts, error })
  await retryLater(app.db, row, app.now() + retryDelay(row.attempts), error instanceof Error ? error.message.slice(0, 200) : 'failed')
}

/** Jobs of one kind and one tenant that are done together; so many that others are not held up for long by their transaction. */
const largestBatch = 32
/** Milliseconds; what waits for a batch is found within a second all the same. */
const batchRest = 500

function batchesOf(rows: readonly OutboxRow[]): OutboxRow[][] {
  return [...Map.groupBy(rows, row => `${batchKindOf(row.dedupeId)} ${row.tenantId}`).values()]
}

/** One that fails in company is tried by itself, so that it holds up nobody else's. */
async function runBatch(app: App, lane: Lane, rows: readonly OutboxRow[]): Promise<void> {
  const [first] = rows as [OutboxRow, ...OutboxRow[]]
  const kind = batchKindOf(first.dedupeId)
  try {
    const handler = batchHandler(kind)
    if (!handler) throw new JobFailed(`nobody does batches of the kind ${kind}`)
    const done = (trx: Db) => finishAll(trx, rows)
    await withPatience(lane.patienceMs, () => handler(app, { tenantId: first.tenantId, ids: rows.map(row => row.id) }, done))
  } catch (error) {
    if (rows.length > 1) for (const row of rows) await runBatch(app, lane, [row])
    else await failed(app, lane, first, undefined, error)
  }
}

async function carryOut(app: App, senders: Senders, row: OutboxRow, payload: QueuedMessage | { kind: string; payload: unknown }): Promise<void> {
  if ('kind' in payload) {
    const handler = jobHandler(payload.kind)
    if (!handler) throw new JobFailed(`nobody does jobs of the kind ${payload.kind}`)
    return handler(app, payload.payload, { tenantId: row.tenantId, id: row.id, attempt: row.attempts })
  }
  const tenant = await findTenant(app.db, row.tenantId)
  const context = { config: app.config, organisation: tenant?.displayName ?? '', dedupeId: row.dedupeId, at: app.now() }
  const { kind } = payload.to
  if (kind === 'mail' && senders.mail) return senders.mail.send(renderMail(payload, context))
  if (kind === 'sms' && senders.sms) return senders.sms.send(renderText(payload, context))
  throw new PermanentFailure('LK_METHOD_UNAVAILABLE')
}

/** The row goes and what became of it stays, together. */
async function settle(
  app: App,
  row: OutboxRow,
  payload: QueuedMessage | { kind: string; payload: unknown } | undefined,
  outcome: DeliveryOutcome,
  detail: string | null,
): Promise<void> {
  await app.db.transaction().execute(async trx => {
    if (isMessage(row)) await insertDelivery(trx, delivery(app, row, payload, outcome, detail))
    await finish(trx, row)
  })
}

const isMessage = (row: Pick<OutboxRow, 'kind'>): boolean => row.kind === 'mail' || row.kind === 'sms'

function delivery(app: App, row: Pick<OutboxRow, 'tenantId' | 'id' | 'kind' | 'recipientIndex'>, payload: unknown, outcome: DeliveryOutcome, detail: string | null) {
  const message = payload as Partial<QueuedMessage> | undefined
  return {
    tenantId: row.tenantId, id: row.id, kind: row.kind, messageName: message?.name ?? 'unknown', recipientIndex: row.recipientIndex,
    supportCode: message?.supportCode ?? null, outcome, detail, at: app.now(),
  }
}

/** What was not sent in time is not sent at all, and the log of deliveries says so. */
async function noteExpired(app: App): Promise<number> {
  const rows = await dropExpired(app.db, app.now())
  for (const row of rows) {
    if (!isMessage(row)) continue
    const payload = await app.keys.openText(outboxPlace(row.tenantId, row.id), row.payloadSealed).then(
      text => JSON.parse(text) as QueuedMessage,
      () => undefined,
    )
    await insertDelivery(app.db, delivery(app, row, payload, 'expired', row.lastError))
  }
  return rows.length
}

/** Twice as long each time, with a random half, so that messages that failed together do not come back together. */
function retryDelay(attempts: number): number {
  const whole = Math.min(firstRetry * 2 ** Math.min(attempts - 1, 20), longestRetry)
  return whole / 2 + randomInt(Math.ceil(whole / 2) + 1)
}

async function withPatience(milliseconds: number, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds)
  })
  try {
    await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}
