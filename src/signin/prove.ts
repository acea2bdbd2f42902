/** Proving a registered second factor: at sign-in, and again before something delicate (N-STEP). */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import { endBrowserSessions } from '../credentials/browser-session.ts'
import { checkCode } from '../credentials/check-code.ts'
import { openChallenge, sendCode } from '../credentials/send-code.ts'
import { checkTotp } from '../credentials/totp.ts'
import { verifyPassword } from '../credentials/verify-password.ts'
import { Refusal } from '../refusal.ts'
import type { Secret } from '../secret.ts'
import { reason } from '../rules/verdict.ts'
import { currentChallenge } from '../store/challenges.ts'
import { methodPlace, findMethodRow } from '../store/methods.ts'
import { countWrongReauthentication, endSession } from '../store/sessions.ts'
import type { SessionRow } from '../store/sessions.ts'
import type { Proof } from '../access.ts'
import { deviceOf } from '../device.ts'
import { listSecondFactors } from './second-factors.ts'
import type { SecondFactor } from './second-factors.ts'
import { renewSession } from './session.ts'
import { goOn, note } from './sign-in.ts'
import type { SignedIn } from './sign-in.ts'
import { refused } from './visitor.ts'
import type { Visitor } from './visitor.ts'

const resendAfter = 30_000
/** Wrong proofs after which a session that asks for one is over (T-86). */
const wrongProofsAllowed = 5

/** The factor of that id, among those the visitor may use now. */
export async function factorOf(app: App, visitor: Visitor, methodId: string): Promise<SecondFactor> {
  const factor = (await listSecondFactors(app, visitor.facts)).find(one => one.methodId === methodId)
  if (!factor) throw refused(422, 'LK_METHOD_UNAVAILABLE')
  return factor
}

/** The code that was sent to this session's phone and is still good: since when; undefined when there is none. */
export async function sentAt(app: App, { session }: Visitor, factor: SecondFactor): Promise<number | undefined> {
  if (factor.way !== 'sms') return undefined
  const challenge = await currentChallenge(app.db, scopeOf(session))
  const underWay = challenge && challenge.destinationIndex !== null && challenge.consumedAt === null && challenge.expiresAt > app.now()
  return underWay && challenge.methodId === factor.methodId ? challenge.createdAt : undefined
}

/** For what a texted code counts: this sign-in, this person (T-06). */
const scopeOf = ({ tenantId, publicId, userId }: SessionRow) =>
  ({ tenantId, purpose: 'signIn', transactionId: publicId, method: 'mobileSms', userId }) as const

/** Seconds until another code may be asked for. */
export function waitFor(app: App, sent: number): number {
  return Math.max(0, Math.ceil((sent + resendAfter - app.now()) / 1000))
}

/**
 * Texts a code to the registered phone, within N-SEND; a second one within 30 seconds is refused.
 * @throws Refusal 429 LK_RESEND_TOO_SOON, LK_BLOCKED; 422 LK_METHOD_UNAVAILABLE
 */
export async function sendFactorCode(app: App, request: FastifyRequest, visitor: Visitor, methodId: string): Promise<SecondFactor> {
  const factor = await factorOf(app, visitor, methodId)
  if (factor.way !== 'sms') throw refused(422, 'LK_METHOD_UNAVAILABLE')
  const last = await sentAt(app, visitor, factor)
  if (last !== undefined && waitFor(app, last) > 0) {
    throw new Refusal(429, [reason('LK_RESEND_TOO_SOON', { seconds: waitFor(app, last) })], { retryAfter: waitFor(app, last) })
  }
  const { tenantId, userId } = visitor.session
  const row = await findMethodRow(app.db, tenantId, userId, methodId)
  if (!row) throw refused(422, 'LK_METHOD_UNAVAILABLE')
  const address = await app.keys.openText(methodPlace(tenantId, row.id), row.valueSealed)
  const challengeId = await openChallenge(app, app.db, { ...scopeOf(visitor.session), methodId })
  const sent = await sendCode(app, { tenantId, challengeId, userId, to: { kind: 'sms', address }, locale: request.locale })
  // The password was right, so the person may know that nothing was sent, and need not wait for it.
  if (sent.outcome !== 'sent') throw refused(429, 'LK_TOO_MANY')
  return factor
}

