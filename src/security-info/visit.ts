/**
 * Coming in: who this is, through which of the two doors, and whether they have proved enough to stay (T-13, T-14, T-15).
 * `manage` is the signed-in person's own list; `register` is the stop at sign-in, open to a session that is not complete yet.
 */
import type { FastifyRequest } from 'fastify'
import { userCaller } from '../access.ts'
import type { Proof } from '../access.ts'
import type { App } from '../app.ts'
import type { Actor } from '../credentials/actor.ts'
import { Refusal } from '../refusal.ts'
import type { SubjectFacts } from '../rules/facts.ts'
import type { KnownFacts } from '../rules/gates.ts'
import { pendingInterrupts } from '../rules/interrupts.ts'
import type { Interrupt } from '../rules/interrupts.ts'
import { provedSecondFactor } from '../rules/proofs.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { roleName } from '../rules/roles.ts'
import { hasSecondFactor } from '../rules/usable-methods.ts'
import { reason } from '../rules/verdict.ts'
import { gatherFacts } from '../store/facts.ts'
import { findUser } from '../store/users.ts'
import type { Locale } from '../text.ts'
import { providersOf } from './providers.ts'

export type DoorName = 'manage' | 'register'

export interface Visit {
  door: DoorName
  tenantId: string
  userId: string
  /** The session's public id: what a code sent here belongs to (T-06). */
  transactionId: string
  sessionIdHash: string
  level: 'firstFactor' | 'complete'
  /** When this session began, epoch milliseconds. */
  signedInAt: number
  proofs: readonly Proof[]
  facts: KnownFacts
  actor: Actor
  /** Two letters; how a number without a country code is read. */
  usageLocation: string | null
  locale: Locale
  correlationId: string
  clientAddress: string
}

/** Reads everything a page of this room needs to know about its visitor. Decides nothing. */
export async function visitOf(app: App, request: FastifyRequest, door: DoorName): Promise<Visit> {
  const caller = userCaller(request)
  const { tenantId, userId, session } = caller
  const facts = await gatherFacts(app.db, { tenantId, userId, now: app.now(), providers: providersOf(app.config) })
  if (!facts.subject) throw refused(401, 'LK_SESSION_ENDED')
  return {
    door, tenantId, userId,
    transactionId: session.publicId,
    sessionIdHash: session.idHash,
    level: caller.level,
    signedInAt: session.createdAt,
    proofs: session.proofs,
    facts: { ...facts, subject: facts.subject },
    actor: actorOf(facts.subject, request.clientAddress),
    usageLocation: (await findUser(app.db, tenantId, userId))?.usageLocation ?? null,
    locale: request.locale,
    correlationId: request.correlationId,
    clientAddress: request.clientAddress,
  }
}

/** For the pages that list or change methods of a signed-in person: somebody with a second factor has given it. */
export async function enterManage(app: App, request: FastifyRequest): Promise<Visit> {
  const visit = await visitOf(app, request, 'manage')
  requireSecondFactor(visit)
  return visit
}

export interface RegisterVisit extends Visit {
  /** Undefined: nothing is asked of this person now. */
  interrupt: RegistrationInterrupt | undefined
}

/** For the stop at sign-in. A sign-in that is not complete ends after fifteen minutes (LD-19), and with it the registration. */
export async function enterRegister(app: App, request: FastifyRequest): Promise<RegisterVisit> {
  const visit = await visitOf(app, request, 'register')
  requireSecondFactor(visit)
  return { ...visit, interrupt: registrationInterrupt(visit.facts) }
}

/**
 * For adding a method on the way in: only while the rules ask for one. Otherwise a password alone, or a session whose proof is
 * old, could add methods by this door (T-13, T-15).
 */
export async function enterWizard(app: App, request: FastifyRequest): Promise<RegisterVisit> {
  const visit = await enterRegister(app, request)
  if (visit.level === 'complete' || !visit.interrupt) throw refused(409, 'LK_OUT_OF_ORDER')
  return visit
}

export type RegistrationInterrupt = Extract<Interrupt, { kind: 'registerSecurityInfo' | 'reconfirmSecurityInfo' }>

/** Asked anew each time and never remembered as a step, so that a closed tab strands nobody. */
export function registrationInterrupt(facts: KnownFacts): RegistrationInterrupt | undefined {
  return pendingInterrupts(facts).find((one): one is RegistrationInterrupt => one.kind === 'registerSecurityInfo' || one.kind === 'reconfirmSecurityInfo')
}

/** Somebody who has a second factor, in a session that has not seen it. */
export const lacksSecondFactor = (visit: Visit): boolean => hasSecondFactor(visit.facts.subject) && !provedSecondFactor(visit.proofs)

function requireSecondFactor(visit: Visit): void {
  if (lacksSecondFactor(visit)) throw refused(401, 'LK_STEP_UP')
}

/**
 * The very first method (T-14, LD-06): whoever knows only the initial password may register, unless the tenant wants a
 * temporary access pass as well.
 */
export function requirePassForFirst(visit: Visit): void {
  const { tenant, subject } = visit.facts
  const first = !subject.methods.some(method => method.source === 'private' && method.verified)
  if (!first || !tenant.settings.firstRegistrationNeedsPass) return
  if (!visit.proofs.some(proof => proof.method === 'temporaryAccessPass')) throw refused(403, 'LK_TAP_NEEDED')
}

export function actorOf(subject: SubjectFacts, ipAddress: string): Actor {
  const roles = subject.roles.filter(role => !role.eligible).map(role => roleName(role.roleTemplateId))
  return { kind: 'user', userId: subject.id, userPrincipalName: subject.userPrincipalName, displayName: subject.displayName, roles, ipAddress }
}

const refused = (status: number, code: ReasonCode) => new Refusal(status, [reason(code)])
