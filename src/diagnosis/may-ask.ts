import { mayActOn } from '../rules/role-matrix.ts'
import { holdsRole, roles } from '../rules/roles.ts'
import type { SubjectFacts } from '../rules/facts.ts'
import type { Finding, Verdict } from '../rules/verdict.ts'
import { allow, deny } from '../rules/verdict.ts'
import type { QuestionId } from './question.ts'

/** Roles that read everything a diagnosis shows. */
const readers = [
  roles.globalAdministrator, roles.globalReader, roles.privilegedAuthenticationAdministrator, roles.authenticationPolicyAdministrator,
  roles.securityReader, roles.securityOperator, roles.securityAdministrator, roles.reportsReader,
] as const

/** Questions about what the caller may do: anyone signed in may ask, for "you lack a role" is an answer, too (M-16). */
const aboutCaller = new Set<QuestionId>(['D-06', 'D-07', 'D-08', 'D-09', 'D-10', 'D-15', 'D-16'])

export const isReader = (caller: SubjectFacts): boolean => holdsRole(caller.roles, ...readers)

/** True when the person may look at the tenant's set-up and figures. */
const seesTenant = (caller: SubjectFacts): boolean =>
  isReader(caller) || holdsRole(caller.roles, roles.hybridIdentityAdministrator, roles.userAdministrator, roles.helpdeskAdministrator,
    roles.authenticationAdministrator, roles.passwordAdministrator, roles.applicationAdministrator, roles.cloudApplicationAdministrator)

/**
 * May this caller ask this question about this person? A diagnosis tells how somebody can be reached, so it reaches as far as a
 * reset does (T-84): readers see everyone, the others those whose password they may reset, and everybody themself.
 */
export function mayAsk(question: QuestionId, caller: SubjectFacts, target: SubjectFacts | null): Verdict {
  if (aboutCaller.has(question)) return allow
  if (target === null) return seesTenant(caller) ? allow : deny('LK_NOT_ALLOWED')
  if (isReader(caller) || caller.id === target.id) return allow
  const reach = mayActOn(caller, 'resetPassword', target)
  return reach.allowed ? allow : { allowed: false, reasons: [reach.reason!] }
}

/**
 * May this caller read what is kept under a support code? Whatever the question: whoever begins a reset for somebody else's name
 * sees its code, and must not learn by it what the page did not say (LD-01, T-01). Nobody's attempts are for those who see the
 * tenant.
 */
export function mayReadAttempt(asker: SubjectFacts, ownerId: string | null, owner: SubjectFacts | null): boolean {
  if (isReader(asker)) return true
  if (owner === null) return ownerId === null && seesTenant(asker)
  return owner.id === asker.id || mayActOn(asker, 'resetPassword', owner).allowed
}

/**
 * May this caller know what became of an attempt's messages? For those who help others: to the person a "sent" would tell, under
 * `private`, what the page keeps from whoever typed the name (LD-01, LD-22).
 */
export function mayReadDeliveries(asker: SubjectFacts, ownerId: string | null, owner: SubjectFacts | null): boolean {
  return isReader(asker) || (owner?.id !== asker.id && mayReadAttempt(asker, ownerId, owner))
}

/** Asking on behalf of another administrator shows that person's roles. */
export function mayAskFor(asker: SubjectFacts, callerId: string): boolean {
  return asker.id === callerId || holdsRole(asker.roles, roles.globalAdministrator, roles.globalReader, roles.privilegedRoleAdministrator, roles.privilegedAuthenticationAdministrator)
}

/**
 * What of the findings the asker may see. Without a role only what is about themself stays; without reach to the person the
 * values stay out, for they are that person's.
 */
export function visibleFindings(question: QuestionId, asker: SubjectFacts, target: SubjectFacts | null, findings: readonly Finding[]): Finding[] {
  if (!seesTenant(asker)) {
    const own = findings.filter(one => one.check.startsWith('caller') || one.check.startsWith('step'))
    return own.length > 0 ? own : findings.slice(0, 1).map(one => ({ ...one, evidence: {} }))
  }
  if (!aboutCaller.has(question) || target === null || isReader(asker) || mayActOn(asker, 'resetPassword', target).allowed) return [...findings]
  const aboutPair = new Set(['callerHasResetRole', 'roleReachesTarget', 'targetServedHere', 'notSelf', 'targetExists'])
  return findings.map(one => (aboutPair.has(one.check) || one.check.startsWith('caller') || one.check.startsWith('step') ? one : { ...one, evidence: {} }))
}
