/**
 * The end of the journey: a new password, or only an unlock. Whatever was decided on the way is decided again from the rows, in the
 * transaction that sets the password (release.ts). A second request with the same transaction finds it done and says so.
 */
import type { App } from '../app.ts'
import type { Actor } from '../credentials/actor.ts'
import { setPassword } from '../credentials/set-password.ts'
import { unlockAccount } from '../credentials/unlock-account.ts'
import { Refusal } from '../refusal.ts'
import { isOnPremises } from '../rules/authority.ts'
import type { ResetFacts } from '../rules/facts.ts'
import { checkPassword } from '../rules/password-policy.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { reason } from '../rules/verdict.ts'
import type { Reason } from '../rules/verdict.ts'
import type { Secret } from '../secret.ts'
import { findReset, listResetGates } from '../store/resets.ts'
import type { ResetRow } from '../store/resets.ts'
import type { Locale } from '../text.ts'
import { recordEnd, recordStep, recordUsage } from './record.ts'
import { Tightened, commitReset, requireRelease } from './release.ts'
import { block } from './send-challenge.ts'
import { countTry } from './throttles.ts'
import { isPossible, mayOnlyUnlock, move, outOfOrder, recordImpossible } from './transaction.ts'
import type { Transaction } from './transaction.ts'

export type Finished =
  | { kind: 'done' }
  /** The domain has not answered yet: the page looks again (LD-45). */
  | { kind: 'checking' }
  /** Another password, or another try later; nothing has changed. */
  | { kind: 'rejected'; reasons: readonly Reason[] }
  | { kind: 'blocked' }
  /** The transaction has ended: the state says how. */
  | { kind: 'ended' }

/** A person sees something within this long; the domain may take longer (LD-45). */
const patience = 15_000

/**
 * Sets the new password of the transaction's account, which no request names (T-06).
 * @throws Refusal 409 out of order; 503 LK_BUSY
 */
export async function finishReset(app: App, transaction: Transaction, newPassword: Secret): Promise<Finished> {
  const already = alreadyThere(transaction)
  if (already) return already
  if (!isPossible(transaction, 'rejectPassword')) {
    await recordImpossible(app, transaction, 'password')
    throw outOfOrder('password')
  }
  const facts = await stillReleased(app, transaction)
  if (!facts) return { kind: 'ended' }
  const failed = checkPassword(newPassword.reveal(), { tenant: facts.tenant, subject: facts.subject })
  if (failed.length > 0) return reject(app, transaction, failed)
  // Counted from here: what our own rules refuse is a matter between the person and the rules (sspr §5.7 `reset`).
  const counted = await countTry(app, transaction.reset, ['reset'])
  if (!counted.served) return block(app, transaction, 'reset')
  const toDomain = isOnPremises(facts.subject!)
  const seen = toDomain ? await submit(app, transaction, facts) : transaction.reset
  return patiently(app, carryOut(app, seen, facts, newPassword, toDomain))
}

/** Unlocks the account in the domain and leaves the password as it is (sspr §5.3). */
export async function finishUnlock(app: App, transaction: Transaction): Promise<Finished> {
  const already = alreadyThere(transaction)
  if (already) return already
  if (transaction.reset.state !== 'UNLOCK') {
    await recordImpossible(app, transaction, 'unlock')
    throw outOfOrder('unlock')
  }
  const facts = await stillReleased(app, transaction)
  if (!facts) return { kind: 'ended' }
  const seen = await submit(app, transaction, facts)
  return patiently(app, unlock(app, seen, facts))
}

/** What a retried request finds: the first one has got there already, or is on its way. */
function alreadyThere({ reset }: Transaction): Finished | undefined {
  if (reset.state === 'DONE' || reset.state === 'DONE_PENDING_CLOUD') return { kind: 'done' }
  return reset.state === 'COMMIT' ? { kind: 'checking' } : undefined
}

/** The facts, if the gates still suffice; otherwise the transaction ends as refused (T-87). */
async function stillReleased(app: App, transaction: Transaction): Promise<ResetFacts | undefined> {
  try {
    return (await requireRelease(app, app.db, transaction.reset)).facts
  } catch (error) {
    if (!(error instanceof Tightened)) throw error
    await refuse(app, transaction, error)
    return undefined
  }
}

async function refuse(app: App, transaction: Transaction, why: Tightened): Promise<void> {
  await app.db.transaction().execute(async trx => {
    const reset = await move(app, trx, transaction, 'refuse', {}, { refusal: JSON.stringify(why.reasons) })
    await recordStep(app, trx, reset, `check.refused:${why.code}`, { result: 'failure', details: [{ key: 'detail', value: why.detail ?? '' }] })
  })
}

async function reject(app: App, transaction: Transaction, reasons: readonly Reason[], recorded = false): Promise<Finished> {
  await app.db.transaction().execute(async trx => {
    const reset = await move(app, trx, transaction, 'rejectPassword', {}, { refusal: null })
    if (!recorded) await recordEnd(app, trx, reset, 'reset', 'failure', auditedAs(reasons[0]!.code))
    await recordStep(app, trx, reset, `password.rejected:${reasons[0]!.code}`, { result: 'failure' })
  })
  return { kind: 'rejected', reasons }
}

/** The original has one word for everything the banned list refuses (sspr §11.2). */
const auditedAs = (code: ReasonCode): string => (code.startsWith('LK_PASSWORD_BANNED') ? 'FuzzyPolicyViolationInvalidPassword' : code)

