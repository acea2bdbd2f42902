import type { App } from '../app.ts'
import { networkOf } from '../client-address.ts'
import { queueNotice } from '../notify/notices.ts'
import { defineJob, queueJob } from '../notify/jobs.ts'
import type { Secret } from '../secret.ts'
import { reserve, takeBack } from '../store/limits.ts'
import { forgiveSignIn, isFamiliar, readLockout, rememberPlace, reserveSignIn } from '../store/lockouts.ts'
import type { Place } from '../store/lockouts.ts'
import { readPolicies } from '../store/policies.ts'
import { accountKeyOf } from './account-key.ts'
import { noteWrongPassword, sprayedUntil } from './password-spray.ts'

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

export type Budget = { served: true; place: Place; at: number } | { served: false; until: number }

/** Wrong passwords from one address in ten minutes, whoever they are for: slows a spray down before it costs a hash (T-24, T-25). */
const perAddress = { limit: 100, windowMs: 600_000 }

/**
 * Spends one try of the account's sign-in budget, before any hash (T-24, T-88): smart lockout, counted apart for places the
 * account has been signed in from (T-22), and a limit for the address. Names that nobody has are counted like others (LD-32).
 */
export async function failSignIn(app: App, attempt: SignInAttempt, password: Secret): Promise<Budget> {
  const { tenantId, typedName } = attempt
  const now = app.now()
  const address = await reserve(app.db, { tenantId, key: addressKey(app, attempt), kind: perAddress, now })
  if (!address.served) return address
  const accountKey = accountKeyOf(app, tenantId, typedName)
  const place = await placeOf(app, attempt, accountKey)
  const spray = place === 'unfamiliar' ? await sprayedUntil(app, { tenantId, accountKey, password }, now) : undefined
  if (spray !== undefined) return { served: false, until: spray }
  const { passwordProtection: values } = await readPolicies(app.db, tenantId)
  const badHash = app.keys.mac('badPassword', `${accountKey}\n${password.reveal().slice(0, 5_000).normalize('NFKC')}`)
  const kept = await reserveSignIn(app.db, { tenantId, accountKey, place, now, badHash, values })
  return kept.served ? { served: true, place, at: now } : kept
}

/** The end of the lock that would meet this attempt; undefined when there is none. Spends nothing. */
export async function readSignInLock(app: App, attempt: SignInAttempt): Promise<number | undefined> {
  const accountKey = accountKeyOf(app, attempt.tenantId, attempt.typedName)
  const { lockedUntil } = await readLockout(app.db, { tenantId: attempt.tenantId, accountKey, place: await placeOf(app, attempt, accountKey) })
  return lockedUntil !== null && lockedUntil > app.now() ? lockedUntil : undefined
}

/** The password was right: the try costs nothing, earlier ones are forgotten, and the place is known from now on. */
export async function forgive(app: App, attempt: SignInAttempt, budget: Extract<Budget, { served: true }>): Promise<void> {
  const { tenantId, typedName } = attempt
  const now = app.now()
  const accountKey = accountKeyOf(app, tenantId, typedName)
  await app.db.transaction().execute(async trx => {
    await forgiveSignIn(trx, { tenantId, accountKey, place: budget.place })
    await takeBack(trx, { tenantId, key: addressKey(app, attempt), kind: perAddress, at: budget.at, now })
    for (const { kind, placeMac } of placesOf(app, attempt, accountKey)) await rememberPlace(trx, { tenantId, accountKey, kind, placeMac }, now)
  })
}

/**
 * After a wrong password: it may be one of a spray (T-25). And when it was the one that locked, the person hears of it, once a day (T-18). The worker looks who that
 * is, so that it takes as long for nobody (T-02).
 */
export async function afterWrong(app: App, attempt: SignInAttempt, password: Secret, place: Place, userId: string | null): Promise<void> {
  const { tenantId } = attempt
  if (place === 'unfamiliar') await noteWrongPassword(app, { tenantId, accountKey: accountKeyOf(app, tenantId, attempt.typedName), password }, app.now())
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

async function placeOf(app: App, attempt: SignInAttempt, accountKey: string): Promise<Place> {
  const placeMacs = placesOf(app, attempt, accountKey).map(one => one.placeMac)
  return (await isFamiliar(app.db, { tenantId: attempt.tenantId, accountKey, placeMacs, now: app.now() })) ? 'familiar' : 'unfamiliar'
}

function placesOf(app: App, { place }: SignInAttempt, accountKey: string): { kind: 'network' | 'device'; placeMac: string }[] {
  const mac = (text: string) => app.keys.mac('place', `${accountKey}\n${text}`)
  return [
    { kind: 'network', placeMac: mac(`network ${networkOf(place.address)}`) },
    ...(place.device ? [{ kind: 'device' as const, placeMac: mac(`device ${place.device}`) }] : []),
  ]
}

function addressKey(app: App, { tenantId, place }: SignInAttempt): string {
  return `signin-address:${app.keys.mac('limit', `${tenantId}\n${networkOf(place.address, 'limit')}`)}`
}

