/** "It's me": the first proof, and going on from it. Pages and `/api/signin` call the same functions. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Proof } from '../access.ts'
import type { App } from '../app.ts'
import { accountKeyOf } from '../credentials/account-key.ts'
import { verifyAccessPass } from '../credentials/temporary-access-pass.ts'
import { verifyPassword } from '../credentials/verify-password.ts'
import { Refusal } from '../refusal.ts'
import type { Secret } from '../secret.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { reason } from '../rules/verdict.ts'
import { addSignIn } from '../store/sign-ins.ts'
import { defaultTenant, findTenantByDomain } from '../store/tenants.ts'
import { findUserByName } from '../store/users.ts'
import type { UserRow } from '../store/users.ts'
import { deviceOf, rememberDevice } from './device.ts'
import { nextStep, skippedRegistration } from './next-step.ts'
import type { NextStep } from './next-step.ts'
import { beginSession, renewSession } from './session.ts'
import { knownFacts, refused } from './visitor.ts'
import type { Visitor } from './visitor.ts'

interface Given {
  /** As typed. */
  userName: string
  continueTo: string | undefined
}

/** What became of a sign-in, and where it goes on. */
export interface SignedIn {
  next: NextStep
  /** Where the person wanted to go; null = the account page. */
  continueTo: string | null
}

/** The tenant a name belongs to: its domain's, else the installation's default one (LD-41). */
export async function tenantOfName(app: App, typedName: string): Promise<string> {
  const at = typedName.lastIndexOf('@')
  const own = at < 0 ? undefined : await findTenantByDomain(app.db, typedName.slice(at + 1).trim())
  const tenant = own ?? (await defaultTenant(app.db))
  if (!tenant || tenant.suspendedAt !== null) throw refused(503, 'LK_UNAVAILABLE')
  return tenant.id
}

/**
 * Name and password. Unknown names cost and answer the same as wrong passwords (T-01, T-02); what else stands in the way of an
 * account is told only after the right password (LD-32).
 * @throws Refusal 401 LK_SIGNIN_FAILED, 429 LK_LOCKED_SIGNIN, 403 LK_SIGNIN_DISABLED
 */
export async function signInWithPassword(app: App, request: FastifyRequest, reply: FastifyReply, given: Given & { password: Secret }): Promise<SignedIn> {
  const tenantId = await tenantOfName(app, given.userName)
  const device = deviceOf(app, request)
  const before = await findUserByName(app.db, tenantId, given.userName)
  const verdict = await verifyPassword(app, {
    tenantId, typedName: given.userName, password: given.password, place: { address: request.clientAddress, device: device.id }, purpose: 'signIn',
  })
  const failed = (code: ReasonCode) => note(app, request, { tenantId, typedName: given.userName, userId: before?.id, proofs: [], code })
  if (verdict.outcome === 'locked') {
    await failed('LK_LOCKED_SIGNIN')
    throw new Refusal(429, [reason('LK_LOCKED_SIGNIN')], { retryAfter: (verdict.until - app.now()) / 1000 })
  }
  if (verdict.outcome !== 'right' || !before || verdict.userId !== before.id) {
    await failed('LK_SIGNIN_FAILED')
    throw refused(401, 'LK_SIGNIN_FAILED')
  }
  rememberDevice(app, reply, device)
  return enter(app, request, reply, before, given, [{ method: 'password', at: app.now() }])
}

/**
 * Name and temporary access pass (sspr §4.7). It counts as a strong proof, for an administrator gave it to this very person.
 * @throws Refusal 401 LK_TAP_WRONG, LK_TAP_EXPIRED, LK_TAP_NOT_YET, LK_TAP_USED
 */
export async function signInWithPass(app: App, request: FastifyRequest, reply: FastifyReply, given: Given & { pass: Secret }): Promise<SignedIn> {
  const tenantId = await tenantOfName(app, given.userName)
  const before = await findUserByName(app.db, tenantId, given.userName)
  const code = await verifyAccessPass(app, { tenantId, userId: before?.id ?? null, pass: given.pass, address: request.clientAddress })
  if (code !== undefined || !before) {
    await note(app, request, { tenantId, typedName: given.userName, userId: before?.id, proofs: [], code: code ?? 'LK_TAP_WRONG' })
    throw refused(401, code ?? 'LK_TAP_WRONG')
  }
  return enter(app, request, reply, before, given, [{ method: 'temporaryAccessPass', at: app.now() }])
}

/** The first proof was right: looks at the account, opens a session of the level that is due, and says what comes next. */
async function enter(app: App, request: FastifyRequest, reply: FastifyReply, user: UserRow, given: Given, proofs: readonly Proof[]): Promise<SignedIn> {
  const facts = await knownFacts(app, user.tenantId, user.id)
  if (!facts) throw refused(401, 'LK_SIGNIN_FAILED')
  const { subject } = facts
  if (!subject.accountEnabled || subject.deleted) {
    await note(app, request, { tenantId: user.tenantId, typedName: given.userName, userId: user.id, proofs, code: 'LK_SIGNIN_DISABLED' })
    throw refused(403, 'LK_SIGNIN_DISABLED')
  }
  const next = nextStep(facts, proofs)
  const continueTo = given.continueTo ?? null
  await beginSession(app, request, reply, {
    tenantId: user.tenantId, userId: user.id, credentialEpoch: user.credentialEpoch, isAdministrator: subject.roles.some(role => !role.eligible),
    level: next.step === 'done' ? 'complete' : 'firstFactor', proofs, continueTo,
  })
  if (next.step === 'done') await note(app, request, { tenantId: user.tenantId, typedName: given.userName, userId: user.id, proofs })
  return { next, continueTo }
}

/**
 * Asks the rules again and completes the session when nothing is left. For every step's end, and for whoever comes back to a
 * sign-in left half-way.
 */
export async function goOn(app: App, request: FastifyRequest, reply: FastifyReply, visitor: Visitor): Promise<SignedIn> {
  const { session, facts } = visitor
  if (session.level === 'complete') return { next: { step: 'done' }, continueTo: session.continueTo }
  const next = nextStep(facts, session.proofs)
  if (next.step === 'done') {
    // What was skipped is no proof, and a complete session must not count it as one.
    const proofs = session.proofs.filter(proof => proof.method !== skippedRegistration)
    await renewSession(app, request, reply, session, { level: 'complete', proofs })
    const { userPrincipalName } = facts.subject
    await note(app, request, { tenantId: session.tenantId, typedName: userPrincipalName, userId: session.userId, proofs })
  }
  return { next, continueTo: session.continueTo }
}

interface Noted {
  tenantId: string
  typedName: string
  userId: string | undefined
  proofs: readonly Proof[]
  /** Why it failed; absent when it did not. */
  code?: ReasonCode
}

/** One row of the sign-in log; written in batches, so that a sign-in does not wait for it. */
export function note(app: App, request: FastifyRequest, { tenantId, typedName, userId, proofs, code }: Noted): Promise<void> {
  return addSignIn(app, {
    tenantId, at: app.now(), userId: userId ?? null, accountKey: accountKeyOf(app, tenantId, typedName),
    // Somebody may have typed the password where the name belongs (T-78).
    accountHint: userId === undefined ? typedName.trim().slice(0, 1) : typedName,
    kind: 'interactive', result: code === undefined ? 'success' : 'failure', reasonCode: code ?? null, proofs: proofs.map(proof => proof.method),
    ipAddress: request.clientAddress, userAgent: request.headers['user-agent']?.slice(0, 300) ?? null, correlationId: request.correlationId,
  })
}
