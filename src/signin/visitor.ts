import type { FastifyRequest } from 'fastify'
import { userCaller } from '../access.ts'
import type { App } from '../app.ts'
import type { Actor } from '../credentials/actor.ts'
import { providersOf } from '../notify/senders.ts'
import { Refusal } from '../refusal.ts'
import type { SubjectFacts } from '../rules/facts.ts'
import type { KnownFacts } from '../rules/gates.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { roleName } from '../rules/roles.ts'
import { reason } from '../rules/verdict.ts'
import { gatherFacts } from '../store/facts.ts'
import { findSession } from '../store/sessions.ts'
import type { SessionRow } from '../store/sessions.ts'

export interface Visitor {
  session: SessionRow
  facts: KnownFacts
  actor: Actor
}

/** The person of this request's session, with everything the rules want to know about them. */
export async function visitorOf(app: App, request: FastifyRequest): Promise<Visitor> {
  const { session: known } = userCaller(request)
  const session = await findSession(app.db, known.idHash, app.now())
  if (!session) throw refused(401, 'LK_SESSION_ENDED')
  const facts = await knownFacts(app, session.tenantId, session.userId)
  if (!facts) throw refused(401, 'LK_SESSION_ENDED')
  return { session, facts, actor: actorOf(facts.subject, request.clientAddress) }
}

/** Facts about somebody who exists; undefined when the account is gone. */
export async function knownFacts(app: App, tenantId: string, userId: string): Promise<KnownFacts | undefined> {
  const facts = await gatherFacts(app.db, { tenantId, userId, now: app.now(), providers: providersOf(app.config) })
  return facts.subject ? { ...facts, subject: facts.subject } : undefined
}

export function actorOf(subject: SubjectFacts, ipAddress: string): Actor {
  const roles = subject.roles.filter(role => !role.eligible).map(role => roleName(role.roleTemplateId))
  return { kind: 'user', userId: subject.id, userPrincipalName: subject.userPrincipalName, displayName: subject.displayName, roles, ipAddress }
}

export const refused = (status: number, code: ReasonCode, values?: Record<string, string | number>) => new Refusal(status, [reason(code, values)])
