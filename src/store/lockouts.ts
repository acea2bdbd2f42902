/**
 * Smart lock-out at sign-in (sspr §7.5, LD-36, T-22): one row for an account's familiar places and one for the others, also for
 * names nobody has, so that being locked tells nothing (LD-32). The steps are rules/lockout.ts.
 */
import type { Selectable } from 'kysely'
import type { Db } from '../app.ts'
import type { LockoutState } from '../rules/facts.ts'
import { isLockedOut, noLockout, recordFailure } from '../rules/lockout.ts'
import type { LockoutValues } from '../rules/lockout.ts'
import { inTransaction } from './engine.ts'
import { prepared } from './prepared.ts'
import type { SignInLockoutTable } from './tables.ts'

export type Place = 'familiar' | 'unfamiliar'

export interface SignInTry {
  tenantId: string
  /** Keyed hash of the name as typed, in small letters. */
  accountKey: string
  place: Place
  now: number
}

export type SignInReserved = { served: true } | { served: false; until: number }

const rowColumns = ['failures', 'lockCount', 'lockedUntil', 'lastBad', 'lastFailureAt'] as const
type Row = Pick<Selectable<SignInLockoutTable>, (typeof rowColumns)[number]>
const keptFor = 25 * 3_600_000 // an hour longer than the quiet day after which a state counts as new

type Key = Omit<SignInTry, 'now'>

const reading = prepared<Key>()((db, value) =>
  db.selectFrom('signInLockouts').select(rowColumns).where('tenantId', '=', value('tenantId')).where('accountKey', '=', value('accountKey')).where('place', '=', value('place')))
const forgiving = prepared<Key>()((db, value) =>
  db.deleteFrom('signInLockouts').where('tenantId', '=', value('tenantId')).where('accountKey', '=', value('accountKey')).where('place', '=', value('place')))
/**
 * Writing is what locks a row on both engines. Where there is none, the one that is made says all of the first failure, so that the
 * usual sign-in writes once; a row that was there differs from it in `expiresAt`.
 */
const locking = prepared<Key & Row & { expiresAt: number; known: number }>()((db, value) =>
  db
    .insertInto('signInLockouts')
    .values({
      tenantId: value('tenantId'), accountKey: value('accountKey'), place: value('place'), failures: value('failures'), lockCount: value('lockCount'),
      lockedUntil: value('lockedUntil'), lastBad: value('lastBad'), lastFailureAt: value('lastFailureAt'), expiresAt: value('expiresAt'),
    })
    .onConflict(clash => clash.columns(['tenantId', 'accountKey', 'place']).doUpdateSet({ expiresAt: value('known') }))
    .returning(rowColumns)
    .returning('expiresAt'))
const saving = prepared<Key & Row & { expiresAt: number }>()((db, value) =>
  db
    .updateTable('signInLockouts')
    .set({
      failures: value('failures'), lockCount: value('lockCount'), lockedUntil: value('lockedUntil'), lastBad: value('lastBad'),
      lastFailureAt: value('lastFailureAt'), expiresAt: value('expiresAt'),
    })
    .where('tenantId', '=', value('tenantId'))
    .where('accountKey', '=', value('accountKey'))
    .where('place', '=', value('place')))

/**
 * Counts a try as a wrong password before it is compared (T-04); when it turns out right, `forgiveSignIn` takes all back, and of
 * many at once no more than the threshold are ever compared. A refused try counts nothing. The same wrong password again, known
 * by `badHash` (a keyed hash), is compared and not counted.
 */
export function reserveSignIn(db: Db, attempt: SignInTry & { badHash: string; values: LockoutValues }): Promise<SignInReserved> {
  const { badHash, values, now } = attempt
  return inTransaction(db, async trx => {
    const first = recordFailure(noLockout, badHash, values, now)
    const state = await lock(trx, attempt, first)
    if (state === 'new') return { served: true }
    if (isLockedOut(state, now)) return { served: false, until: state.lockedUntil! }
    await save(trx, attempt, recordFailure(state, badHash, values, now))
    return { served: true }
  })
}

/** The account's state at one kind of place. */
export async function readLockout(db: Db, { tenantId, accountKey, place }: Omit<SignInTry, 'now'>): Promise<LockoutState> {
  const row = await reading.first(db, { tenantId, accountKey, place })
  return row ? stateOf(row) : noLockout
}

