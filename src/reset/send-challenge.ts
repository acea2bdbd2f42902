/**
 * Asking for a code. The request counts the try, writes one challenge row and one job of fixed shape and answers; the worker looks
 * whether there is somebody to send to, and what (T-02, T-08, LD-22). Nothing that the request says is ever a destination.
 */
import type { App } from '../app.ts'
import { openChallenge, sendCode } from '../credentials/send-code.ts'
import { defineJob, queueJob } from '../notify/jobs.ts'
import { queueMessage } from '../notify/queue-message.ts'
import { reserveSend } from '../notify/send-limits.ts'
import { Refusal } from '../refusal.ts'
import { isSamePhone } from '../rules/contact-data.ts'
import { tellable, tellsPhoneMismatch } from '../rules/disclosure.ts'
import type { ResetFacts, ThrottleKey } from '../rules/facts.ts'
import { familyOf, usableMethods } from '../rules/usable-methods.ts'
import type { UsableMethod, Way } from '../rules/usable-methods.ts'
import { reason } from '../rules/verdict.ts'
import type { Verdict } from '../rules/verdict.ts'
import { findChallenge } from '../store/challenges.ts'
import { findReset, lastChallengeAt, listResetGates, wasCodeSent } from '../store/resets.ts'
import type { ResetRow } from '../store/resets.ts'
import { findTenant } from '../store/tenants.ts'
import type { Locale } from '../text.ts'
import { identifyLater, judgeAgain, keepVerdict } from './identify.ts'
import { inRecoveryLane } from './lane.ts'
import { choicesOf, destinationOf, offeredWay, offerNamed, offersFor } from './offer.ts'
import { recordBlocked, recordStep, recordUsage, reportedMethod } from './record.ts'
import { countTry } from './throttles.ts'
import { isPossible, move, outOfOrder, recordImpossible } from './transaction.ts'
import type { Transaction } from './transaction.ts'
import type { Offer, OfferedWay } from './view.ts'

export const challengeJob = 'reset.challenge'
/** Another code of the same way is sent at the earliest after this long (LD-20). */
export const resendAfter = 30_000

/** The ways by which we send a code, and what a request for one counts as. */
const sentBy: Partial<Record<OfferedWay, ThrottleKey>> = {
  email: 'email',
  mobileSms: 'text',
}

export type Sent =
  /** A code is asked for, or none needs to be: the next page asks for it. */
  | { kind: 'sent'; offer: Offer }
  | { kind: 'blocked' }

export interface SendRequest {
  /** The value of the offer. */
  method: string
  /** The whole number as typed, where the way asks for one. */
  number?: string | undefined
  /** Again, for a number that was typed already. */
  again?: boolean
  /** The language the person reads now; that of the start when not said (sspr §13.3). */
  locale?: Locale
}

/** True when the way asks for the whole number first (T-20, sspr §5.5). */
export const asksForNumber = (offer: Offer): boolean => offer.way === 'mobileSms' || offer.way === 'mobileCall'

/**
 * Takes the choice of a way and has a code sent where the way needs one.
 * @throws Refusal 409 out of order; 422 LK_METHOD_UNAVAILABLE for a way that is not offered or has no provider; 422 LK_FIELD_…
 *   for a number that is none; 429 LK_RESEND_TOO_SOON; 422 LK_PHONE_MISMATCH under `standard`; 503 LK_BUSY
 */
export function sendChallenge(app: App, transaction: Transaction, request: SendRequest): Promise<Sent> {
  return inRecoveryLane(() => takeChoice(app, transaction, request))
}

async function takeChoice(app: App, transaction: Transaction, request: SendRequest): Promise<Sent> {
  if (!isPossible(transaction, 'send')) {
    await recordImpossible(app, transaction, 'send')
    throw outOfOrder('send')
  }
  const offer = await requireOffer(app, transaction, request.method)
  const count = sentBy[offer.way]
  if (!count) return { kind: 'sent', offer }
  const number = asksForNumber(offer) && !request.again ? readNumber(request.number) : undefined
  await refuseTooSoon(app, transaction.reset, offer.way)
  const kinds: ThrottleKey[] = number === undefined ? [count] : ['phone', count]
  const counted = await countTry(app, transaction.reset, kinds)
  if (!counted.served) return block(app, transaction, kinds[0]!)
  if (number !== undefined) await refuseMismatch(app, transaction, offer, number)
  await order(app, transaction, { offer, number, again: request.again === true, silent: !counted.evaluate, locale: request.locale })
  return { kind: 'sent', offer }
}

