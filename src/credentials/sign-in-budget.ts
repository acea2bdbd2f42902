import type { App, Db } from '../app.ts'
import { networkOf } from '../client-address.ts'
import { queueNotice } from '../notify/notices.ts'
import { defineJob, queueJob } from '../notify/jobs.ts'
import type { Secret } from '../secret.ts'
import { reserveAll, takeBack } from '../store/limits.ts'
import { familiarPlaces, forgiveSignIn, readLockout, rememberPlace, reserveSignIn } from '../store/lockouts.ts'
import type { Place } from '../store/lockouts.ts'
import { readPolicies } from '../store/policies.ts'
import type { Signer } from '../store/signer.ts'
import { readSigner } from '../store/signer.ts'
import { accountKeyOf } from './account-key.ts'
import { noteWrongPassword, sprayLook } from './password-spray.ts'

/** Where a try comes from: the caller's address, and the id that the browser's device cookie carries, if it has one. */
export interface SignInPlace {
  address: string
  device?: string | undefined
}

export interface SignInAttempt {
  tenantId: string
  /** The name as typed; for a signed-in person their user principal name. */
  typedName: string
  place: SignInPlace
}

export type Budget =
  /** `known`: which of the attempt's places were signed in from, and when last. */
  | { served: true; place: Place; at: number; known: ReadonlyMap<string, number> }
  | { served: false; until: number }

/** Wrong passwords from one address in ten minutes, whoever they are for: slows a spray down before it costs a hash (T-24, T-25). */
const perAddress = { limit: 100, windowMs: 600_000 }

/** When a place was last noted this long ago it is noted anew: familiar means within a month, so an hour is fine enough. */
const noteAgainAfter = 3_600_000

/**
 * Spends one try of the account's sign-in budget, before any hash (T-24, T-88): smart lockout, counted apart for places the
 * account has been signed in from (T-22), and a limit for the address, in one transaction. Names that nobody has are counted like
 * others (LD-32). `read`: what was read of the attempt a moment ago.
 */
export async function failSignIn(app: App, attempt: SignInAttempt, password: Secret, read?: Pick<Signer, 'policies' | 'familiarPlaces'>): Promise<Budget> {
  const { tenantId } = attempt
  const { accountKey, addressKey, places } = keysOf(app, attempt)
  const now = app.now()
  const known = read?.familiarPlaces ?? (await familiarPlaces(app.db, { tenantId, accountKey, placeMacs: places.map(one => one.placeMac), now }))
  const place = known.size > 0 ? 'familiar' : 'unfamiliar'
  const { passwordProtection: values } = read?.policies ?? (await readPolicies(app.db, tenantId))
  const badHash = app.keys.mac('badPassword', `${accountKey}\n${password.reveal().slice(0, 5_000).normalize('NFKC')}`)
  const tries = [{ key: addressKey, kind: perAddress }, ...(place === 'unfamiliar' ? [sprayLook(app, { tenantId, accountKey, password })] : [])]
  return app.db.transaction().execute(async trx => {
    const refused = (await reserveAll(trx, { tenantId, now, tries, untilRefused: true })).find(one => !one.served)
    if (refused && !refused.served) return refused
    const kept = await reserveSignIn(trx, { tenantId, accountKey, place, now, badHash, values })
    return kept.served ? { served: true, place, at: now, known } : kept
  })
}

/** Who has the name of an attempt, and what else is to be known before the password is compared. One query, always. */
export function readSignerOf(app: App, attempt: SignInAttempt): Promise<Signer> {
  const { tenantId, typedName } = attempt
  const { accountKey, places } = keysOf(app, attempt)
  return readSigner(app.db, { tenantId, typedName, accountKey, placeMacs: places.map(one => one.placeMac), now: app.now() })
}

/** The end of the lock that would meet this attempt; undefined when there is none. Spends nothing. */
export async function readSignInLock(app: App, attempt: SignInAttempt): Promise<number | undefined> {
  const { tenantId } = attempt
  const { accountKey, places } = keysOf(app, attempt)
  const now = app.now()
  const known = await familiarPlaces(app.db, { tenantId, accountKey, placeMacs: places.map(one => one.placeMac), now })
  const { lockedUntil } = await readLockout(app.db, { tenantId, accountKey, place: known.size > 0 ? 'familiar' : 'unfamiliar' })
  return lockedUntil !== null && lockedUntil > now ? lockedUntil : undefined
}

/**
 * The password was right: the try costs nothing, earlier ones are forgotten, and the place is known from now on. In the transaction
 * of what the password opens; counters in the order in which they were reserved, or two could wait for each other.
 */
export async function forgive(app: App, trx: Db, attempt: SignInAttempt, budget: Extract<Budget, { served: true }>): Promise<void> {
  const { tenantId } = attempt
  const { accountKey, addressKey, places } = keysOf(app, attempt)
  const now = app.now()
  await takeBack(trx, { tenantId, key: addressKey, kind: perAddress, at: budget.at, now })
  await forgiveSignIn(trx, { tenantId, accountKey, place: budget.place })
  for (const { kind, placeMac } of places) {
    if (now - (budget.known.get(placeMac) ?? 0) >= noteAgainAfter) await rememberPlace(trx, { tenantId, accountKey, kind, placeMac }, now)
  }
}

/**
 * After a wrong password: it may be one of a spray (T-25). And when it was the one that locked, the person hears of it, once a day (T-18). The worker looks who that
 * is, so that it takes as long for nobody (T-02).
 */
export async function afterWrong(app: App, attempt: SignInAttempt, password: Secret, place: Place, userId: string | null): Promise<void> {
  const { tenantId } = attempt
  if (place === 'unfamiliar') await noteWrongPassword(app, { tenantId, accountKey: keysOf(app, attempt).accountKey, password }, app.now())
  const locked = await readSignInLock(app, attempt)
  if (locked === undefined) return
  await app.db.transaction().execute(trx =>
    queueJob(app, trx, { tenantId, kind: 'lockedByGuessing', payload: { userId, address: attempt.place.address, at: app.now() } }),
  )
}

defineJob('lockedByGuessing', async (app, payload, { tenantId }) => {
  const { userId, address, at } = payload as { userId: string | null; address: string; at: number }
  if (userId === null) return
  await app.db.transaction().execute(trx => queueNotice(app, trx, { event: 'lockedByGuessing', tenantId, userId, at, ipAddress: address }))
})

interface Keys {
  accountKey: string
  addressKey: string
  places: readonly { kind: 'network' | 'device'; placeMac: string }[]
}

const worked = new WeakMap<SignInAttempt, Keys>()

/** What an attempt is counted under: keyed hashes, worked out once for each attempt. */
function keysOf(app: App, attempt: SignInAttempt): Keys {
  const known = worked.get(attempt)
  if (known) return known
  const { tenantId, typedName, place } = attempt
  const accountKey = accountKeyOf(app, tenantId, typedName)
  const mac = (text: string) => app.keys.mac('place', `${accountKey}\n${text}`)
  const keys: Keys = {
    accountKey,
    addressKey: `signin-address:${app.keys.mac('limit', `${tenantId}\n${networkOf(place.address, 'limit')}`)}`,
    places: [
      { kind: 'network', placeMac: mac(`network ${networkOf(place.address)}`) },
      ...(place.device ? [{ kind: 'device' as const, placeMac: mac(`device ${place.device}`) }] : []),
    ],
  }
  worked.set(attempt, keys)
  return keys
}
