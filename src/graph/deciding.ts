/**
 * The one way in which Graph decides a sensitive change (T-39, T-41, T-42): in the transaction of the change, with the row of the
 * target locked, on facts read under that lock. Giving a role takes the same lock, so no reset lands after a grant commits.
 */
import type { App, Db } from '../app.ts'
import { hasRecentProof } from '../access.ts'
import type { ApplicationCaller, Caller, UserCaller } from '../access.ts'
import type { Actor } from '../credentials/actor.ts'
import { Refusal } from '../refusal.ts'
import type { SubjectFacts, TenantFacts } from '../rules/facts.ts'
import { mayActOn, mayProgramActOn } from '../rules/role-matrix.ts'
import type { Action, Reach } from '../rules/role-matrix.ts'
import { holdsRole, roleName } from '../rules/roles.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { reason } from '../rules/verdict.ts'
import type { Reason } from '../rules/verdict.ts'
import { gatherSubject, gatherTenantFacts } from '../store/facts.ts'
import { lockUser } from '../store/user-lock.ts'
import { programFacts } from './calling-program.ts'
import type { CallerFacts } from './calling-program.ts'
import { isSelfOnly, requirePermission } from './permissions.ts'
import type { FastifyRequest } from 'fastify'

export type { CallerFacts } from './calling-program.ts'

/** Whoever asks over Graph: a person, with our cookie or through a program, or a program by itself. */
export type GraphCaller = (UserCaller & { selfOnly?: boolean }) | ApplicationCaller

export interface Decided {
  tenant: TenantFacts
  caller: CallerFacts
  target: SubjectFacts
}

export const notFound = (): Refusal => new Refusal(404, [reason('LK_NOT_FOUND')])
/** Graph's 400 with our own reason inside. */
export const badRequest = (code: ReasonCode, values: Record<string, string | number> = {}, field?: string): Refusal =>
  new Refusal(400, [reason(code, values)], field === undefined ? {} : { field })
export const forbidden = (why: Reason): Refusal => new Refusal(403, [why])

/** The object id of the caller: the person's, or the program's service principal's. */
export const callerId = (caller: Caller): string => (caller.kind === 'user' ? caller.userId : caller.servicePrincipalId)

/** Who asks; for every route of Graph but those under /me. */
export function graphCaller(request: FastifyRequest): GraphCaller {
  const { caller } = request
  if (caller === undefined) throw new Refusal(401, [reason('LK_NOT_SIGNED_IN')])
  return caller.kind === 'user' && isSelfOnly(request) ? { ...caller, selfOnly: true } : caller
}

/**
 * Who asks for a privileged change. A browser must have given a proof in the last ten minutes (N-STEP); a token that can make one
 * began with such a proof (rules/authorize-steps.ts), lives shortly, and is asked for another only by `freshCaller`.
 */
export function privilegedCaller(app: App, request: FastifyRequest): GraphCaller {
  const caller = graphCaller(request)
  return caller.kind === 'user' && caller.token === undefined ? freshCaller(app, request) : caller
}

/** The same with a fresh proof whatever the person came with: for what people change about themselves (graph §6.3), and for weaker policies (T-45). */
export function freshCaller(app: App, request: FastifyRequest): GraphCaller {
  const caller = graphCaller(request)
  if (caller.kind === 'user' && !hasRecentProof(caller, app.now())) throw new Refusal(401, [reason('LK_STEP_UP')])
  return caller
}

/** A token that reaches its own person alone reaches nobody else. @throws Refusal 403 */
export function requireReachOf(caller: GraphCaller, targetId: string): void {
  if (caller.kind === 'user' && caller.selfOnly === true && caller.userId !== targetId) throw forbidden(reason('LK_TOKEN_PRIVILEGES'))
}

/**
 * Facts of both, read while the target's row is held. Only that one: setting a password holds it before it decides, so a second
 * lock taken here could meet another transaction's the other way round. A role the caller loses acts at the next request.
 * @throws Refusal 404 when there is no such person in the caller's tenant, or the person is deleted
 */