/** The offer chosen, if it is one: what is not on the list cannot be chosen by naming it (T-07). */
export async function requireOffer(app: App, transaction: Transaction, value: string): Promise<Offer> {
  const offered = await offersFor(app, transaction)
  if (offered.kind === 'refused') throw new Refusal(403, offered.reasons)
  const offer = offerNamed(offered.offers, value)
  if (!offer) throw new Refusal(422, [reason('LK_METHOD_UNAVAILABLE')], { field: 'method' })
  return offer
}

function readNumber(typed: string | undefined): string {
  const number = (typed ?? '').normalize('NFKC').trim()
  if (number === '') throw new Refusal(422, [reason('LK_FIELD_REQUIRED', { field: 'number' })], { field: 'number' })
  if (!/^(\+|00)?[\d\s().\-/]{6,40}$/.test(number)) throw new Refusal(422, [reason('LK_FIELD_INVALID', { field: 'number' })], { field: 'number' })
  return number
}

async function refuseTooSoon(app: App, reset: ResetRow, way: OfferedWay): Promise<void> {
  const last = await lastChallengeAt(app.db, reset, way)
  const wait = last === undefined ? 0 : last + resendAfter - app.now()
  if (wait > 0) throw new Refusal(429, [reason('LK_RESEND_TOO_SOON', { seconds: Math.ceil(wait / 1000) })], { retryAfter: Math.ceil(wait / 1000) })
}

/** Under `standard` a wrong number is told, and nothing is sent; under `private` the worker finds it, and nobody is told. */
async function refuseMismatch(app: App, transaction: Transaction, offer: Offer, number: string): Promise<void> {
  const { reset, gates } = transaction
  if (reset.disclosure === 'private' && gates.length === 0) return
  const { facts } = await judgeAgain(app, app.db, reset)
  if (!tellsPhoneMismatch(facts) && gates.length === 0) return
  if (await methodFor(app, reset, facts, transaction, offer, number)) return
  const details = [{ key: 'code', value: 'LK_PHONE_MISMATCH' }]
  await recordStep(app, app.db, reset, `gate${gates.length + 1}.${offer.way}.failed`, { result: 'failure', details })
  throw new Refusal(422, [reason('LK_PHONE_MISMATCH')], { field: 'number' })
}

export async function block(app: App, transaction: Transaction, limit: string): Promise<{ kind: 'blocked' }> {
  await app.db.transaction().execute(async trx => {
    const reset = await move(app, trx, transaction, 'block')
    await recordBlocked(app, trx, reset, limit)
  })
  return { kind: 'blocked' }
}

interface Order {
  resetId: string
  challengeId: string
  way: OfferedWay
  methodId?: string
  number?: string
  again: boolean
  silent: boolean
  gate: number
  locale: Locale
}

/** One row and one job, the same for every name. */
async function order(
  app: App, { reset, gates }: Transaction,
  { offer, number, again, silent, locale }: { offer: Offer; number: string | undefined; again: boolean; silent: boolean; locale: Locale | undefined },
): Promise<void> {
  await app.db.transaction().execute(async trx => {
    const challengeId = await openChallenge(app, trx, {
      tenantId: reset.tenantId, purpose: 'reset', transactionId: reset.id, userId: challengedUser(reset), method: offer.way,
    })
    const payload: Order = {
      resetId: reset.id, challengeId, way: offer.way, methodId: offer.methodId ?? '', number: (number ?? '').padEnd(40), again, silent, gate: gates.length + 1,
      locale: locale ?? (reset.locale as Locale),
    }
    await queueJob(app, trx, { tenantId: reset.tenantId, kind: challengeJob, payload, expiresAt: app.now() + 10 * 60_000, quiet: true })
  })
}

/** Whose name stands in the challenge: nobody's while a request may not know, the transaction carries the account then (T-02, T-06). */
export const challengedUser = (reset: ResetRow): string | null => (reset.disclosure === 'standard' ? reset.userId : null)

