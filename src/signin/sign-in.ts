/** "It's me": the first proof, and going on from it. Pages and `/api/signin` call the same functions. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Proof } from '../access.ts'
import type { App, Db } from '../app.ts'
import { accountKeyOf } from '../credentials/account-key.ts'
import { verifyTemporaryAccessPass } from '../credentials/temporary-access-pass.ts'
import { comparePassword } from '../credentials/verify-password.ts'
import type { PasswordVerdict } from '../credentials/verify-password.ts'
import { Refusal } from '../refusal.ts'
import type { Secret } from '../secret.ts'
import { tellsSignInUnavailable } from '../rules/disclosure.ts'
import { skippedRegistration } from '../rules/proofs.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { reason } from '../rules/verdict.ts'
import { readPolicies } from '../store/policies.ts'
import { addSignIn } from '../store/sign-ins.ts'
import { defaultTenant, findTenantByDomain } from '../store/tenants.ts'
import { findUserByName } from '../store/users.ts'
import type { UserRow } from '../store/users.ts'
import { deviceOf, rememberDevice } from '../device.ts'
import { nextStep } from './next-step.ts'
import type { NextStep } from './next-step.ts'
import { beginSession, renewSession } from './session.ts'
import type { PassingProof } from './session.ts'
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
 * @throws Refusal 401 LK_SIGNIN_FAILED or LK_TEMPORARY_PASSWORD_EXPIRED, 429 LK_LOCKED_SIGNIN, 403 LK_SIGNIN_DISABLED, 503 LK_UNAVAILABLE (under `private` LK_SIGNIN_FAILED)
 */
export async function signInWithPassword(app: App, request: FastifyRequest, reply: FastifyReply, given: Given & { password: Secret }): Promise<SignedIn> {
  const tenantId = await tenantOfName(app, given.userName)
  const device = deviceOf(app, request)
  const verdict = await comparePassword(app, {
    tenantId, typedName: given.userName, password: given.password, place: { address: request.clientAddress, device: device.id }, purpose: 'signIn',
  })
  if (verdict.outcome === 'right') {
    rememberDevice(app, reply, device)
    return enter(app, request, reply, verdict.user, given, [{ method: 'password', at: app.now() }], verdict.accept)
  }
  const code = codeOf(verdict)
  await noteRefused(app, request, tenantId, given.userName, code)
  const until = verdict.outcome === 'locked' ? { retryAfter: (verdict.until - app.now()) / 1000 } : {}
  const told = code === 'LK_UNAVAILABLE' && !tellsSignInUnavailable((await readPolicies(app.db, tenantId)).tenantSettings) ? 'LK_SIGNIN_FAILED' : code
  throw new Refusal(statuses[told] ?? 401, [reason(told)], until)
}

const statuses: Partial<Record<ReasonCode, number>> = { LK_LOCKED_SIGNIN: 429, LK_UNAVAILABLE: 503, LK_SIGNIN_DISABLED: 403 }

function codeOf(verdict: Exclude<PasswordVerdict, { outcome: 'right' }>): ReasonCode {
  switch (verdict.outcome) {
    case 'wrong': return 'LK_SIGNIN_FAILED'
    case 'locked': return 'LK_LOCKED_SIGNIN'
    case 'unavailable': return 'LK_UNAVAILABLE'
    case 'refused': return verdict.code
  }
}

/**
 * Name and temporary access pass (sspr §4.7). It counts as a strong proof, for an administrator gave it to this very person; the
 * session ends with it.
 * @throws Refusal 401 LK_TAP_…, 429 LK_LOCKED_SIGNIN, 403 LK_SIGNIN_DISABLED
 */
export async function signInWithPass(app: App, request: FastifyRequest, reply: FastifyReply, given: Given & { pass: Secret }): Promise<SignedIn> {
  const tenantId = await tenantOfName(app, given.userName)
  // Read before the pass is looked at: a reset in between leaves the session dead.
  const user = await findUserByName(app.db, tenantId, given.userName)
  const verdict = await verifyTemporaryAccessPass(app, { tenantId, typedName: given.userName, pass: given.pass })
  if (verdict.outcome === 'right' && user?.id === verdict.userId) {
    const proof: PassingProof = { method: 'temporaryAccessPass', at: app.now(), until: verdict.expiresAt }
    return enter(app, request, reply, user, given, [proof])
  }
  const code = verdict.outcome === 'refused' ? verdict.code : verdict.outcome === 'locked' ? 'LK_LOCKED_SIGNIN' : 'LK_TAP_WRONG'
  await noteRefused(app, request, tenantId, given.userName, code)
  const until = verdict.outcome === 'locked' ? { retryAfter: (verdict.until - app.now()) / 1000 } : {}
  throw new Refusal(statuses[code] ?? 401, [reason(code)], until)
}

/**
 * The first proof was right: looks at the account, opens a session of the level that is due, and says what comes next. `accept` is
 * done in the session's transaction.
 */
async function enter(
  app: App, request: FastifyRequest, reply: FastifyReply, user: UserRow, given: Given, proofs: readonly Proof[], accept?: (trx: Db) => Promise<void>,
): Promise<SignedIn> {
  const facts = await knownFacts(app, user.tenantId, user.id)
  if (!facts) throw refused(401, 'LK_SIGNIN_FAILED')
  const next = nextStep(facts, proofs)
  const continueTo = given.continueTo ?? null
  await beginSession(app, request, reply, {
    tenantId: user.tenantId, userId: user.id, credentialEpoch: user.credentialEpoch, isAdministrator: facts.subject.roles.some(role => !role.eligible),
    level: next.step === 'done' ? 'complete' : 'firstFactor', proofs, continueTo,
  }, accept)
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

/** A refused try, with its owner where the name has one: looked up either way, so that both take as long. */
async function noteRefused(app: App, request: FastifyRequest, tenantId: string, typedName: string, code: ReasonCode): Promise<void> {
  const user = await findUserByName(app.db, tenantId, typedName)
  await note(app, request, { tenantId, typedName, userId: user?.id, proofs: [], code })
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
