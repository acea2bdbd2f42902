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
import type { ReasonCode } from '../rules/reason.ts'
import { roleName } from '../rules/roles.ts'
import { hasSecondFactor } from '../rules/usable-methods.ts'
import { reason } from '../rules/verdict.ts'
import { gatherFacts } from '../store/facts.ts'
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
  proofs: readonly Proof[]
  facts: KnownFacts
  actor: Actor
  locale: Locale
  correlationId: string
  clientAddress: string
}

/** A registration session lasts this long from its sign-in (LD-19). */
const registrationSession = 15 * 60_000

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
    proofs: session.proofs,
    facts: { ...facts, subject: facts.subject },
    actor: actorOf(facts.subject, request.clientAddress),
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

/** For the wizard at sign-in: only while the rules still ask for it, and for fifteen minutes. */
export async function enterRegister(app: App, request: FastifyRequest): Promise<Visit & { interrupt: RegistrationInterrupt | undefined }> {
  const visit = await visitOf(app, request, 'register')
  const caller = userCaller(request)
  if (caller.level === 'firstFactor' && app.now() - caller.session.createdAt >= registrationSession) throw refused(410, 'LK_SESSION_EXPIRED')
  requireSecondFactor(visit)
  return { ...visit, interrupt: registrationInterrupt(visit.facts) }
}

export type RegistrationInterrupt = Extract<Interrupt, { kind: 'registerSecurityInfo' | 'reconfirmSecurityInfo' }>

/** Asked anew each time and never remembered as a step, so that a closed tab strands nobody. */
export function registrationInterrupt(facts: KnownFacts): RegistrationInterrupt | undefined {
  return pendingInterrupts(facts).find((one): one is RegistrationInterrupt => one.kind === 'registerSecurityInfo' || one.kind === 'reconfirmSecurityInfo')
}

/** Proofs by which nobody can say they hold a second factor. */
const firstFactors = new Set(['password', 'email', 'securityQuestions'])

export const hasProvedSecondFactor = (proofs: readonly Proof[]): boolean => proofs.some(proof => !firstFactors.has(proof.method))

function requireSecondFactor(visit: Visit): void {
  if (hasSecondFactor(visit.facts.subject) && !hasProvedSecondFactor(visit.proofs)) throw refused(401, 'LK_STEP_UP')
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
