import { isAdministrator } from '../rules/admin-policy.ts'
import { gatesRequired } from '../rules/gates.ts'
import { allowedOptions, optionsOfKind } from '../rules/method-options.ts'
import { evaluateReset } from '../rules/reset-checks.ts'
import { inScope } from '../rules/scope.ts'
import { licenceGate } from '../rules/licences.ts'
import type { SubjectFacts } from '../rules/facts.ts'
import { emptyThrottle } from '../rules/throttle.ts'
import { differentProofs, usableMethods } from '../rules/usable-methods.ts'
import type { Readiness, Snapshot } from './snapshot.ts'

type Circumstances = Pick<Snapshot, 'tenant' | 'providers' | 'now'>

/** What stands between a person and a reset, by kind (D-13). */
export interface Gap {
  userId: string
  userPrincipalName: string
  displayName: string
  usable: number
  required: number
  missing: number
  /** Stored values without the right form. */
  malformed: number
  /** Well-formed values of a kind that no policy allows this person. */
  switchedOff: number
}

/** Self-service reset is switched on for this person and licensed (sspr §4.5). */
export function isSsprEnabled(circumstances: Circumstances, subject: SubjectFacts): boolean {
  const administrator = isAdministrator(subject)
  const on = administrator ? circumstances.tenant.authorizationPolicy.allowedToUseSSPR : inScope(circumstances.tenant, subject)
  return on && licenceGate(administrator ? 'administratorSelfReset' : 'resetPassword', { tenant: circumstances.tenant, subject }).allowed
}

/** How the person stands, by the same functions the reset itself uses (LD-23). */
export function gapOf(circumstances: Circumstances, subject: SubjectFacts): Gap {
  const facts = { ...circumstances, subject }
  const usable = differentProofs(usableMethods(facts))
  const required = gatesRequired(facts)
  const allowed = allowedOptions(circumstances.tenant, subject)
  const off = subject.methods.filter(method => method.wellFormed && optionsOfKind[method.kind].length > 0
    && !optionsOfKind[method.kind].some(option => allowed.includes(option)))
  return {
    userId: subject.id, userPrincipalName: subject.userPrincipalName, displayName: subject.displayName, usable, required,
    missing: Math.max(0, required - usable), malformed: subject.methods.filter(method => !method.wellFormed).length, switchedOff: off.length,
  }
}

/** Whether a reset would be let through now, throttle aside. */
export function canResetNow(circumstances: Circumstances, subject: SubjectFacts): boolean {
  return evaluateReset({ ...circumstances, subject, resolvedBy: 'userPrincipalName', throttle: emptyThrottle }).allowed
}

/** The figures for everyone looked at. */
export function readinessOf(snapshot: Pick<Snapshot, 'tenant' | 'providers' | 'now' | 'people' | 'morePeople'>): Readiness {
  const enabled = snapshot.people.filter(person => isSsprEnabled(snapshot, person))
  const registered = snapshot.people.filter(person => gapOf(snapshot, person).missing === 0)
  return {
    users: snapshot.people.length,
    enabled: enabled.length,
    registered: registered.length,
    capable: enabled.filter(person => registered.includes(person)).length,
    more: snapshot.morePeople,
  }
}
