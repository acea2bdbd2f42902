// May this person reset their own password now? One list of checks in the order of sspr §5.4 with two readers: the journeys
// stop at the first that blocks, the diagnosis runs them all. To add a check: a line in the list, its function below.
import type { ResetFacts, SubjectFacts } from './facts.ts'
import { isAdministrator, twoGateRoleNames } from './admin-policy.ts'
import { connectedAgents, isOlder, lastHeartbeat, workingAgents } from './agents.ts'
import { isManagedElsewhere, isOnPremises, passwordAuthority } from './authority.ts'
import { gatesRequired } from './gates.ts'
import type { KnownFacts } from './gates.ts'
import { licenceGate, licenceNeeded } from './licences.ts'
import { allowedOptions } from './method-options.ts'
import type { ReasonCode } from './reason.ts'
import { inScope } from './scope.ts'
import { enablement } from './tenant-settings.ts'
import { isBlocked } from './throttle.ts'
import { differentProofs, usableMethods } from './usable-methods.ts'
import { allow, deny, finding } from './verdict.ts'
import type { Evidence, Finding, Outcome, ReasonValues, Verdict } from './verdict.ts'

export interface Check<Facts> {
  /** Unique in its list, stable: explanations and tests refer to it. */
  check: string
  code: ReasonCode
  test(facts: Facts): Outcome
  evidence?(facts: Facts): Evidence
  /** Values for the sentence of the code. */
  values?(facts: Facts): ReasonValues
}

/** A check about a person: does not apply when there is none. */
function about(
  check: string, code: ReasonCode, test: (facts: KnownFacts) => Outcome, evidence?: (facts: KnownFacts) => Evidence,
): Check<ResetFacts> {
  return {
    check,
    code,
    test: facts => (isKnown(facts) ? test(facts) : 'notApplicable'),
    evidence: facts => (isKnown(facts) && evidence ? evidence(facts) : {}),
  }
}

const isKnown = (facts: ResetFacts): facts is KnownFacts => facts.subject !== null
const blocksUnless = (good: boolean): Outcome => (good ? 'ok' : 'blocks')
const forUsers = (test: (facts: KnownFacts) => Outcome) => (facts: KnownFacts) => (isAdministrator(facts.subject) ? 'notApplicable' : test(facts))
const forOnPremises = (test: (facts: KnownFacts) => Outcome) => (facts: KnownFacts) => (isOnPremises(facts.subject) ? test(facts) : 'notApplicable')
const roleEvidence = (facts: KnownFacts): Evidence => ({ roles: twoGateRoleNames(facts.subject).join(', ') })

