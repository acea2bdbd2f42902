/**
 * Counters against guessing, flooding and pumping (sspr §5.7, T-04, T-20, T-21). A try is reserved before anything is compared:
 * the row is locked, counted and written back in one transaction, so that of many at once exactly the allowed number get
 * through, in all processes. The counting itself is rules/throttle.ts.
 */
import type { Db } from '../app.ts'
import type { ThrottleState } from '../rules/facts.ts'
import { countEvent, countPoint, emptyThrottle, takeBackEvent, takeBackPoint } from '../rules/throttle.ts'
import type { Counter, Limit, ThrottleKey } from '../rules/throttle.ts'
import { inTransaction, isPostgres } from './engine.ts'
import { endOfPrefix } from './names.ts'
import { prepared } from './prepared.ts'
import type { Prepared } from './prepared.ts'

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
export async function reserve(db: Db, { tenantId, key, kind, now }: Try): Promise<Reserved> {
  const [reserved] = await reserveAll(db, { tenantId, now, tries: [{ key, kind }] })
  return reserved!
}

export interface Tries {
  tenantId: string
  now: number
  /** `look`: answered as the others and not counted. A key stands here once. */
  tries: readonly (Pick<Try, 'key' | 'kind'> & { look?: boolean })[]
  /** Counts none of those that come after the first refusal, and says nothing of them. */
  untilRefused?: boolean
}

/** Counts several tries of one moment in the two statements that one of them takes. Answers in the order of the tries. */
export function reserveAll(db: Db, { tenantId, now, tries, untilRefused = false }: Tries): Promise<Reserved[]> {
  return inTransaction(db, async trx => {
    const rows = await lock(trx, tenantId, tries, now)
    const answers: Reserved[] = []
    const counted: KeptLimit[] = []
    for (const { key, kind, look } of tries) {
      const step = count(rows.get(key), kind, now)
      answers.push(step.reserved)
      if (!look) counted.push({ key, ...step.row }) // also when refused: the refusal may have locked
      if (untilRefused && !step.reserved.served) break
    }
    await save(trx, tenantId, counted)
    return answers
  })
}

/**
 * Takes a try back, in the transaction that found it right: `at` is the `now` it was reserved with. A lock it caused goes too.
 */
export function takeBack(db: Db, { tenantId, key, kind, at, now }: Omit<Try, 'now'> & { at: number; now: number }): Promise<void> {
  return inTransaction(db, async trx => {
    const row = (await lock(trx, tenantId, [{ key }], now)).get(key)
    const left = typeof kind === 'string' ? throttleRow(takeBackEvent(throttleOf(row), kind, at), now) : counterRow(takeBackPoint(counterOf(row), limitOf(kind), at), kind, now)
    await save(trx, tenantId, [{ key, ...left }])
  })
}