/** The person's method that an offer means, if there is one; with a number, only the one it is the number of. */
async function methodFor(
  app: App, reset: ResetRow, facts: ResetFacts, transaction: Pick<Transaction, 'gates'>, offer: Pick<Offer, 'way' | 'methodId'>, number: string | undefined,
): Promise<{ method: UsableMethod; destination: string } | undefined> {
  if (!facts.subject) return undefined
  const { tenant, subject, providers, now } = facts
  // A person who is refused has no next gate; what is really theirs decides where the refusal may be told (LD-22).
  const choices = choicesOf(facts, transaction)
  const candidates = choices.length > 0 ? choices : usableMethods({ tenant, subject, providers, now })
  for (const method of candidates) {
    if (offeredWay(method.way) !== offer.way || (offer.methodId && method.methodId !== offer.methodId)) continue
    const destination = await destinationOf(app, reset.tenantId, subject.id, method)
    if (destination !== undefined && (number === undefined || isSamePhone(number, destination))) return { method, destination }
  }
  return undefined
}

/** The worker's part: everything that depends on the account. */
async function carryOut(app: App, tenantId: string, given: Order): Promise<void> {
  await identifyLater(app, tenantId, given.resetId)
  const reset = await findReset(app.db, tenantId, given.resetId)
  const challenge = await findChallenge(app.db, tenantId, given.challengeId)
  if (!reset || !challenge || challenge.supersededAt !== null || challenge.expiresAt <= app.now() || reset.state !== `GATE${given.gate}`) return
  if ((await findTenant(app.db, tenantId))?.suspendedAt != null) return
  const gates = await listResetGates(app.db, tenantId, reset.id)
  const { facts, verdict } = await judgeAgain(app, app.db, reset)
  const number = given.number?.trim() || undefined
  const offer = { way: given.way, ...(given.methodId ? { methodId: given.methodId } : {}) }
  // "Send another code" for a number goes only to a number that was typed rightly before, in this very transaction.
  const unproven = given.again && given.way !== 'email' && !(await wasCodeSent(app.db, reset, given.way))
  const found = given.silent || unproven ? undefined : await methodFor(app, reset, facts, { gates }, offer, number)
  await keepVerdict(app.db, reset, verdict)
  const step = `gate${given.gate}.${given.way}`
  if (!found) {
    const code = number !== undefined && facts.subject ? 'LK_PHONE_MISMATCH' : 'LK_METHOD_UNAVAILABLE'
    return recordStep(app, app.db, reset, `${step}.failed`, { result: 'failure', details: [{ key: 'code', value: code }] })
  }
  if (!verdict.allowed) return tellWhy(app, { ...reset, locale: given.locale }, facts, verdict, found, step)
  const sent = await sendCode(app, {
    tenantId, challengeId: given.challengeId, userId: facts.subject!.id, methodId: found.method.methodId, locale: given.locale,
    supportCode: reset.supportCode, to: { kind: kindOf(found.method.way), address: found.destination },
  })
  if (sent.outcome === 'gone') return
  if (sent.outcome === 'suppressed')
    return recordStep(app, app.db, reset, `${step}.failed`, { result: 'failure', details: [{ key: 'suppressed', value: sent.why }] })
  await recordStep(app, app.db, reset, `${step}.sent`)
  await recordUsage(app, app.db, reset, { method: reportedMethod[found.method.way]!, status: 'started' })
}

const kindOf = (way: Way): 'mail' | 'sms' => (familyOf(way) === 'email' ? 'mail' : 'sms')

/** In place of a code, to a destination that is really the account's: why not, what to do, and the support code (LD-22). */
async function tellWhy(
  app: App, reset: ResetRow, facts: ResetFacts, verdict: Verdict, { method, destination }: { method: UsableMethod; destination: string }, step: string,
): Promise<void> {
  const kind = kindOf(method.way)
  const to = { kind, address: destination }
  if (!(await reserveSend(app, { tenantId: reset.tenantId, to, account: facts.subject!.id })).served) return
  const reasonCode = tellable(facts, verdict)[0]!.code
  const values = { account: facts.subject!.userPrincipalName, reasonCode, supportCode: reset.supportCode }
  await app.db.transaction().execute(async trx => {
    await queueMessage(app, trx, {
      tenantId: reset.tenantId, name: kind === 'mail' ? 'resetNotPossible' : 'resetNotPossibleText', to,
      locale: reset.locale as Locale, values, supportCode: reset.supportCode,
    })
    const details = [{ key: 'code', value: verdict.allowed ? '' : verdict.reasons[0]!.code }]
    await recordStep(app, trx, reset, `${step}.failed`, { result: 'failure', details })
  })
}

defineJob(challengeJob, (app, payload, job) => carryOut(app, job.tenantId, payload as Order))
