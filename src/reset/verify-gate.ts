/**
 * A proof at a gate. The try is counted before anything is compared (T-04); a right one is used up, written as a gate and moves
 * the transaction in one database transaction, and the browser gets a new handle (T-05, T-30). A wrong one costs the same work
 * whether there is such an account or not.
 */
import type { App, Db } from '../app.ts'
import { checkAnswers, drawQuestions } from '../credentials/answers.ts'
import { checkCode } from '../credentials/check-code.ts'
import { codeLength, codeLifetime, plainDigits } from '../credentials/code.ts'
import { checkTotp } from '../credentials/totp.ts'
import { defineJob, queueJob } from '../notify/jobs.ts'
import { queueNotice } from '../notify/notices.ts'
import { Refusal } from '../refusal.ts'
import { Secret } from '../secret.ts'
import type { ThrottleKey } from '../rules/facts.ts'
import { throttleLimits } from '../rules/throttle.ts'
import { opensAnotherGate } from '../rules/reset-machine.ts'
import { usableMethods } from '../rules/usable-methods.ts'
import type { UsableMethod } from '../rules/usable-methods.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { reason } from '../rules/verdict.ts'
import type { Reason } from '../rules/verdict.ts'
import { findReset, insertResetGate, lastChallengeAt } from '../store/resets.ts'
import type { ResetGateRow, ResetRow } from '../store/resets.ts'
import { accountOf, judgeAgain } from './identify.ts'
import { offeredWay } from './offer.ts'
import { recordStep, recordUsage, reportedMethod } from './record.ts'
import { handleAfter, keepProof } from './repeat-proof.ts'
import { block, requireOffer } from './send-challenge.ts'
import { countTenantFailure, countTry, giveBack } from './throttles.ts'
import type { Counted } from './throttles.ts'
import { isPossible, mayOnlyUnlock, move, outOfOrder, passedGate, recordImpossible } from './transaction.ts'
import type { Held, Transaction } from './transaction.ts'
import type { Offer } from './view.ts'

export type Verified =
  | { kind: 'passed'; cookie: string; reset: ResetRow }
  | { kind: 'wrong'; offer: Offer; reasons: Reason[] }
  | { kind: 'blocked' }
  /** Another request of this very transaction was quicker and has moved it on. */
  | { kind: 'moved' }

export interface Proof {
  /** The value of the offer. */
  method: string
  code?: string
  /** In the order in which the questions were asked. */
  answers?: readonly string[]
}

/** What a try counts as, besides a failed proof when it is wrong. */
const extraCount: Partial<Record<Offer['way'], ThrottleKey>> = { code: 'app', securityQuestions: 'questions' }

/**
 * Holds a proof against the gate the transaction stands at.
 * @throws Refusal 409 out of order; 422 LK_METHOD_UNAVAILABLE; 422 LK_FIELD_REQUIRED for an empty code; 503 LK_BUSY while the
 *   worker has not looked yet
 */
export async function verifyGate(app: App, seen: Held, proof: Proof): Promise<Verified> {
  if (!isPossible(seen, 'failGate')) {
    await recordImpossible(app, seen, 'prove')
    throw outOfOrder('prove')
  }
  const offer = await requireOffer(app, seen, proof.method)
  requireInput(offer, proof)
  const transaction = await settled(app, seen, offer)
  if (!isGuess(offer, proof)) return { kind: 'wrong', offer, reasons: [reason('LK_CODE_WRONG')] }
  const kinds: ThrottleKey[] = extraCount[offer.way] ? ['proof', extraCount[offer.way]!] : ['proof']
  const counted = await countPatiently(app, transaction.reset, kinds)
  if (counted === 'moved') return { kind: 'moved' }
  if (!counted.served) return block(app, transaction, 'proof')
  const handle = handleAfter(app, seen.cookie)
  let passed: ResetRow | undefined
  const pass = async (trx: Db, how: Passing) => {
    passed = await openGate(app, trx, transaction, offer, how, handle.cookieHash)
    await keepProof(app, trx, transaction.reset.tenantId, { cookie: seen.cookie, proof })
    await giveBack(app, trx, transaction.reset, 'proof', counted.at)
  }
  const outcome = await compare(app, transaction, offer, proof, pass)
  if (outcome === 'right' && passed) return { kind: 'passed', cookie: handle.cookie, reset: passed }
  const tooLate = await isTooLate(app, transaction.reset, offer)
  if (tooLate) await giveBack(app, app.db, transaction.reset, 'proof', counted.at)
  return fail(app, transaction, offer, tooLate ? 'LK_CODE_EXPIRED' : 'LK_CODE_WRONG', counted.reachedLimit && !tooLate)
}

