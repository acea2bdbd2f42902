// What a person may register by themselves (sspr §4.1), and whether they are enabled, registered and capable (§4.5).
import type { MethodFacts, SubjectFacts } from './facts.ts'
import { isAdministrator } from './admin-policy.ts'
import { gatesRequired } from './gates.ts'
import type { KnownFacts } from './gates.ts'
import { licenceGate } from './licences.ts'
import { allowedOptions, methodsPolicyOptions } from './method-options.ts'
import type { MethodOption } from './method-options.ts'
import { inScope } from './scope.ts'
import { differentProofs, isProvided, usableMethods, wayOf } from './usable-methods.ts'
import type { MethodCircumstances } from './usable-methods.ts'
import { allow, deny } from './verdict.ts'
import type { Verdict } from './verdict.ts'

/** What a person registers. An authenticator app is one registration, even where it can both notify and show codes. */
export type RegistrableKind = 'microsoftAuthenticator' | 'softwareOath' | 'mobile' | 'email' | 'office' | 'alternateMobile' | 'securityQuestions'

/** In the order offered: the most secure first (sspr §4.2). */
export const registrableKinds: readonly RegistrableKind[] =
  ['microsoftAuthenticator', 'softwareOath', 'mobile', 'email', 'office', 'alternateMobile', 'securityQuestions']

/** The largest number of each. Two phones in all follow from one number for each type (sspr §2.5). */
export const maxima: Readonly<Record<RegistrableKind, number>> = {
  microsoftAuthenticator: 5, softwareOath: 5, mobile: 1, email: 1, office: 1, alternateMobile: 1, securityQuestions: 1,
}

const optionsOf: Readonly<Record<RegistrableKind, readonly MethodOption[]>> = {
  microsoftAuthenticator: ['appNotification', 'appCode'],
  softwareOath: ['oath'],
  mobile: ['mobileSms', 'mobileCall'],
  email: ['email'],
  office: ['officeCall'],
  alternateMobile: ['mobileCall'],
  securityQuestions: ['securityQuestions'],
}

const kindsOf: Readonly<Record<RegistrableKind, readonly MethodFacts['kind'][]>> = {
  microsoftAuthenticator: ['appNotification', 'appCode'],
  softwareOath: ['oath'],
  mobile: ['mobile'],
  email: ['email'],
  office: ['office'],
  alternateMobile: ['alternateMobile'],
  securityQuestions: ['securityQuestions'],
}

export interface RegistrationOffer {
  kind: RegistrableKind
  verdict: Verdict
}

/** Every kind with its verdict: what may be added now, and why the rest may not (D-12). */
export function registrationOffers(facts: KnownFacts): RegistrationOffer[] {
  return registrableKinds.map(kind => ({ kind, verdict: mayRegister(kind, facts) }))
}

/** May the person add one more method of this kind now? */
export function mayRegister(kind: RegistrableKind, facts: KnownFacts): Verdict {
  const { subject } = facts
  const forReset = resetOptionsFor(facts)
  const forSignIn = methodsPolicyOptions(facts.tenant, subject).filter(option => option !== 'email')
  const allowed = kind === 'alternateMobile' ? forSignIn : [...forReset, ...forSignIn]
  if (allowed.length === 0 && forReset.length === 0) return deny('LK_REGISTRATION_OFF')
  const open = optionsOf[kind].filter(option => allowed.includes(option))
  if (open.length === 0) return deny(kind === 'securityQuestions' && isAdministrator(subject) ? 'LK_METHOD_ADMIN_ONLY' : 'LK_METHOD_DISABLED')
  if (!open.some(option => isProvided(wayOf(option), facts.providers))) return deny('LK_METHOD_UNAVAILABLE')
  if (kind === 'alternateMobile' && countRegistered(subject, 'mobile') === 0) return deny('LK_METHOD_NEEDS_MOBILE')
  return countRegistered(subject, kind) >= maxima[kind] ? deny('LK_METHOD_MAX_REACHED', { max: maxima[kind] }) : allow
}

/** How many of a kind the person has registered; contact data in the directory is not a registration. */
export function countRegistered(subject: Pick<SubjectFacts, 'methods'>, kind: RegistrableKind): number {
  const own = subject.methods.filter(method => method.source === 'private' && kindsOf[kind].includes(method.kind))
  return new Set(own.map(method => method.destinationKey)).size
}

// Data for reset is asked of those who could use it; an administrator's own policy reaches everywhere (sspr §6.1).
function resetOptionsFor(facts: KnownFacts): MethodOption[] {
  return reachesRegistration(facts) ? allowedOptions(facts.tenant, facts.subject) : []
}

function reachesRegistration(facts: KnownFacts): boolean {
  if (isAdministrator(facts.subject)) return facts.tenant.authorizationPolicy.allowedToUseSSPR
  return inScope(facts.tenant, facts.subject) && licenceGate('registerSecurityInfo', facts).allowed
}

export interface ResetReadiness {
  isSsprEnabled: boolean
  isSsprRegistered: boolean
  isSsprCapable: boolean
  /** Different proofs the person has under any policy, and under the one that applies now. */
  registered: number
  usable: number
  required: number
}

/** The three words of the registration reports (sspr §4.5, §11.5), by the same functions as the reset itself. */
export function resetReadiness(facts: MethodCircumstances): ResetReadiness {
  const required = gatesRequired(facts)
  const usable = differentProofs(usableMethods(facts))
  const registered = countDifferentKinds(facts)
  const isSsprEnabled = isResetEnabled(facts)
  return {
    isSsprEnabled, isSsprRegistered: registered >= required, isSsprCapable: isSsprEnabled && usable >= required, registered, usable, required,
  }
}

/** In scope, or an administrator while administrators may; and licensed. */
export function isResetEnabled(facts: Pick<MethodCircumstances, 'tenant' | 'subject'>): boolean {
  const administrator = isAdministrator(facts.subject)
  const on = administrator ? facts.tenant.authorizationPolicy.allowedToUseSSPR : inScope(facts.tenant, facts.subject)
  return on && licenceGate(administrator ? 'administratorSelfReset' : 'resetPassword', facts).allowed
}

// "Registered" asks for data under any policy at all, so a method counts here though no policy allows it just now.
function countDifferentKinds({ subject }: Pick<MethodCircumstances, 'subject'>): number {
  const families = subject.methods
    .filter(method => method.wellFormed && method.kind !== 'alternateMobile' && (method.verified || method.writtenBy !== 'self'))
    .map(method => ['appCode', 'oath', 'hardwareOath'].includes(method.kind) ? 'code' : method.kind)
  return new Set(families).size
}
