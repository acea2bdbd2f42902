/**
 * Addresses and numbers (sspr §4.1): nothing is kept before a code has made the round trip (T-13). The pending destination lies
 * sealed in its challenge, bound to this session, this person and this method, and is never taken from the form that brings the
 * code (T-06, T-08).
 */
import type { App } from '../app.ts'
import { checkCode } from '../credentials/check-code.ts'
import { readContacts } from '../credentials/contacts.ts'
import { addMethod, changeMethod, readMethods, verifyMethod } from '../credentials/methods.ts'
import { challengeDestination, openChallenge, sendCode } from '../credentials/send-code.ts'
import type { CodeSent } from '../credentials/send-code.ts'
import { canonicalDestination } from '../notify/destination.ts'
import { Refusal } from '../refusal.ts'
import { isWellFormedPhone } from '../rules/contact-data.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { mayRegister } from '../rules/registration.ts'
import { reason } from '../rules/verdict.ts'
import { currentChallenge } from '../store/challenges.ts'
import type { ChallengeRow } from '../store/challenges.ts'
import { noteIfComplete } from './completion.ts'
import { readEmailAddress } from './email-address.ts'
import { countingFailure } from './failed-registration.ts'
import type { DestinationKind } from './kinds.ts'
import { findDestination, requireOffer } from './list-methods.ts'
import { readPhoneNumber } from './phone-number.ts'
import { requirePassForFirst } from './visit.ts'
import type { Visit } from './visit.ts'
import { addProof } from './wizard.ts'

/** How the code reaches each kind, as codes are counted everywhere. */
const wayOf: Readonly<Record<DestinationKind, string>> = { email: 'email', mobile: 'mobileSms', office: 'officeCall', alternateMobile: 'mobileCall' }

/**
 * Sends a code to what was typed: to add it, or in place of the registered one that `replaces` names.
 * @throws Refusal 422 with `field: 'destination'` for what cannot be registered, 429 when codes were asked for too often
 */
export function startDestination(app: App, visit: Visit, kind: DestinationKind, typed: string, replaces?: string): Promise<void> {
  return countingFailure(app, visit, kind, async () => {
    requirePassForFirst(visit)
    requireAllowed(visit, kind, replaces)
    const value = read(visit, kind, typed)
    await requireNew(app, visit, kind, value)
    await send(app, visit, kind, value, replaces)
  })
}

/**
 * Sends a code to a destination that was registered without one; returns its kind.
 * @throws Refusal 404 LK_NOT_FOUND, 429 as above
 */
export async function verifyRegistered(app: App, visit: Visit, id: string): Promise<DestinationKind> {
  const { kind } = await findDestination(app, visit, id)
  requireAllowed(visit, kind, id)
  const own = (await readMethods(app, visit.tenantId, visit.userId)).find(method => method.id === id)
  await send(app, visit, kind, own!.value!, id)
  return kind
}

/** The same destination again: a code that did not arrive. */
export function resendCode(app: App, visit: Visit, kind: DestinationKind): Promise<void> {
  return countingFailure(app, visit, kind, async () => {
    const pending = await findPending(app, visit, kind)
    if (!pending) throw refused(422, 'LK_CODE_NONE')
    await send(app, visit, kind, pending.value, pending.challenge.methodId ?? undefined)
  })
}

/** Where the code that can be typed now went, in full: its owner typed it a minute ago and looks for the mistake in it. */
export async function pendingDestination(app: App, visit: Visit, kind: DestinationKind): Promise<{ shown: string } | undefined> {
  const pending = await findPending(app, visit, kind)
  return pending && { shown: pending.value }
}

/** The number the organisation has on file, to start from (M-24); never a mail address (sspr §4.5). */
export async function knownDestination(app: App, visit: Visit, kind: DestinationKind): Promise<string | undefined> {
  if (kind !== 'mobile' && kind !== 'office') return undefined
  const { mobilePhone, businessPhones } = await readContacts(app, visit.tenantId, visit.userId)
  const known = kind === 'mobile' ? mobilePhone : businessPhones[0]
  return known && isWellFormedPhone(known) ? known : undefined
}

/**
 * Brings a code back. What it proves is the destination it went to, and the method is written in the transaction that uses the
 * code up.
 * @throws Refusal 422 LK_CODE_NONE, LK_CODE_WRONG, LK_CODE_EXPIRED, 429 LK_BLOCKED, and what the rules say now (T-87)
 */
export function confirmDestination(app: App, visit: Visit, kind: DestinationKind, code: string): Promise<'added' | 'changed' | 'verified'> {
  return countingFailure(app, visit, kind, () => confirm(app, visit, kind, code))
}

async function confirm(app: App, visit: Visit, kind: DestinationKind, code: string): Promise<'added' | 'changed' | 'verified'> {
  requirePassForFirst(visit)
  const pending = await findPending(app, visit, kind)
  if (!pending) throw refused(422, 'LK_CODE_NONE', 'code')
  requireAllowed(visit, kind, pending.challenge.methodId ?? undefined)
  let outcome: 'added' | 'changed' | 'verified' = 'added'
  const verdict = await checkCode(app, {
    ...scopeOf(visit, kind), code,
    alsoInTransaction: async (trx, challenge) => {
      const within = { ...app, db: trx }
      outcome = await keep(within, visit, kind, challenge)
      if (kind === 'mobile' && outcome !== 'changed') await addProof(trx, visit, 'sms', app.now())
      await noteIfComplete(app, trx, visit)
    },
  })
  if (verdict === 'right') return outcome
  if (verdict === 'blocked') throw new Refusal(429, [reason('LK_BLOCKED')], { field: 'code' })
  throw refused(422, verdict === 'wrong' ? 'LK_CODE_WRONG' : 'LK_CODE_EXPIRED', 'code')
}