function requireInput(offer: Offer, proof: Proof): void {
  const field = offer.way === 'securityQuestions' ? 'answer-1' : 'code'
  const given = offer.way === 'securityQuestions' ? (proof.answers?.length ?? 0) > 0 : (proof.code ?? '').trim() !== ''
  if (!given) throw new Refusal(422, [reason('LK_FIELD_REQUIRED', { field: field === 'code' ? 'code' : 'answer' })], { field })
}

/** A lock as young as this may be made of tries that are still being compared, and given back if they are right. */
const young = 1_000
const patience = 400

/**
 * Counts the try. Of many right codes at once only as many reserve a point as there are; the others wait a moment before they
 * take the pause for real, or they would end the very transaction that one of the first is about to move on (T-05).
 */
async function countPatiently(app: App, reset: ResetRow, kinds: readonly ThrottleKey[]): Promise<Counted | 'moved'> {
  const counted = await countTry(app, reset, kinds)
  if (counted.served || app.now() - (counted.until - throttleLimits.proof.lockMs) >= young) return counted
  await new Promise(resolve => setTimeout(resolve, patience))
  const now = await findReset(app.db, reset.tenantId, reset.id)
  return now?.version === reset.version ? countTry(app, reset, kinds) : 'moved'
}

/**
 * No code can be right any more, which is no guess. Told by when one was last asked for and by nothing else: whether one was ever
 * sent, or an older one still counts, is not a stranger's business (T-01).
 */
async function isTooLate(app: App, reset: ResetRow, offer: Offer): Promise<boolean> {
  if (offer.way === 'code' || offer.way === 'securityQuestions') return false
  const asked = await lastChallengeAt(app.db, reset, offer.way)
  return asked === undefined || asked + codeLifetime <= app.now()
}

/** What cannot be a code is no guess and costs nothing. */
function isGuess(offer: Offer, proof: Proof): boolean {
  return offer.way === 'securityQuestions' || plainDigits(proof.code!)?.length === (offer.way === 'code' ? 6 : codeLength)
}

/**
 * An app's code needs no message, so it can come before the worker has looked the name up. Whoever is that quick waits until two
 * seconds after the start: a fixed moment, for how long the worker takes would tell whether there is such an account (T-02).
 */
const settledAfter = 2_000

async function settled(app: App, transaction: Transaction, offer: Offer): Promise<Transaction> {
  const { reset, gates } = transaction
  if (reset.gatesRequired !== null || offer.way !== 'code') return transaction
  const wait = reset.startedAt + settledAfter - app.now()
  if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait))
  const looked = await findReset(app.db, reset.tenantId, reset.id)
  if (!looked || looked.gatesRequired === null) throw new Refusal(503, [reason('LK_BUSY')], { retryAfter: 2 })
  return { reset: looked, gates }
}

type Outcome = 'right' | 'wrong' | 'expired' | 'blocked'
interface Passing {
  methodId: string | null
  challengeId: string | null
}

/** One comparison, always, and the account's own point before it. `blocked`: its budget is gone, though the name's is not. */
async function compare(
  app: App, { reset }: Transaction, offer: Offer, proof: Proof, pass: (trx: Db, how: Passing) => Promise<void>,
): Promise<Outcome> {
  const { tenantId, userId } = reset
  const common = { tenantId, purpose: 'reset' as const, userId, account: accountOf(reset), transactionId: reset.id }
  if (offer.way === 'code') {
    const accepts = (method: { heldUntil: number | null }) => method.heldUntil === null || method.heldUntil <= app.now()
    return checkTotp(app, { ...common, code: proof.code!, accepts, alsoInTransaction: (trx, method) => pass(trx, { methodId: method.id, challengeId: null }) })
  }
  if (offer.way === 'securityQuestions') {
    const questions = await drawQuestions(app, common)
    const answers = questions.map((question, index) => ({ questionId: question.id, answer: new Secret(proof.answers![index] ?? '') }))
    return checkAnswers(app, { ...common, answers, alsoInTransaction: trx => pass(trx, { methodId: 'securityQuestions', challengeId: null }) })
  }
  return checkCode(app, {
    ...common, method: offer.way, code: proof.code!,
    alsoInTransaction: (trx, challenge) => pass(trx, { methodId: challenge.methodId, challengeId: challenge.id }),
  })
}

