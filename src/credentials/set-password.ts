import { randomUUID } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { faultPoint } from '../fault-point.ts'
import { providersOf } from '../notify/senders.ts'
import { Refusal } from '../refusal.ts'
import type { Channel, SubjectFacts, TenantFacts } from '../rules/facts.ts'
import { checkPassword } from '../rules/password-policy.ts'
import type { FailedRule } from '../rules/password-policy.ts'
import { statusOf } from '../rules/reason.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { reason } from '../rules/verdict.ts'
import { channels, keepsCloudPassword, mayCarryHome, needsWriteback } from '../rules/writeback.ts'
import type { Secret } from '../secret.ts'
import { gatherFacts } from '../store/facts.ts'
import { clearKeys } from '../store/limits.ts'
import { clearLockouts } from '../store/lockouts.ts'
import { findPassword, savePassword } from '../store/passwords.ts'
import type { Locale } from '../text.ts'
import { accountKeysOf } from './account-key.ts'
import type { Actor } from './actor.ts'
import { endAppPasswords } from './app-passwords.ts'
import { isBreached } from './breached-passwords.ts'
import { hashPassword, matchesHash } from './hash-password.ts'
import { recordFailure, recordPending, recordSuccess } from './password-records.ts'
import { recoveryKeysOf } from './proof-budget.ts'
import { endSessions } from './revoke-sessions.ts'
import { writeHome } from './write-home.ts'
import type { HomeWritten } from './write-home.ts'

export interface NewPassword {
  tenantId: string
  userId: string
  newPassword: Secret
  /** The domain checks its own history with it; here it has been verified before. */
  oldPassword?: Secret | undefined
  channel: Channel
  actor: Actor
  correlationId: string
  /** The person must choose another at the next sign-in. */
  mustChange?: boolean
  /** Generated for an administrator to pass on: must be changed, dies by itself (LD-27). */
  temporary?: boolean
  /** Lift the domain's lock too; a reset always does (sspr §5.3). */
  unlock?: boolean
  /** Id hash of the session that goes on: the one in which the person changes it. */
  keepSession?: string | undefined
  locale?: Locale
  /** Equal when the same request is repeated, such as the reset's id. */
  idempotencyKey?: string
  /** What allows it, used up in the same transaction (T-05, T-07); throws to refuse. */
  alsoInTransaction?: (trx: Db) => Promise<void>
}

export interface PasswordSet {
  /** `pendingCloud`: the domain has taken the password, and here it could not be stored. */
  outcome: 'done' | 'pendingCloud'
  writeback: 'notNeeded' | 'ok'
}

type Carried = Extract<HomeWritten, { status: 'ok' }>

interface Known {
  tenant: TenantFacts
  subject: SubjectFacts
}

/**
 * The one door through which every new password passes. In this order: the rules of passwords, the domain (never inside a
 * transaction: if it refuses, nothing has happened here), then everything else in one transaction, for which what matters is read
 * again under a lock (T-87, R-01): what allowed it, the hash, sessions, app passwords, locks, counters, audit, events, notices.
 *
 * Throws a `Refusal`: 422 with every LK_PASSWORD_ rule that failed; the domain's own no; 404 for nobody; 503 when busy. A refusal
 * is in the audit before it is thrown.
 */
export async function setPassword(app: App, wish: NewPassword): Promise<PasswordSet> {
  const known = await gather(app, app.db, wish)
  if (!known) throw refused('LK_NOT_FOUND')
  const failed = await failedRules(app, wish, known)
  if (failed.length > 0) {
    await recordFailure(app, wish, known, { code: failed[0]!.code, writeback: 'notNeeded', result: 'failure' })
    throw new Refusal(422, failed, { field: 'newPassword' })
  }
  const carry = mayCarryHome(wish.channel, known)
  if (!carry.allowed) {
    const { code } = carry.reasons[0]!
    await recordFailure(app, wish, known, { code, writeback: code === 'WRITEBACK_NOT_SUPPORTED' ? 'notSupported' : 'failed', result: 'failure' })
    throw new Refusal(statusOf(code), carry.reasons)
  }
  // Before the domain is asked: a full hashing lane must not leave the two sides apart.
  const hash = keepsCloudPassword(known.subject) ? await hashPassword(app, wish.newPassword) : null
  const home = needsWriteback(wish.channel, known.subject)
  const carried = home ? await carryHome(app, wish, known) : null
  faultPoint('setPassword.home')
  try {
    await app.db.transaction().execute(trx => store(app, trx, wish, known, hash, carried))
  } catch (error) {
    // A repetition that comes second finds what allowed it used up: that is no news about the password.
    if (!carried || (carried.repeated && error instanceof Refusal)) throw error
    // The domain has it already: that is what the person must hear, whatever went wrong here.
    app.log.error('password stored in the domain only', { tenantId: wish.tenantId, userId: wish.userId, correlationId: wish.correlationId, error })
    await recordPending(app, wish, known).catch((lost: unknown) => app.log.error('pending password not recorded', { userId: wish.userId, error: lost }))
    return { outcome: 'pendingCloud', writeback: 'ok' }
  }
  faultPoint('setPassword.committed')
  return { outcome: 'done', writeback: home ? 'ok' : 'notNeeded' }
}