/** Whether a try would be served now; reserves nothing, so decide nothing by it. */
export async function peek(db: Db, { tenantId, key, kind, now }: Try): Promise<Reserved> {
  return count(await find(db, tenantId, key), kind, now).reserved
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

interface KeptLimit extends LimitState {
  key: string
  expiresAt: number
}

/**
 * Holds the counters still until the transaction ends. On SQLite every transaction has the file to itself; on PostgreSQL writing is
 * what locks a row, and the insert makes sure that there is one. Always in the order of the keys, or two could wait for each other.
 */
async function lock(trx: Db, tenantId: string, tries: readonly { key: string; look?: boolean }[], now: number): Promise<Map<string, LimitState>> {
  const rows: (LimitState & { key: string })[] = []
  const looks = isPostgres(trx) ? tries.filter(one => one.look) : tries
  if (looks.length > 0) rows.push(...(await finding(looks.length).all(trx, { tenantId, ...numbered('key', looks.map(one => one.key)) })))
  const counts = isPostgres(trx) ? tries.filter(one => !one.look) : []
  if (counts.length > 0) {
    rows.push(...(await trx
      .insertInto('limits')
      .values(counts.map(one => one.key).sort().map(key => ({ tenantId, key, points: '[]', lockedUntil: null, expiresAt: now, version: 1 })))
      .onConflict(clash => clash.columns(['tenantId', 'key']).doUpdateSet(eb => ({ version: eb('limits.version', '+', 1) })))
      .returning(['key', 'points', 'lockedUntil'])
      .execute()))
  }
  return new Map(rows.map(row => [row.key, row]))
}

async function save(trx: Db, tenantId: string, rows: readonly KeptLimit[]): Promise<void> {
  if (rows.length === 0) return
  const values = rows.map(({ key, points, lockedUntil, expiresAt }, n) => ({
    [`key${n}`]: key, [`points${n}`]: points, [`lockedUntil${n}`]: lockedUntil, [`expiresAt${n}`]: expiresAt,
  }))
  await saving(rows.length).run(trx, Object.assign({ tenantId }, ...values) as Record<string, string | number | null>)
}

async function find(db: Db, tenantId: string, key: string): Promise<LimitState | undefined> {
  return finding(1).first(db, { tenantId, key0: key })
}

const numbered = (name: string, values: readonly string[]): Record<string, string> => Object.fromEntries(values.map((value, n) => [name + n, value]))
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

/** A query for so many counters; they are few, so each number's is kept. */
function forEach<Values extends object, Row>(make: (count: number) => Prepared<Values, Row>): (count: number) => Prepared<Values, Row> {
  const made = new Map<number, Prepared<Values, Row>>()
  return count => {
    const kept = made.get(count) ?? make(count)
    made.set(count, kept)
    return kept
  }
}

const finding = forEach(count =>
  prepared<Record<string, string>>()((db, value) =>
    db.selectFrom('limits').select(['key', 'points', 'lockedUntil']).where('tenantId', '=', value('tenantId'))
      .where('key', 'in', upTo(count).map((n): string => value(`key${n}`))),
  ),
)

const saving = forEach(count =>
  prepared<Record<string, string | number | null>>()((db, value) =>
    db.insertInto('limits')
      .values(upTo(count).map(n => ({
        tenantId: value('tenantId'), key: value(`key${n}`), points: value(`points${n}`), lockedUntil: value(`lockedUntil${n}`),
        expiresAt: value(`expiresAt${n}`), version: 1,
      })))
      .onConflict(clash => clash.columns(['tenantId', 'key']).doUpdateSet(eb => ({
        points: eb.ref('excluded.points'), lockedUntil: eb.ref('excluded.lockedUntil'), expiresAt: eb.ref('excluded.expiresAt'),
      }))),
  ),
)

/** What one try comes to, and what the counter is after it. */
function count(row: LimitState | undefined, kind: Try['kind'], now: number): { reserved: Reserved; row: Omit<KeptLimit, 'key'> } {
  if (typeof kind === 'string') {
    const { served, state } = countEvent(throttleOf(row), kind, now)
    return { reserved: served ? { served } : { served, until: blockedUntil(state, now) }, row: throttleRow(state, now) }
  }
  const counted = countPoint(counterOf(row), limitOf(kind), now)
  return { reserved: counted.served ? { served: true } : { served: false, until: counted.until }, row: counterRow(counted.counter, kind, now) }
}

const day = 86_400_000
const limitOf = ({ limit, windowMs, lockMs = 0, locks = 'reached' }: PlainLimit): Limit => ({ limit, windowMs, lockMs, locks })

function counterOf(row: LimitState | undefined): Counter {
  return { points: row ? (JSON.parse(row.points) as number[]) : [], lockedUntil: row?.lockedUntil ?? null }
}

function counterRow({ points, lockedUntil }: Counter, { windowMs }: PlainLimit, now: number): Omit<KeptLimit, 'key'> {
  return { points: JSON.stringify(points), lockedUntil, expiresAt: Math.max(lockedUntil ?? 0, now + windowMs) }
}

type KeptThrottle = Pick<ThrottleState, 'events' | 'lockedBy'>

function throttleOf(row: LimitState | undefined): ThrottleState {
  if (!row || row.points === '[]') return { ...emptyThrottle, lockedUntil: row?.lockedUntil ?? null }
  const { events, lockedBy } = JSON.parse(row.points) as KeptThrottle
  return { events, lockedBy, lockedUntil: row.lockedUntil }
}

function throttleRow({ events, lockedBy, lockedUntil }: ThrottleState, now: number): Omit<KeptLimit, 'key'> {
  const kept: KeptThrottle = { events, lockedBy }
  return { points: JSON.stringify(kept), lockedUntil, expiresAt: Math.max(lockedUntil ?? 0, now + day) }
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
