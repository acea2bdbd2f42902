// What stands between a right password and the program somebody wanted (sspr §4.3). Computed from state each time and never
// remembered as a step, so that a closed tab strands nobody.
import { isAdministrator } from './admin-policy.ts'
import { isManagedElsewhere } from './authority.ts'
import { gatesRequired } from './gates.ts'
import type { KnownFacts } from './gates.ts'
import { licenceGate } from './licences.ts'
import { methodsPolicyOptions } from './method-options.ts'
import { passwordExpiry } from './password-expiry.ts'
import { mayRegister, registrableKinds } from './registration.ts'
import { inScope } from './scope.ts'
import { differentProofs, hasSecondFactor, usableMethods } from './usable-methods.ts'

const day = 86_400_000

export type Interrupt =
  | { kind: 'mustChangePassword'; withSecondFactor: boolean }
  | { kind: 'passwordExpired'; expiredAt: number }
  | {
    kind: 'registerSecurityInfo'
    /** False when a second factor is demanded at sign-in and there is none yet. */
    skippable: boolean
    /** Different methods wanted, and how many of them are still missing. */
    required: number
    missing: number
    secondFactorNeeded: boolean
    /** There is nothing the person could register: told so and let through (sspr §4.3, §6.5). */
    nothingToRegister: boolean
  }
  | { kind: 'reconfirmSecurityInfo'; dueSince: number }

/** Everything that is due for the person now, in the order in which it has to be done. */
export function pendingInterrupts(facts: KnownFacts): Interrupt[] {
  return [password(facts), securityInfo(facts)].filter(one => one !== null)
}

function password({ subject, tenant, now }: KnownFacts): Interrupt | null {
  if (subject.forceChangePasswordNextSignIn || subject.forceChangePasswordNextSignInWithMfa) {
    return { kind: 'mustChangePassword', withSecondFactor: subject.forceChangePasswordNextSignInWithMfa }
  }
  const expiry = passwordExpiry(subject, tenant, now)
  return expiry.expires && expiry.expired ? { kind: 'passwordExpired', expiredAt: expiry.at } : null
}

function securityInfo(facts: KnownFacts): Interrupt | null {
  const secondFactorNeeded = facts.subject.perUserMfaState !== 'disabled' && !hasSecondFactor(facts.subject)
    && methodsPolicyOptions(facts.tenant, facts.subject).some(option => option !== 'email')
  const required = isAskedForReset(facts) ? methodsWanted(facts) : 0
  const missing = Math.max(required - differentProofs(usableMethods(asIfSettled(facts))), secondFactorNeeded ? 1 : 0)
  if (missing > 0) {
    const nothingToRegister = !registrableKinds.some(kind => mayRegister(kind, facts).allowed)
    return {
      kind: 'registerSecurityInfo', skippable: !secondFactorNeeded || nothingToRegister, required: Math.max(required, missing), missing,
      secondFactorNeeded, nothingToRegister,
    }
  }
  return required > 0 ? reconfirmation(facts) : null
}

/**
 * The facts with nothing on hold: what waits before it counts for a reset (T-13) has been registered all the same, and asking for
 * it again would be asking in vain.
 */
export function asIfSettled(facts: KnownFacts): KnownFacts {
  const methods = facts.subject.methods.map(method => ({ ...method, heldUntil: null }))
  return { ...facts, subject: { ...facts.subject, methods } }
}

/** As many as a reset needs, or the larger number the tenant asks for; at most three (sspr §4.4). */
export function methodsWanted(facts: KnownFacts): number {
  return Math.min(3, Math.max(gatesRequired(facts), facts.tenant.settings.methodsRequiredToRegister ?? 0))
}

// Administrators are asked while they are in the users' scope, even with their own reset switched off: the original does so.
function isAskedForReset(facts: KnownFacts): boolean {
  return facts.tenant.passwordResetPolicy.registrationRequiredOnSignIn
    && !isManagedElsewhere(facts.subject)
    && inScope(facts.tenant, facts.subject)
    && (isAdministrator(facts.subject) || licenceGate('registerSecurityInfo', facts).allowed)
}

// Somebody whose methods were filled in for them has confirmed nothing, and is not asked to until asked to register.
function reconfirmation({ tenant, subject, now }: KnownFacts): Interrupt | null {
  const days = tenant.passwordResetPolicy.registrationReconfirmIntevalInDays
  if (days <= 0 || subject.lastConfirmedAt === null) return null
  const dueSince = subject.lastConfirmedAt + days * day
  return now >= dueSince ? { kind: 'reconfirmSecurityInfo', dueSince } : null
}