export async function decidingFacts(trx: Db, caller: GraphCaller, targetId: string, now: number): Promise<Decided> {
  const { tenantId } = caller
  requireReachOf(caller, targetId)
  await lockUser(trx, tenantId, targetId)
  const tenant = await gatherTenantFacts(trx, tenantId)
  const target = await gatherSubject(trx, tenant, targetId, now)
  const self = callerId(caller) === targetId ? asCaller(target) : await factsOf(trx, tenant, caller, now)
  if (!target || target.deleted) throw notFound()
  if (!self || self.deleted || !self.accountEnabled) throw new Refusal(401, [reason('LK_SESSION_ENDED')])
  return { tenant, caller: self, target }
}

/**
 * May the caller do all of this to the target? To be called in the transaction that does it.
 * @throws Refusal 403 with the matrix's own reason, 404 for nobody
 */
export async function decide(trx: Db, caller: GraphCaller, actions: readonly Action[], targetId: string, now: number): Promise<Decided> {
  const decided = await decidingFacts(trx, caller, targetId, now)
  for (const action of actions) requireReach(caller, decided, action)
  return decided
}

/** The matrix for people, permission and then matrix for programs. */
export function reachFor({ caller, target }: Pick<Decided, 'caller' | 'target'>, action: Action): Reach {
  return caller.program === null ? mayActOn(caller, action, target) : mayProgramActOn(caller, action, target)
}

function requireReach(caller: GraphCaller, decided: Decided, action: Action): void {
  const reach = reachFor(decided, action)
  if (!reach.allowed) throw forbidden(reach.reason!)
  // A permission to write people is none to take over those with roles: that one has a name of its own (T-42).
  if (caller.kind === 'application' && action === 'resetPassword' && decided.target.roles.length > 0) {
    requirePermission(caller, 'User-PasswordProfile.ReadWrite.All')
  }
}

/** The caller's own facts, for what hangs on a role and on nobody else. */
export async function callerFacts(db: Db, caller: GraphCaller, now: number): Promise<{ tenant: TenantFacts; caller: CallerFacts }> {
  const tenant = await gatherTenantFacts(db, caller.tenantId)
  const facts = await factsOf(db, tenant, caller, now)
  if (!facts) throw new Refusal(401, [reason('LK_SESSION_ENDED')])
  return { tenant, caller: facts }
}

async function factsOf(db: Db, tenant: TenantFacts, caller: GraphCaller, now: number): Promise<CallerFacts | null> {
  if (caller.kind === 'application') return programFacts(db, caller)
  return asCaller(await gatherSubject(db, tenant, caller.userId, now))
}

const asCaller = (subject: SubjectFacts | null): CallerFacts | null => subject && { ...subject, program: null }

/**
 * For what a role gives a right to. A program has its right from the permission on the route's access line.
 * @throws Refusal 403 naming the roles that would be enough
 */
export function requireRole(caller: Pick<CallerFacts, 'roles' | 'program'>, ...templateIds: string[]): void {
  if (caller.program !== null || holdsRole(caller.roles, ...templateIds)) return
  throw forbidden(reason('NO_ROLE', { rolesThatSuffice: templateIds.map(roleName).join(', ') }))
}

/** The caller as the audit records them. */
export function actorOf(request: FastifyRequest, caller: SubjectFacts | CallerFacts): Actor {
  const roles = [...new Set(caller.roles.filter(role => !role.eligible).map(role => roleName(role.roleTemplateId)))]
  const program = 'program' in caller ? caller.program : null
  if (program !== null) {
    return {
      kind: 'application', app: program.appId, servicePrincipalId: program.servicePrincipalId, displayName: program.displayName, roles,
      ipAddress: request.clientAddress,
    }
  }
  return {
    kind: 'user', userId: caller.id, userPrincipalName: caller.userPrincipalName, displayName: caller.displayName, roles, ipAddress: request.clientAddress,
  }
}