/** From here a second request of the same browser waits for the first one's answer; `finishedAt` is when the domain was asked. */
async function submit(app: App, transaction: Transaction, facts: ResetFacts): Promise<ResetRow> {
  return app.db.transaction().execute(async trx => {
    const reset = await move(app, trx, transaction, 'submit', { mayOnlyUnlock: mayOnlyUnlock(facts) }, { refusal: null, finishedAt: app.now() })
    await recordStep(app, trx, reset, 'writeback.sent')
    return reset
  })
}

async function carryOut(app: App, seen: ResetRow, facts: ResetFacts, newPassword: Secret, toDomain: boolean): Promise<Finished> {
  const { tenantId } = seen
  const actor = actorOf(seen, facts)
  try {
    const { outcome } = await setPassword(app, {
      tenantId, userId: seen.userId!, newPassword, channel: 'sspr-portal', actor, correlationId: seen.supportCode, locale: seen.locale as Locale,
      unlock: true, idempotencyKey: seen.id,
      alsoInTransaction: async trx => {
        await recordStep(app, trx, await commitReset(app, trx, seen, 'commit'), 'committed')
      },
    })
    if (outcome === 'pendingCloud') await pending(app, seen)
    return { kind: 'done' }
  } catch (error) {
    return afterFailure(app, seen, error, toDomain)
  }
}

/** Done in the domain, not yet here: the transaction ends all the same, for there is nothing the person can do. */
async function pending(app: App, seen: ResetRow): Promise<void> {
  await app.db.transaction().execute(async trx => {
    const reset = (await findReset(trx, seen.tenantId, seen.id))!
    const gates = await listResetGates(trx, seen.tenantId, seen.id)
    const moved = await move(app, trx, { reset, gates }, 'commitWithoutCloud')
    await recordStep(app, trx, moved, 'pendingCloud')
  })
}

/** Back to the choice with what the domain said, or the end when the checks turned meanwhile. */
async function afterFailure(app: App, seen: ResetRow, error: unknown, toDomain: boolean): Promise<Finished> {
  const reset = await findReset(app.db, seen.tenantId, seen.id)
  if (!reset) throw error
  const transaction: Transaction = { reset, gates: await listResetGates(app.db, seen.tenantId, seen.id) }
  if (reset.state === 'DONE') return { kind: 'done' } // another request of the same browser was quicker
  if (error instanceof Tightened) {
    await refuse(app, transaction, error)
    return { kind: 'ended' }
  }
  if (!(error instanceof Refusal)) {
    if (toDomain) await stepBack(app, transaction, [reason('LK_INTERNAL')])
    throw error
  }
  if (error.status === 409 || error.status === 410) throw error
  if (toDomain) await stepBack(app, transaction, error.reasons)
  else await reject(app, transaction, error.reasons, true) // setPassword has written the failure down
  return { kind: 'rejected', reasons: error.reasons }
}

/** The domain refused or failed: the gates stay passed, so that another try costs no new code. */
async function stepBack(app: App, transaction: Transaction, reasons: readonly Reason[]): Promise<void> {
  const unlocking = transaction.reset.intent === 'unlock'
  const event = !unlocking && reasons[0]!.code === 'LK_ONPREM_POLICY' ? 'domainRejects' : 'domainFails'
  await app.db.transaction().execute(async trx => {
    // Kept so that the page that waits can say it; shown once, for the next step clears it.
    const reset = await move(app, trx, transaction, event, { mayOnlyUnlock: unlocking }, { refusal: JSON.stringify(reasons), finishedAt: null })
    await recordStep(app, trx, reset, 'writeback.failed', { result: 'failure', details: [{ key: 'code', value: reasons[0]!.code }] })
    if (!unlocking) return // setPassword has written the failure down
    await recordUsage(app, trx, reset, { feature: 'unlock', method: null, status: 'failure', reason: reasons[0]!.code })
    await recordEnd(app, trx, reset, 'unlock', 'failure', reasons[0]!.code)
  })
}

async function unlock(app: App, seen: ResetRow, facts: ResetFacts): Promise<Finished> {
  try {
    await unlockAccount(app, {
      tenantId: seen.tenantId, userId: seen.userId!, actor: actorOf(seen, facts), correlationId: seen.supportCode,
      alsoInTransaction: async trx => {
        await recordStep(app, trx, await commitReset(app, trx, seen, 'commit'), 'committed')
      },
    })
    return { kind: 'done' }
  } catch (error) {
    return afterFailure(app, seen, error, true)
  }
}

function actorOf(reset: ResetRow, { subject }: ResetFacts): Actor {
  return {
    kind: 'user', userId: subject!.id, userPrincipalName: subject!.userPrincipalName, displayName: subject!.displayName,
    ...(reset.ipAddress ? { ipAddress: reset.ipAddress } : {}),
  }
}

/** The answer if it comes soon, else "we are checking"; the work goes on and leaves its outcome in the row. */
async function patiently(app: App, work: Promise<Finished>): Promise<Finished> {
  let timer: NodeJS.Timeout | undefined
  let waited = false
  work.catch((error: unknown) => waited && app.log.error('a reset failed while its page waited', { error }))
  const late = new Promise<Finished>(resolve => {
    timer = setTimeout(() => {
      waited = true
      resolve({ kind: 'checking' })
    }, patience)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

