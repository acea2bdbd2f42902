/**
 * The one way in which Graph decides a sensitive change (T-39, T-41): in the transaction of the change, with the row of the
 * target locked, on facts read under that lock. Giving a role takes the same lock, so no reset lands after a grant commits.
 */
import type { App, Db } from '../app.ts'
import { requireRecentProof, userCaller } from '../access.ts'
import type { UserCaller } from '../access.ts'
import type { Actor } from '../credentials/actor.ts'
import { Refusal } from '../refusal.ts'
import type { SubjectFacts, TenantFacts } from '../rules/facts.ts'
import { mayActOn } from '../rules/role-matrix.ts'
import type { Action } from '../rules/role-matrix.ts'
import { holdsRole, roleName } from '../rules/roles.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { reason } from '../rules/verdict.ts'
import type { Reason } from '../rules/verdict.ts'
import { gatherSubject, gatherTenantFacts } from '../store/facts.ts'
import { lockUser } from '../store/user-lock.ts'
import type { FastifyRequest } from 'fastify'

export interface Decided {
  tenant: TenantFacts
  caller: SubjectFacts
  target: SubjectFacts
}

export const notFound = (): Refusal => new Refusal(404, [reason('LK_NOT_FOUND')])
/** Graph's 400 with our own reason inside. */
export const badRequest = (code: ReasonCode, values: Record<string, string | number> = {}, field?: string): Refusal =>
  new Refusal(400, [reason(code, values)], field === undefined ? {} : { field })
export const forbidden = (why: Reason): Refusal => new Refusal(403, [why])

/** The signed-in person who asks for a privileged change, with a proof at most ten minutes old (N-STEP, T-45). */
export function privilegedCaller(app: App, request: FastifyRequest): UserCaller {
  const caller = userCaller(request)
  requireRecentProof(caller, app.now())
  return caller
}

/**
 * Facts of both, read while the target's row is held. Only that one: setting a password holds it before it decides, so a second
 * lock taken here could meet another transaction's the other way round. A role the caller loses acts at the next request.
 * @throws Refusal 404 when there is no such person in the caller's tenant, or the person is deleted
 */
export async function decidingFacts(trx: Db, caller: Pick<UserCaller, 'tenantId' | 'userId'>, targetId: string, now: number): Promise<Decided> {
  const { tenantId, userId } = caller
  await lockUser(trx, tenantId, targetId)
  const tenant = await gatherTenantFacts(trx, tenantId)
  const target = await gatherSubject(trx, tenant, targetId, now)
  const self = userId === targetId ? target : await gatherSubject(trx, tenant, userId, now)
  if (!target || target.deleted) throw notFound()
  if (!self || self.deleted || !self.accountEnabled) throw new Refusal(401, [reason('LK_SESSION_ENDED')])
  return { tenant, caller: self, target }
}

/**
 * May the caller do all of this to the target? To be called in the transaction that does it.
 * @throws Refusal 403 with the matrix's own reason, 404 for nobody
 */
export async function decide(trx: Db, caller: Pick<UserCaller, 'tenantId' | 'userId'>, actions: readonly Action[], targetId: string, now: number): Promise<Decided> {
  const decided = await decidingFacts(trx, caller, targetId, now)
  for (const action of actions) {
    const reach = mayActOn(decided.caller, action, decided.target)
    if (!reach.allowed) throw forbidden(reach.reason!)
  }
  return decided
}

/** The caller's own facts, for what hangs on a role and on nobody else. */
export async function callerFacts(db: Db, caller: Pick<UserCaller, 'tenantId' | 'userId'>, now: number): Promise<{ tenant: TenantFacts; caller: SubjectFacts }> {
  const tenant = await gatherTenantFacts(db, caller.tenantId)
  const facts = await gatherSubject(db, tenant, caller.userId, now)
  if (!facts) throw new Refusal(401, [reason('LK_SESSION_ENDED')])
  return { tenant, caller: facts }
}

/** @throws Refusal 403 naming the roles that would be enough */
export function requireRole(caller: SubjectFacts, ...templateIds: string[]): void {
  if (!holdsRole(caller.roles, ...templateIds)) throw forbidden(reason('NO_ROLE', { rolesThatSuffice: templateIds.map(roleName).join(', ') }))
}

/** The caller as the audit records them. */
export function actorOf(request: FastifyRequest, caller: SubjectFacts): Actor {
  return {
    kind: 'user', userId: caller.id, userPrincipalName: caller.userPrincipalName, displayName: caller.displayName,
    roles: [...new Set(caller.roles.filter(role => !role.eligible).map(role => roleName(role.roleTemplateId)))], ipAddress: request.clientAddress,
  }
}
