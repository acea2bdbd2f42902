/**
 * Counters against guessing, flooding and pumping (sspr §5.7, T-04, T-20, T-21). A try is reserved before anything is compared:
 * the row is locked, counted and written back in one transaction, so that of many at once exactly the allowed number get
 * through, in all processes. The counting itself is rules/throttle.ts.
 */
import type { Db } from '../app.ts'
import type { ThrottleState } from '../rules/facts.ts'
import { countEvent, countPoint, emptyThrottle, takeBackEvent, takeBackPoint } from '../rules/throttle.ts'
import type { Counter, Limit, ThrottleKey } from '../rules/throttle.ts'
import { inTransaction } from './engine.ts'
import { endOfPrefix } from './names.ts'

/** A counter of its own: so many in a window of milliseconds, then a lock of milliseconds, or none. */
export interface PlainLimit {
  limit: number
  windowMs: number
  lockMs?: number
  /** When the lock begins (rules/throttle.ts); with the event that reaches the limit when not given. */
  locks?: Limit['locks']
}

export interface Try {
  tenantId: string
  /**
   * `<kind>:<keyed hash or id>`. One key is used with one kind of limit: either an account's recovery, where events of several
   * kinds share one lock, or a counter of its own.
   */
  key: string
  /** What is tried: an event of an account's recovery (sspr §5.7), or a plain limit. */
  kind: ThrottleKey | PlainLimit
  now: number
}

export type Reserved = { served: true } | { served: false; until: number }

/** Counts one try. The one that reaches the limit is served, the next is refused; refused ones lengthen nothing. */
export function reserve(db: Db, { tenantId, key, kind, now }: Try): Promise<Reserved> {
  return inTransaction(db, async trx => {
    const row = await lock(trx, tenantId, key, now)
    if (typeof kind === 'string') {
      const state = throttleOf(row)
      const step = countEvent(state, kind, now)
      await saveThrottle(trx, tenantId, key, step.state, now) // also when refused: the refusal may have locked
      return step.served ? { served: true } : { served: false, until: blockedUntil(step.state, now) }
    }
    const counted = countPoint(counterOf(row), limitOf(kind), now)
    await saveCounter(trx, tenantId, key, counted.counter, kind, now)
    return counted.served ? { served: true } : { served: false, until: counted.until }
  })
}

/**
 * Takes a try back, in the transaction that found it right: `at` is the `now` it was reserved with. A lock it caused goes too.
 */
export function takeBack(db: Db, { tenantId, key, kind, at, now }: Omit<Try, 'now'> & { at: number; now: number }): Promise<void> {
  return inTransaction(db, async trx => {
    const row = await lock(trx, tenantId, key, now)
    if (typeof kind === 'string') await saveThrottle(trx, tenantId, key, takeBackEvent(throttleOf(row), kind, at), now)
    else await saveCounter(trx, tenantId, key, takeBackPoint(counterOf(row), limitOf(kind), at), kind, now)
  })
}

/** Whether a try would be served now; reserves nothing, so decide nothing by it. */
export async function peek(db: Db, { tenantId, key, kind, now }: Try): Promise<Reserved> {
  const row = await find(db, tenantId, key)
  if (typeof kind === 'string') {
    const step = countEvent(throttleOf(row), kind, now)
    return step.served ? { served: true } : { served: false, until: blockedUntil(step.state, now) }
  }
  const counted = countPoint(counterOf(row), limitOf(kind), now)
  return counted.served ? { served: true } : { served: false, until: counted.until }
}

/** The recovery tries of one account, as the rules read them. */
export async function readThrottle(db: Db, tenantId: string, key: string): Promise<ThrottleState> {
  return throttleOf(await find(db, tenantId, key))
}

/** Forgets every counter whose key begins with the prefix, as after a reset or an administrator's unlock. */
export async function clear(db: Db, tenantId: string, keyPrefix: string): Promise<void> {
  if (keyPrefix === '') throw new Error('Name the counters to clear: an empty prefix would mean all of them')
  await db.deleteFrom('limits').where('tenantId', '=', tenantId).where('key', '>=', keyPrefix).where('key', '<', endOfPrefix(keyPrefix)).execute()
}

