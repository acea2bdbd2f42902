/** Changing a password one knows (sspr §8.1). The page and `POST /api/change-password` are this one function. */
import type { App } from '../app.ts'
import { initiatedBy } from '../credentials/actor.ts'
import { setPassword } from '../credentials/set-password.ts'
import { verifyPasswordAgain } from '../credentials/verify-password-again.ts'
import { Refusal } from '../refusal.ts'
import { isOnPremises } from '../rules/authority.ts'
import { checkPassword, shortestPassword } from '../rules/password-policy.ts'
import type { FailedRule } from '../rules/password-policy.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { otherLimits } from '../rules/throttle.ts'
import { provedSecondFactor } from '../rules/proofs.ts'
import { reason } from '../rules/verdict.ts'
import type { ReasonValues } from '../rules/verdict.ts'
import type { Secret } from '../secret.ts'
import { appendAudit } from '../store/audit.ts'
import { reserve } from '../store/limits.ts'
import type { ShownRules } from './change-password-page.tsx'
import type { Visit } from './visit.ts'

/** Proofs this recent stand for the old password (LD-48, N-STEP). */
const recent = 10 * 60_000

/** The old password is asked unless password and second factor were both proved in the last ten minutes (LD-48). */
export function asksCurrent({ proofs, facts }: Visit): boolean {
  const fresh = proofs.filter(proof => facts.now - proof.at <= recent)
  return !(fresh.some(proof => proof.method === 'password') && provedSecondFactor(fresh))
}

export function shownRules({ facts }: Visit): ShownRules {
  if (isOnPremises(facts.subject) && !facts.tenant.settings.enforceCloudPasswordPolicyForPasswordSyncedUsers) return { kind: 'onprem' }
  return facts.tenant.settings.passwordRules === 'nist' ? { kind: 'nist', length: shortestPassword(facts) } : { kind: 'entra' }
}

/**
 * Sets a new password in place of the old one; this session goes on, all others end. The old password is proved first, and only
 * then does any rule answer, so that nothing about either can be asked in a stolen session (T-86).
 * @throws Refusal 422 LK_FIELD_REQUIRED, LK_PASSWORD_CURRENT_WRONG, LK_PASSWORD_<RULE>, 429 LK_LOCKED_SIGNIN, 401 LK_SESSION_ENDED
 */
export async function changePassword(
  app: App, visit: Visit, given: { currentPassword: Secret; newPassword: Secret; address: string; device?: string },
): Promise<{ pending: boolean }> {
  const { tenantId, userId, actor, correlationId, locale } = visit
  const asked = asksCurrent(visit)
  if (asked && given.currentPassword.isEmpty) throw refused(422, 'LK_FIELD_REQUIRED', 'currentPassword')
  if (given.newPassword.isEmpty) throw refused(422, 'LK_FIELD_REQUIRED', 'newPassword')
  await noteStart(app, visit)
  if (asked) await proveCurrent(app, visit, given)
  const { outcome } = await setPassword(app, {
    tenantId, userId, newPassword: given.newPassword, channel: 'change-portal', actor, correlationId, locale, keepSession: visit.sessionIdHash,
    ...(asked ? { oldPassword: given.currentPassword } : {}),
  }).catch(error => {
    throw error instanceof Refusal && error.field === undefined && error.code.startsWith('LK_PASSWORD_')
      ? new Refusal(error.status, error.reasons, { field: 'newPassword', detail: error.detail })
      : error
  })
  return { pending: outcome === 'pendingCloud' }
}

async function proveCurrent(app: App, visit: Visit, given: { currentPassword: Secret; address: string; device?: string }): Promise<void> {
  const { tenantId, userId } = visit
  const verdict = await verifyPasswordAgain(app, { tenantId, userId, idHash: visit.sessionIdHash }, {
    password: given.currentPassword, place: { address: given.address, device: given.device }, purpose: 'changePassword',
  })
  switch (verdict.outcome) {
    case 'right': return
    case 'locked': throw new Refusal(429, [reason('LK_LOCKED_SIGNIN')], { retryAfter: (verdict.until - app.now()) / 1000 })
    case 'unavailable': throw new Refusal(503, [reason('SSPR_0030')], { retryAfter: 30 })
    case 'refused': throw refused(403, verdict.code)
    case 'sessionEnded': throw refused(401, 'LK_SESSION_ENDED')
    case 'wrong': throw refused(422, 'LK_PASSWORD_CURRENT_WRONG', 'currentPassword')
  }
}

/**
 * Which rules a password would fail. Nothing about passwords in use: neither the current one nor a former one is compared.
 * @throws Refusal 429 LK_TOO_MANY
 */
export async function validatePassword(app: App, visit: Visit, password: Secret): Promise<FailedRule[]> {
  const { tenantId, userId, facts } = visit
  const reserved = await reserve(app.db, { tenantId, key: `validatePassword:${userId}`, kind: otherLimits.passwordLookups, now: app.now() })
  if (!reserved.served) throw new Refusal(429, [reason('LK_TOO_MANY')], { retryAfter: (reserved.until - app.now()) / 1000 })
  return checkPassword(password.reveal().normalize('NFKC'), { tenant: facts.tenant, subject: facts.subject })
}

function noteStart(app: App, { tenantId, userId, actor, correlationId, facts }: Visit): Promise<void> {
  return app.db.transaction().execute(trx => appendAudit(trx, {
    tenantId, at: app.now(), service: 'Authentication Methods', category: 'UserManagement', activity: 'User started password change', result: 'success',
    correlationId, initiatedBy: initiatedBy(actor), targets: [{ type: 'User', id: userId, displayName: facts.subject.displayName }],
  }))
}

function refused(status: number, code: ReasonCode, field?: string): Refusal {
  const values: ReasonValues | undefined = code === 'LK_FIELD_REQUIRED' && field ? { field } : undefined
  return new Refusal(status, [reason(code, values)], { field })
}
