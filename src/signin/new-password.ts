import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import { setPassword } from '../credentials/set-password.ts'
import { verifyPasswordAgain } from '../credentials/verify-password-again.ts'
import { Refusal } from '../refusal.ts'
import { provedSecondFactor } from '../rules/proofs.ts'
import { reason } from '../rules/verdict.ts'
import type { Secret } from '../secret.ts'
import { deviceOf } from '../device.ts'
import { nextStep } from './next-step.ts'
import { goOn } from './sign-in.ts'
import type { SignedIn } from './sign-in.ts'
import { refused, visitorOf } from './visitor.ts'
import type { Visitor } from './visitor.ts'

const recent = 10 * 60_000

/** The old password is asked for unless it and a second factor were proved within ten minutes (LD-48). */
export function asksCurrentPassword(app: App, { session }: Visitor): boolean {
  const fresh = session.proofs.filter(proof => app.now() - proof.at <= recent)
  return !(fresh.some(proof => proof.method === 'password') && provedSecondFactor(fresh))
}

/** Why a new password is due now; undefined when none is. */
export function newPasswordDue({ facts, session }: Visitor): 'mustChange' | 'expired' | undefined {
  const next = nextStep(facts, session.proofs)
  return next.step === 'newPassword' ? next.why : undefined
}

/**
 * Sets the password that is due and goes on with the sign-in. Everything about the new one is judged only after the old one was
 * right, so that nothing here answers guesses (T-86).
 * @throws Refusal 422 LK_PASSWORD_…, 409 LK_OUT_OF_ORDER when no new password is due
 */
export async function chooseNewPassword(
  app: App, request: FastifyRequest, reply: FastifyReply, visitor: Visitor,
  given: { password: Secret; newPassword: Secret; confirmPassword: Secret },
): Promise<SignedIn> {
  const { session, actor } = visitor
  if (newPasswordDue(visitor) === undefined) throw refused(409, 'LK_OUT_OF_ORDER')
  if (given.newPassword.isEmpty) throw new Refusal(422, [reason('LK_FIELD_REQUIRED', { field: 'newPassword' })], { field: 'newPassword' })
  if (given.newPassword.reveal() !== given.confirmPassword.reveal()) throw refused(422, 'LK_PASSWORD_MISMATCH')
  const asked = asksCurrentPassword(app, visitor)
  if (asked) await requireCurrent(app, request, visitor, given.password)
  await setPassword(app, {
    tenantId: session.tenantId, userId: session.userId, newPassword: given.newPassword, ...(asked ? { oldPassword: given.password } : {}),
    channel: 'signin-expired', actor, correlationId: request.correlationId, keepSession: session.idHash, locale: request.locale,
  })
  // Facts and epoch are new: asked again, so that the session carries the new epoch.
  return goOn(app, request, reply, await visitorOf(app, request))
}

async function requireCurrent(app: App, request: FastifyRequest, { session }: Visitor, password: Secret): Promise<void> {
  const verdict = await verifyPasswordAgain(app, session, {
    password, purpose: 'changePassword', place: { address: request.clientAddress, device: deviceOf(app, request).id },
  })
  if (verdict.outcome === 'sessionEnded') throw refused(401, 'LK_SESSION_ENDED')
  if (verdict.outcome === 'locked') throw new Refusal(429, [reason('LK_LOCKED_SIGNIN')], { retryAfter: (verdict.until - app.now()) / 1000 })
  if (verdict.outcome === 'unavailable') throw refused(503, 'LK_UNAVAILABLE')
  if (verdict.outcome !== 'right') throw refused(422, 'LK_PASSWORD_CURRENT_WRONG')
}