export const resetChecks: readonly Check<ResetFacts>[] = [
  {
    check: 'notThrottled',
    code: 'LK_BLOCKED',
    test: facts => blocksUnless(!isBlocked(facts.throttle, facts.now)),
    evidence: facts => ({ lockedUntil: facts.throttle.lockedUntil, lockedBy: facts.throttle.lockedBy }),
  },
  { check: 'accountExists', code: 'LK_ACCOUNT_UNKNOWN', test: facts => blocksUnless(facts.subject !== null) },
  about('accountNotDeleted', 'LK_ACCOUNT_DELETED', facts => blocksUnless(!facts.subject.deleted)),
  about('accountEnabled', 'LK_ACCOUNT_DISABLED', facts => blocksUnless(facts.subject.accountEnabled)),
  about('accountServedHere', 'LK_EXTERNAL', facts => blocksUnless(!isManagedElsewhere(facts.subject)),
    facts => ({ userType: facts.subject.userType, externalKind: facts.subject.externalKind })),
  about('nameMaySignIn', 'LK_EMAIL_ID_NOT_UPN',
    facts => blocksUnless(facts.resolvedBy === 'userPrincipalName' || facts.tenant.settings.alternateSignInWithMail),
    facts => ({ resolvedBy: facts.resolvedBy, alternateSignInWithMail: facts.tenant.settings.alternateSignInWithMail })),
  about('administratorsAllowed', 'LK_ADMIN_SSPR_OFF',
    facts => (isAdministrator(facts.subject) ? blocksUnless(facts.tenant.authorizationPolicy.allowedToUseSSPR) : 'notApplicable'),
    roleEvidence),
  about('resetEnabled', 'SSPR_0009',
    forUsers(facts => blocksUnless(facts.tenant.passwordResetPolicy.enablementType !== enablement.none)),
    facts => ({ enablementType: facts.tenant.passwordResetPolicy.enablementType })),
  about('policyDefined', 'SSPR_0011', forUsers(facts => blocksUnless(isPolicyDefined(facts))),
    facts => ({ methodsRequired: facts.tenant.passwordResetPolicy.numberOfAuthenticationMethodsRequired,
      methodsAllowed: allowedOptions(facts.tenant, null).join(', ') })),
  about('licensed', 'SSPR_0012', facts => blocksUnless(licenceGate(licenceOperation(facts.subject), facts).allowed),
    facts => ({ needs: licenceNeeded(licenceOperation(facts.subject), facts.subject), licensing: facts.tenant.settings.licensing })),
  about('inScope', 'SSPR_0013', forUsers(facts => blocksUnless(inScope(facts.tenant, facts.subject))),
    facts => ({ group: facts.tenant.passwordResetPolicy.passwordResetEnabledGroupIds.join(', ') })),
  about('enoughMethods', 'SSPR_0014', facts => blocksUnless(differentProofs(usableMethods(facts)) >= gatesRequired(facts)),
    facts => ({ usable: differentProofs(usableMethods(facts)), required: gatesRequired(facts), registered: facts.subject.methods.length,
      malformed: facts.subject.methods.filter(method => !method.wellFormed).length,
      waiting: facts.subject.methods.filter(method => (method.heldUntil ?? 0) > facts.now).length,
      ...roleEvidence(facts) })),
  about('writebackEnabled', 'SSPR_0010',
    forOnPremises(facts => blocksUnless(facts.tenant.onPremisesIntegration.passwordWritebackEnabled)),
    facts => ({ authority: passwordAuthority(facts.subject) })),
  about('agentConnected', 'SSPR_0030', forOnPremises(facts => blocksUnless(connectedAgents(facts.tenant, facts.now).length > 0)),
    facts => ({ lastHeartbeatAt: lastHeartbeat(facts.tenant), agents: facts.tenant.agents.length })),
  // Nobody home to have a fault of its own: then the check above speaks.
  about('agentHealthy', 'SSPR_0029',
    forOnPremises(facts => (connectedAgents(facts.tenant, facts.now).length === 0 ? 'notApplicable'
      : blocksUnless(workingAgents(facts.tenant, facts.now).length > 0))),
    facts => ({ configurationError: connectedAgents(facts.tenant, facts.now)[0]?.configurationError ?? null })),
  about('notProtectedInDomain', 'AD_PROTECTED_ACCOUNT', forOnPremises(facts => (facts.subject.onPremises?.protected ? 'warns' : 'ok'))),
  about('enabledInDomain', 'ONPREM_ACCOUNT_DISABLED',
    forOnPremises(facts => (facts.subject.onPremises && !facts.subject.onPremises.enabled ? 'warns' : 'ok'))),
  about('agentCurrent', 'AGENT_OUTDATED',
    forOnPremises(facts => (connectedAgents(facts.tenant, facts.now).some(agent => isOlder(agent.version, facts.tenant.currentAgentVersion))
      ? 'warns' : 'ok')),
    facts => ({ currentVersion: facts.tenant.currentAgentVersion })),
  about('lastResetWroteBack', 'CHANNEL_WITHOUT_WRITEBACK',
    forOnPremises(facts => (facts.subject.lastPasswordEvent?.writeback === 'notSupported' ? 'warns' : 'ok')),
    facts => ({ channel: facts.subject.lastPasswordEvent?.channel ?? null, at: facts.subject.lastPasswordEvent?.at ?? null })),
]

/** The verdict the journeys act on: the first check that blocks decides. */
export function evaluateReset(facts: ResetFacts): Verdict {
  return evaluate(resetChecks, facts)
}

/** Every check with its outcome and what it saw. */
export function diagnoseReset(facts: ResetFacts): Finding[] {
  return diagnose(resetChecks, facts)
}

/** Stops at the first check of a list that blocks. */
export function evaluate<Facts>(checks: readonly Check<Facts>[], facts: Facts): Verdict {
  const blocking = checks.find(check => check.test(facts) === 'blocks')
  return blocking ? deny(blocking.code, blocking.values?.(facts)) : allow
}

/** Runs a whole list. */
export function diagnose<Facts>(checks: readonly Check<Facts>[], facts: Facts): Finding[] {
  return checks.map(check => {
    const outcome = check.test(facts)
    return finding(check.check, check.code, outcome, outcome === 'notApplicable' ? {} : check.evidence?.(facts), check.values?.(facts))
  })
}

function isPolicyDefined({ tenant }: Pick<ResetFacts, 'tenant'>): boolean {
  return tenant.passwordResetPolicy.numberOfAuthenticationMethodsRequired >= 1
    && allowedOptions(tenant, null).some(option => option !== 'securityQuestions')
}

function licenceOperation(subject: SubjectFacts) {
  return isAdministrator(subject) ? 'administratorSelfReset' : 'resetPassword'
}