/** A right password from one kind of place ends what was counted there; the other place's lock stands. */
export async function forgiveSignIn(db: Db, { tenantId, accountKey, place }: Omit<SignInTry, 'now'>): Promise<void> {
  await forgiving.run(db, { tenantId, accountKey, place })
}

/** A reset or an administrator's unlock: every lock of the account under these keys (its names) ends. */
export async function clearLockouts(db: Db, tenantId: string, accountKeys: readonly string[]): Promise<void> {
  if (accountKeys.length === 0) return
  await db.deleteFrom('signInLockouts').where('tenantId', '=', tenantId).where('accountKey', 'in', accountKeys.slice(0, 999)).execute()
}

/** Holds the account's row. @returns what it says, or 'new' when it was made just now and says `first` */
async function lock(trx: Db, attempt: SignInTry, first: LockoutState): Promise<LockoutState | 'new'> {
  const values = written(attempt, first)
  const row = await locking.only(trx, { ...values, known: values.expiresAt + 1 })
  return row.expiresAt === values.expiresAt ? 'new' : stateOf(row)
}

async function save(trx: Db, attempt: SignInTry, state: LockoutState): Promise<void> {
  await saving.run(trx, written(attempt, state))
}

const written = ({ tenantId, accountKey, place, now }: SignInTry, state: LockoutState) => ({
  tenantId, accountKey, place, ...state, lastBad: JSON.stringify(state.lastBad), expiresAt: Math.max(state.lockedUntil ?? 0, now) + keptFor,
})

const stateOf = ({ failures, lockCount, lockedUntil, lastBad, lastFailureAt }: Row): LockoutState =>
  ({ failures, lockCount, lockedUntil, lastBad: JSON.parse(lastBad) as string[], lastFailureAt })

/** How long a place stays familiar after a sign-in from it. */
export const familiarFor = 30 * 86_400_000

export interface FamiliarPlace {
  tenantId: string
  accountKey: string
  kind: 'network' | 'device'
  /** Keyed hash of the network or the device's id. */
  placeMac: string
}

const remembering = prepared<FamiliarPlace & { lastSuccessAt: number }>()((db, value) =>
  db
    .insertInto('familiarPlaces')
    .values({
      tenantId: value('tenantId'), accountKey: value('accountKey'), kind: value('kind'), placeMac: value('placeMac'), lastSuccessAt: value('lastSuccessAt'),
    })
    .onConflict(clash => clash.columns(['tenantId', 'accountKey', 'kind', 'placeMac']).doUpdateSet({ lastSuccessAt: value('lastSuccessAt') })))
interface TwoPlaces {
  tenantId: string
  accountKey: string
  /** Keyed hashes; empty for none. */
  one: string
  other: string
  since: number
}

/** Which of two places were signed in from since a moment. */
export const selectFamiliarPlaces = (db: Db, { tenantId, accountKey, one, other, since }: TwoPlaces) =>
  db
    .selectFrom('familiarPlaces')
    .select(['placeMac', 'lastSuccessAt'])
    .where('tenantId', '=', tenantId)
    .where('accountKey', '=', accountKey)
    .where('placeMac', 'in', [one, other])
    .where('lastSuccessAt', '>', since)

const placesKnown = prepared<TwoPlaces>()((db, value) =>
  selectFamiliarPlaces(db, { tenantId: value('tenantId'), accountKey: value('accountKey'), one: value('one'), other: value('other'), since: value('since') }))

/** Remembers where somebody signed in from. */
export async function rememberPlace(db: Db, place: FamiliarPlace, now: number): Promise<void> {
  await remembering.run(db, { ...place, lastSuccessAt: now })
}

/** Which of the places, two at most, were signed in from within 30 days, and when last. One query whatever is known. */
export async function familiarPlaces(
  db: Db, { tenantId, accountKey, placeMacs, now }: { tenantId: string; accountKey: string; placeMacs: readonly string[]; now: number },
): Promise<Map<string, number>> {
  const [one = '', other = ''] = placeMacs
  const rows = await placesKnown.all(db, { tenantId, accountKey, one, other, since: now - familiarFor })
  return new Map(rows.map(row => [row.placeMac, row.lastSuccessAt]))
}