/** The same for several counters at once, each named in full; 999 at most. */
export async function clearKeys(db: Db, tenantId: string, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return
  await db.deleteFrom('limits').where('tenantId', '=', tenantId).where('key', 'in', keys.slice(0, 999)).execute()
}

interface LimitState {
  points: string
  lockedUntil: number | null
}

/** Writing is what locks a row on both engines; the insert makes sure that there is one. */
async function lock(trx: Db, tenantId: string, key: string, now: number): Promise<LimitState> {
  return trx
    .insertInto('limits')
    .values({ tenantId, key, points: '[]', lockedUntil: null, expiresAt: now, version: 1 })
    .onConflict(clash => clash.columns(['tenantId', 'key']).doUpdateSet(eb => ({ version: eb('limits.version', '+', 1) })))
    .returning(['points', 'lockedUntil'])
    .executeTakeFirstOrThrow()
}

function find(db: Db, tenantId: string, key: string): Promise<LimitState | undefined> {
  return db.selectFrom('limits').select(['points', 'lockedUntil']).where('tenantId', '=', tenantId).where('key', '=', key).executeTakeFirst()
}

const day = 86_400_000
const limitOf = ({ limit, windowMs, lockMs = 0, locks = 'reached' }: PlainLimit): Limit => ({ limit, windowMs, lockMs, locks })

function counterOf(row: LimitState | undefined): Counter {
  return { points: row ? (JSON.parse(row.points) as number[]) : [], lockedUntil: row?.lockedUntil ?? null }
}

async function saveCounter(trx: Db, tenantId: string, key: string, counter: Counter, { windowMs }: PlainLimit, now: number): Promise<void> {
  const expiresAt = Math.max(counter.lockedUntil ?? 0, now + windowMs)
  await save(trx, tenantId, key, { points: JSON.stringify(counter.points), lockedUntil: counter.lockedUntil, expiresAt })
}

type KeptThrottle = Pick<ThrottleState, 'events' | 'lockedBy'>

function throttleOf(row: LimitState | undefined): ThrottleState {
  if (!row || row.points === '[]') return { ...emptyThrottle, lockedUntil: row?.lockedUntil ?? null }
  const { events, lockedBy } = JSON.parse(row.points) as KeptThrottle
  return { events, lockedBy, lockedUntil: row.lockedUntil }
}

async function saveThrottle(trx: Db, tenantId: string, key: string, { events, lockedBy, lockedUntil }: ThrottleState, now: number): Promise<void> {
  const kept: KeptThrottle = { events, lockedBy }
  await save(trx, tenantId, key, { points: JSON.stringify(kept), lockedUntil, expiresAt: Math.max(lockedUntil ?? 0, now + day) })
}

async function save(trx: Db, tenantId: string, key: string, row: LimitState & { expiresAt: number }): Promise<void> {
  await trx.updateTable('limits').set(row).where('tenantId', '=', tenantId).where('key', '=', key).execute()
}

/** Refused without a lock is refused by a full window: it lets go when its oldest event leaves, which is not later than a day. */
const blockedUntil = (state: ThrottleState, now: number): number => state.lockedUntil ?? now + day

/** The same over all tenants, for what the installation pays in one sum. */
export async function countPointsEverywhere(db: Db, key: string, since: number): Promise<number> {
  const rows = await db.selectFrom('limits').select(['points', 'lockedUntil']).where('key', '=', key).where('expiresAt', '>', since).limit(999).execute()
  return rows.reduce((sum, row) => sum + counterOf(row).points.filter(at => at >= since).length, 0)
}

/** How many events a plain counter has counted since a moment. For reports and alarms; decide nothing by it. */
export async function countPoints(db: Db, tenantId: string, key: string, since: number): Promise<number> {
  return counterOf(await find(db, tenantId, key)).points.filter(at => at >= since).length
}