/** Checks a code of a second factor and goes on with the sign-in. @throws Refusal 422 LK_CODE_…, 429 LK_BLOCKED */
export async function proveSecondFactor(
  app: App, request: FastifyRequest, reply: FastifyReply, visitor: Visitor, given: { methodId: string; code: string },
): Promise<SignedIn> {
  const proof = await checkFactor(app, request, visitor, given)
  const proofs = [...visitor.session.proofs, proof]
  const session = { ...visitor.session, proofs }
  const next = await goOn(app, request, reply, { ...visitor, session })
  // More steps follow: the proof is kept, under a new id (T-30).
  if (next.next.step !== 'done') await renewSession(app, request, reply, visitor.session, { level: visitor.session.level as 'firstFactor', proofs })
  return next
}

/**
 * Proves again, with the strongest thing registered, and gives the session a new id. Of the session's five tries one is taken
 * before anything is compared (T-04); the fifth wrong one ends it (T-86).
 * @throws Refusal as above; 401 LK_SESSION_ENDED
 */
export async function proveAgain(
  app: App, request: FastifyRequest, reply: FastifyReply, visitor: Visitor, given: { methodId: string; code: string } | { password: Secret },
): Promise<void> {
  const { session } = visitor
  if ('methodId' in given) await factorOf(app, visitor, given.methodId)
  const tries = await countWrongReauthentication(app.db, session.tenantId, session.idHash)
  if (tries === undefined || tries > wrongProofsAllowed) return endForGood(app, request, reply, session)
  let proof: Proof
  try {
    proof = 'password' in given ? await checkPassword(app, request, visitor, given.password) : await checkFactor(app, request, visitor, given)
  } catch (error) {
    if (tries === wrongProofsAllowed) return endForGood(app, request, reply, session)
    throw error
  }
  // A password is asked of those who have nothing stronger: an older, stronger proof (a pass) is out of date and gives way.
  const kept = 'password' in given ? [] : session.proofs.filter(one => one.method !== proof.method)
  await renewSession(app, request, reply, session, { level: 'complete', proofs: [...kept, proof] })
}

async function endForGood(app: App, request: FastifyRequest, reply: FastifyReply, session: SessionRow): Promise<never> {
  await endSession(app.db, { tenantId: session.tenantId, idHash: session.idHash })
  await endBrowserSessions(app, request, reply)
  throw refused(401, 'LK_SESSION_ENDED')
}

async function checkPassword(app: App, request: FastifyRequest, { session, facts }: Visitor, password: Secret): Promise<Proof> {
  const verdict = await verifyPassword(app, {
    tenantId: session.tenantId, userId: session.userId, password, purpose: 'reauthenticate',
    place: { address: request.clientAddress, device: deviceOf(app, request).id },
  })
  if (verdict.outcome !== 'right') await noteFailure(app, request, session, facts.subject.userPrincipalName)
  if (verdict.outcome === 'locked') throw new Refusal(429, [reason('LK_LOCKED_SIGNIN')], { retryAfter: (verdict.until - app.now()) / 1000 })
  if (verdict.outcome === 'unavailable') throw refused(503, 'LK_UNAVAILABLE')
  if (verdict.outcome !== 'right') throw refused(422, 'LK_PASSWORD_CURRENT_WRONG')
  return { method: 'password', at: app.now() }
}

const refusals = { wrong: 'LK_CODE_WRONG', expired: 'LK_CODE_EXPIRED', blocked: 'LK_BLOCKED' } as const

async function checkFactor(app: App, request: FastifyRequest, visitor: Visitor, given: { methodId: string; code: string }): Promise<Proof> {
  const { session, facts } = visitor
  const { tenantId, userId } = session
  const factor = await factorOf(app, visitor, given.methodId)
  const { code } = given
  // Any app of the person's will do, but none that the tenant does not allow (sspr §2.9).
  const usable = new Set((await listSecondFactors(app, facts)).map(one => one.methodId))
  const result = factor.way === 'totp'
    ? await checkTotp(app, { tenantId, userId, purpose: 'signIn', code, accepts: method => usable.has(method.id) })
    : await checkCode(app, { ...scopeOf(session), code })
  if (result === 'right') return { method: factor.way, at: app.now() }
  await noteFailure(app, request, session, facts.subject.userPrincipalName)
  throw refused(result === 'blocked' ? 429 : 422, refusals[result])
}

const noteFailure = (app: App, request: FastifyRequest, { tenantId, userId, proofs }: SessionRow, typedName: string): Promise<void> =>
  note(app, request, { tenantId, typedName, userId, proofs, code: 'LK_SECOND_FACTOR_FAILED' })
