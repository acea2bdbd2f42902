// May this administrator reset that person's password, and why is the button grey (sspr §8.2 to §8.4, D-06, D-07, D-08)?
import type { AdminResetFacts, SubjectFacts } from './facts.ts'
import { connectedAgents, lastHeartbeat } from './agents.ts'
import { isManagedElsewhere, isOnPremises, passwordAuthority } from './authority.ts'
import { licenceGate, licenceNeeded, organisationHas } from './licences.ts'
import { hasResetRole, mayResetPassword, reachOf } from './role-matrix.ts'
import { roleName } from './roles.ts'
import { diagnose } from './reset-checks.ts'
import type { Check } from './reset-checks.ts'
import { allow, reason } from './verdict.ts'
import type { Evidence, Finding, Outcome, Reason, Verdict } from './verdict.ts'

type KnownTarget = AdminResetFacts & { target: SubjectFacts }

const blocksUnless = (good: boolean): Outcome => (good ? 'ok' : 'blocks')
const hasTarget = (facts: AdminResetFacts): facts is KnownTarget => facts.target !== null
const activeRoles = (facts: AdminResetFacts) =>
  facts.caller.roles.filter(role => !role.eligible).map(role => roleName(role.roleTemplateId)).join(', ')

function about(
  check: string, code: Check<AdminResetFacts>['code'], test: (facts: KnownTarget) => Outcome, evidence?: (facts: KnownTarget) => Evidence,
): Check<AdminResetFacts> {
  return {
    check,
    code,
    test: facts => (hasTarget(facts) ? test(facts) : 'notApplicable'),
    evidence: facts => (hasTarget(facts) && evidence ? evidence(facts) : {}),
  }
}

const forOnPremises = (test: (facts: KnownTarget) => Outcome) => (facts: KnownTarget) => (isOnPremises(facts.target) ? test(facts) : 'notApplicable')

export const adminResetChecks: readonly Check<AdminResetFacts>[] = [
  {
    check: 'callerHasResetRole',
    code: 'NO_RESET_ROLE',
    test: facts => blocksUnless(hasResetRole(facts.caller)),
    evidence: facts => ({ callerRoles: activeRoles(facts) }),
    values: facts => ({ rolesThatSuffice: facts.target ? mayResetPassword(facts.caller, facts.target).rolesThatSuffice.join(', ') : '' }),
  },
  { check: 'targetExists', code: 'TARGET_NOT_FOUND', test: facts => blocksUnless(facts.target !== null && !facts.target.deleted) },
  about('roleReachesTarget', 'ROLE_TOO_LOW', facts => blocksUnless(!hasResetRole(facts.caller) || reachOf(facts.caller, 'resetPassword', facts.target).allowed),
    facts => ({ callerRoles: activeRoles(facts), targetRoles: facts.target.roles.map(role => roleName(role.roleTemplateId)).join(', '),
      rolesThatSuffice: mayResetPassword(facts.caller, facts.target).rolesThatSuffice.join(', '),
      roleAssignableGroup: facts.target.roleAssignableGroupMember || facts.target.roleAssignableGroupOwner })),
  about('targetServedHere', 'EXTERNAL_USER', facts => blocksUnless(!isManagedElsewhere(facts.target)),
    facts => ({ userType: facts.target.userType, externalKind: facts.target.externalKind })),
  about('domainManaged', 'FEDERATED_DOMAIN',
    forOnPremises(facts => blocksUnless(passwordAuthority(facts.target) !== 'onPremFederated' || facts.tenant.settings.allowAdminResetForFederated)),
    facts => ({ authority: passwordAuthority(facts.target), domain: facts.target.domain.id })),
  about('writebackEnabled', 'WRITEBACK_OFF', forOnPremises(facts => blocksUnless(facts.tenant.onPremisesIntegration.passwordWritebackEnabled))),
  about('agentConnected', 'WRITEBACK_DOWN', forOnPremises(facts => blocksUnless(connectedAgents(facts.tenant, facts.now).length > 0)),
    facts => ({ lastHeartbeatAt: lastHeartbeat(facts.tenant) })),
  about('writebackLicensed', 'NO_WRITEBACK_LICENCE',
    forOnPremises(facts => blocksUnless(licenceGate('administratorReset', { tenant: facts.tenant, subject: facts.target }).allowed)),
    facts => ({ needs: licenceNeeded('administratorReset', facts.target), licensing: facts.tenant.settings.licensing })),
  about('notProtectedInDomain', 'AD_PROTECTED_ACCOUNT', forOnPremises(facts => blocksUnless(!facts.target.onPremises?.protected))),
  about('notSelf', 'SELF', facts => blocksUnless(facts.caller.id !== facts.target.id)),
]

/** The verdict pages and Graph act on. A role that does not reach the target says why in its own code (D-07). */
export function evaluateAdminReset(facts: AdminResetFacts): Verdict {
  const first = diagnoseAdminReset(facts).find(found => found.outcome === 'blocks')
  return first ? { allowed: false, reasons: [reason(first.code, first.values)] } : allow
}

/** Every check, in the order in which an administrator should look at them. */
export function diagnoseAdminReset(facts: AdminResetFacts): Finding[] {
  return diagnose(adminResetChecks, facts).map(found => {
    if (found.check !== 'roleReachesTarget' || found.outcome !== 'blocks' || !hasTarget(facts)) return found
    const why = reachOf(facts.caller, 'resetPassword', facts.target).reason
    return why ? { ...found, code: why.code, ...(why.values && { values: why.values }) } : found
  })
}

export type ButtonState = { state: 'hidden' | 'disabled'; reasons: Reason[] } | { state: 'enabled' }

/** The "Reset password" button: absent without any reset role, disabled with its reason for this target, never silently gone (M-15). */
export function resetButton(facts: AdminResetFacts): ButtonState {
  const verdict = evaluateAdminReset(facts)
  if (verdict.allowed) return { state: 'enabled' }
  return { state: verdict.reasons[0]!.code === 'NO_RESET_ROLE' ? 'hidden' : 'disabled', reasons: verdict.reasons }
}

const pageChecks: readonly Check<AdminResetFacts>[] = [
  { check: 'callerHasResetRole', code: 'NO_RESET_ROLE', test: facts => blocksUnless(hasResetRole(facts.caller)),
    evidence: facts => ({ callerRoles: activeRoles(facts) }) },
  { check: 'organisationLicensed', code: 'ORG_UNLICENSED',
    test: ({ tenant }) => blocksUnless(tenant.settings.licensing === 'off' || organisationHas(tenant, 'CLOUD')),
    evidence: ({ tenant }) => ({ licensing: tenant.settings.licensing, subscriptions: tenant.subscribedSkus.length }) },
]

/** Why is the password reset page missing (D-08, C-19)? Authority first, then the organisation's licence. */
export function diagnoseResetPage(facts: AdminResetFacts): Finding[] {
  return diagnose(pageChecks, facts)
}