/** Writes the gate and moves on, in the transaction that used the proof up. Throwing here leaves the proof unused. */
async function openGate(app: App, trx: Db, transaction: Transaction, offer: Offer, how: Passing, cookieHash: string): Promise<ResetRow> {
  const { reset, gates } = transaction
  const { facts, verdict, gatesRequired } = await judgeAgain(app, trx, reset)
  const { tenant, subject, providers, now } = facts
  const method = subject && usableMethods({ tenant, subject, providers, now }).find(one => one.methodId === how.methodId && offeredWay(one.way) === offer.way)
  if (!method || !opensAnotherGate(gates.map(passedGate), method)) throw new Refusal(422, [reason('LK_METHOD_UNAVAILABLE')], { field: 'method' })
  const gate = gateRow(method, gates.length + 1, how.challengeId, app.now())
  await insertResetGate(trx, { tenantId: reset.tenantId, resetId: reset.id, ...gate })
  const refusal = verdict.allowed ? null : JSON.stringify(verdict.reasons)
  const known = { verdict: verdict.allowed ? ('allowed' as const) : ('refused' as const), gatesRequired, mayOnlyUnlock: mayOnlyUnlock(facts) }
  const moved = await move(app, trx, { reset, gates: [...gates, gate] }, 'passGate', known, { cookieHash, refusal, gatesRequired })
  await recordUsage(app, trx, reset, { method: reportedMethod[method.way]!, status: 'success' })
  await recordStep(app, trx, reset, `gate${gate.gate}.${offer.way}.passed`)
  if (!verdict.allowed) await recordStep(app, trx, reset, `check.refused:${verdict.reasons[0]!.code}`, { result: 'failure' })
  return moved
}

const gateRow = (method: UsableMethod, gate: number, challengeId: string | null, passedAt: number): ResetGateRow => ({
  gate, method: method.way, methodId: method.methodId, destinationIndex: method.destinationKey, challengeId, passedAt,
})

export const pausedJob = 'reset.paused'

async function fail(
  app: App, transaction: Transaction, offer: Offer, said: ReasonCode, reachedLimit: boolean,
): Promise<Verified> {
  const { reset, gates } = transaction
  const code = offer.way === 'securityQuestions' ? 'LK_ANSWERS_WRONG' : said
  const alarm = await countTenantFailure(app, reset.tenantId)
  await app.db.transaction().execute(async trx => {
    await recordUsage(app, trx, reset, { method: reportedMethod[offer.way]!, status: 'failure', reason: code })
    if (reachedLimit) await queueJob(app, trx, { tenantId: reset.tenantId, kind: pausedJob, payload: { resetId: reset.id }, quiet: true })
    await recordStep(app, trx, reset, `gate${gates.length + 1}.${offer.way}.failed`, { result: 'failure', details: [{ key: 'code', value: code }] })
  })
  if (alarm) app.log.warn('many wrong proofs in resets: everybody works for the next start', { tenantId: reset.tenantId })
  return { kind: 'wrong', offer, reasons: [reason(code)] }
}

/** Whoever owns the account hears that somebody is guessing, once a day (T-18). Decided by the worker (T-02). */
defineJob(pausedJob, async (app, payload, { tenantId }) => {
  const reset = await findReset(app.db, tenantId, (payload as { resetId: string }).resetId)
  const { userId } = reset ?? {}
  if (!reset || userId === null || userId === undefined) return
  await app.db.transaction().execute(async trx => {
    await queueNotice(app, trx, { event: 'recoveryPaused', tenantId, userId, ipAddress: reset.ipAddress ?? undefined, supportCode: reset.supportCode })
  })
})

