// How many proofs a reset needs, and which ones may come next (sspr §5.5, LD-23, T-07).
import type { ResetFacts, SubjectFacts } from './facts.ts'
import { administratorGates, isAdministrator } from './admin-policy.ts'
import { differentProofs, familyOf, hasSecondFactor, usableMethods } from './usable-methods.ts'
import type { MethodCircumstances, UsableMethod, Way } from './usable-methods.ts'

/** A gate that was opened: how, and where the code went. */
export interface PassedGate {
  way: Way
  destinationKey: string
}

export type NextGate =
  | { done: true }
  /** `gate` counts from 1. `choices` is empty when what is left cannot lead to the end. */
  | { done: false; gate: number; choices: UsableMethod[] }

/** The facts of somebody: what is left of a reset's facts once it is known who is asking. */
export type KnownFacts = Omit<ResetFacts, 'subject'> & { subject: SubjectFacts }

/** The number of gates for this person now: asked by the reset, by "capable", by what-if and by the diagnosis (LD-23). */
export function gatesRequired(facts: MethodCircumstances): 1 | 2 {
  if (isAdministrator(facts.subject)) return administratorGates(facts.tenant, facts.now)
  if (facts.tenant.passwordResetPolicy.numberOfAuthenticationMethodsRequired >= 2) return 2
  const stepsUp = facts.tenant.settings.stepUpRecovery && hasSecondFactor(facts.subject)
  return stepsUp && differentProofs(usableMethods(facts)) >= 2 ? 2 : 1
}

/** The gate after those passed: another method and another destination each time, and never a choice that leads nowhere. */
export function nextGate(facts: MethodCircumstances, passed: readonly PassedGate[]): NextGate {
  const required = gatesRequired(facts)
  if (differentProofs(passed) >= required) return { done: true }
  const left = usableMethods(facts).filter(method => passed.every(gate => differs(method, gate)))
  const stillNeeded = required - passed.length
  const choices = left
    // Guessable answers never come first (T-12).
    .filter(method => method.way !== 'securityQuestions' || passed.length > 0)
    .filter(method => 1 + differentProofs(left.filter(other => differs(other, method))) >= stillNeeded)
  return { done: false, gate: passed.length + 1, choices }
}

function differs(a: { way: Way; destinationKey: string }, b: { way: Way; destinationKey: string }): boolean {
  return familyOf(a.way) !== familyOf(b.way) && a.destinationKey !== b.destinationKey
}