async function gather(app: App, db: Db, { tenantId, userId }: NewPassword): Promise<Known | undefined> {
  const { tenant, subject } = await gatherFacts(db, { tenantId, userId, now: app.now(), providers: providersOf(app.config) })
  return subject && !subject.deleted ? { tenant, subject } : undefined
}

/** True for a reset, by its owner or by an administrator; false for a change. */
function isReset(channel: Channel): boolean {
  return channels[channel].actor === 'administrator' || channel === 'sspr-portal'
}

async function failedRules(app: App, wish: NewPassword, known: Known): Promise<FailedRule[]> {
  const { newPassword, oldPassword } = wish
  const sameAsCurrent = isReset(wish.channel) ? false : await isCurrent(app, wish)
  const same = sameAsCurrent || (oldPassword !== undefined && oldPassword.reveal() === newPassword.reveal())
  const breached = await isBreached(app.config.breachedPasswordsFile, newPassword)
  return checkPassword(newPassword.reveal(), { ...known, sameAsCurrent: same, breached })
}

/** A reset does not ask: it does not know the old one, and saying so would tell a stranger (A-23, T-86). */
async function isCurrent(app: App, { tenantId, userId, newPassword }: NewPassword): Promise<boolean> {
  const row = await findPassword(app.db, tenantId, userId)
  return matchesHash(app, row?.hash ?? null, newPassword)
}

async function carryHome(app: App, wish: NewPassword, known: Known): Promise<Carried> {
  const answer = await writeHome(app, {
    ...wish,
    mustChange: wish.mustChange ?? wish.temporary ?? false,
    unlock: wish.unlock ?? isReset(wish.channel),
    idempotencyKey: wish.idempotencyKey ?? randomUUID(),
  })
  if (answer.status === 'ok') return answer
  const result = answer.status === 'unknown' ? 'timeout' : 'failure'
  await recordFailure(app, wish, known, { code: answer.code, writeback: answer.status, result })
  throw refused(answer.code)
}

/** Everything that changes here, in one transaction. The first statement holds the person's row until the end. */
async function store(app: App, trx: Db, wish: NewPassword, before: Known, hash: string | null, home: Carried | null): Promise<void> {
  const { tenantId, userId, channel, keepSession } = wish
  const at = app.now()
  faultPoint('setPassword.begin')
  await endSessions(trx, { tenantId, userId, keepSession, at })
  faultPoint('setPassword.sessions')
  const known = await readAgain(app, trx, wish, before)
  await wish.alsoInTransaction?.(trx)
  faultPoint('setPassword.allowed')
  await savePassword(trx, passwordRow(wish, known, hash, at))
  faultPoint('setPassword.saved')
  const ended = isReset(channel) && !known.tenant.settings.appPasswordsSurviveReset
  if (ended) await endAppPasswords(trx, { ...wish, at })
  await clearLockouts(trx, tenantId, await accountKeysOf(app, trx, tenantId, userId))
  if (isReset(channel)) await clearKeys(trx, tenantId, await recoveryKeysOf(app, trx, tenantId, userId))
  faultPoint('setPassword.cleared')
  await recordSuccess(app, trx, wish, known, { at, home })
  faultPoint('setPassword.recorded')
}

/** T-87: whatever became stricter meanwhile applies; whoever was disabled, deleted or moved to the domain is not served. */
async function readAgain(app: App, trx: Db, wish: NewPassword, before: Known): Promise<Known> {
  const known = await gather(app, trx, wish)
  if (!known) throw refused('LK_NOT_FOUND')
  const self = channels[wish.channel].actor === 'self'
  if (self && !known.subject.accountEnabled) throw refused('LK_SIGNIN_DISABLED')
  const moved = needsWriteback(wish.channel, known.subject) !== needsWriteback(wish.channel, before.subject)
  if (moved || keepsCloudPassword(known.subject) !== keepsCloudPassword(before.subject)) throw refused('LK_CONFLICT')
  const failed = checkPassword(wish.newPassword.reveal(), known)
  if (failed.length > 0) throw new Refusal(422, failed, { field: 'newPassword' })
  return known
}

function passwordRow(wish: NewPassword, { tenant }: Known, hash: string | null, at: number) {
  const { tenantId, userId, channel, temporary = false } = wish
  const hours = tenant.settings.temporaryPasswordLifetimeInHours
  return {
    tenantId, userId, hash, changedAt: at, channel,
    forceChangePasswordNextSignIn: wish.mustChange ?? temporary,
    forceChangePasswordNextSignInWithMfa: false,
    temporaryUntil: temporary && hours > 0 ? at + hours * 3_600_000 : null,
    temporaryUsedAt: null,
    lengthAtLeast15: [...wish.newPassword.reveal()].length >= 15,
  }
}

const refused = (code: ReasonCode) => new Refusal(statusOf(code), [reason(code)])