async function keep(app: App, visit: Visit, kind: DestinationKind, challenge: ChallengeRow): Promise<'added' | 'changed' | 'verified'> {
  const { tenantId, userId, actor, correlationId } = visit
  const doing = { tenantId, userId, actor, correlationId }
  const value = await challengeDestination(app, app.db, tenantId, challenge.id)
  if (value === undefined) throw refused(422, 'LK_CODE_EXPIRED', 'code')
  const id = challenge.methodId
  if (id === null) {
    await addMethod(app, { ...doing, kind, value, origin: 'self', verified: true })
    return 'added'
  }
  const registered = (await readMethods(app, tenantId, userId, app.db)).find(method => method.id === id)
  if (registered?.value === value) {
    await verifyMethod(app, { ...doing, id })
    return 'verified'
  }
  await changeMethod(app, { ...doing, id, value, verified: true })
  return 'changed'
}

async function send(app: App, visit: Visit, kind: DestinationKind, value: string, methodId: string | undefined): Promise<void> {
  const { tenantId, userId, locale } = visit
  const { db } = app
  const challengeId = await openChallenge(app, db, { ...scopeOf(visit, kind), methodId: methodId ?? null })
  const sent = await sendCode(app, { tenantId, challengeId, userId, to: { kind: kind === 'email' ? 'mail' : 'sms', address: value }, methodId, locale })
  if (sent.outcome === 'suppressed') throw suppressed(sent.why)
  if (sent.outcome === 'gone') throw refused(422, 'LK_CODE_EXPIRED')
}

/** Why a code did not go out; whoever is signed in and waits for it may know. */
function suppressed(why: Extract<CodeSent, { outcome: 'suppressed' }>['why']): Refusal {
  if (why === 'country') return refused(422, 'LK_METHOD_COUNTRY', 'destination')
  if (why === 'numberType') return refused(422, 'LK_METHOD_NUMBER_TYPE', 'destination')
  if (why === 'budget' || why === 'paused') return new Refusal(429, [reason('LK_TOO_MANY')], { retryAfter: 3600 })
  return new Refusal(429, [reason('LK_RESEND_TOO_SOON')], { retryAfter: 30 })
}

async function findPending(app: App, visit: Visit, kind: DestinationKind): Promise<{ challenge: ChallengeRow; value: string } | undefined> {
  const challenge = await currentChallenge(app.db, scopeOf(visit, kind))
  if (!challenge || challenge.consumedAt !== null || challenge.expiresAt <= app.now()) return undefined
  const value = await challengeDestination(app, app.db, visit.tenantId, challenge.id)
  return value === undefined ? undefined : { challenge, value }
}

const scopeOf = ({ tenantId, userId, transactionId }: Visit, kind: DestinationKind) =>
  ({ tenantId, userId, transactionId, purpose: 'registration' as const, method: wayOf[kind] })

/** One more may be added; or, for one that takes another's place, the kind is allowed at all. */
function requireAllowed(visit: Visit, kind: DestinationKind, replaces: string | undefined): void {
  if (replaces === undefined) return requireOffer(visit, kind)
  const verdict = mayRegister(kind, visit.facts)
  if (!verdict.allowed && verdict.reasons[0]?.code !== 'LK_METHOD_MAX_REACHED') throw new Refusal(422, verdict.reasons)
}

function read(visit: Visit, kind: DestinationKind, typed: string): string {
  const { tenant } = visit.facts
  if (typed.trim() === '') throw refused(422, 'LK_FIELD_REQUIRED', 'destination')
  if (kind === 'email') {
    const reading = readEmailAddress(typed, tenant.domains.filter(domain => domain.isVerified).map(domain => domain.id))
    if (!reading.ok) throw refused(422, reading.code, 'destination')
    return reading.value
  }
  const use = kind === 'mobile' ? 'text' : 'call'
  const reading = readPhoneNumber(typed, { country: visit.usageLocation, allowedCountryCodes: tenant.settings.allowedCountryCodes, use })
  if (!reading.ok) throw refused(422, reading.code, 'destination')
  return reading.number.value
}

/** Not there already in the same role; an alternate phone is another phone than the first. */
async function requireNew(app: App, visit: Visit, kind: DestinationKind, value: string): Promise<void> {
  const phones = ['mobile', 'alternateMobile']
  const same = (other: string) => other === kind || (phones.includes(other) && phones.includes(kind))
  const own = await readMethods(app, visit.tenantId, visit.userId)
  const taken = own.some(method => method.value !== null && same(method.kind) && canonicalDestination(method.value) === canonicalDestination(value))
  if (taken) throw refused(422, 'LK_METHOD_DUPLICATE', 'destination')
}

const refused = (status: number, code: ReasonCode, field?: string) => new Refusal(status, [reason(code, code === 'LK_FIELD_REQUIRED' ? { field: field! } : undefined)], { field })
