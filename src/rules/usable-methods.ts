// Which of a person's methods can prove who they are in a reset (sspr §4.5), and how many different proofs they make.
import type { MethodFacts, MethodKind, ProviderFacts, SubjectFacts, TenantFacts } from './facts.ts'
import { isAdministrator } from './admin-policy.ts'
import { allowedOptions, methodOptions, optionsOfKind } from './method-options.ts'
import type { MethodOption } from './method-options.ts'

/** The way a method is used at a gate, and the key of its words. Both kinds of token answer with a code. */
export type Way = 'appNotification' | 'appCode' | 'oathCode' | 'email' | 'mobileSms' | 'mobileCall' | 'officeCall' | 'securityQuestions'

/** Ways of one family are one method: they never open two gates (sspr §5.5). */
export type MethodFamily = 'appNotification' | 'code' | 'email' | 'mobilePhone' | 'officePhone' | 'securityQuestions'

const families: Readonly<Record<Way, MethodFamily>> = {
  appNotification: 'appNotification',
  appCode: 'code',
  oathCode: 'code',
  email: 'email',
  mobileSms: 'mobilePhone',
  mobileCall: 'mobilePhone',
  officeCall: 'officePhone',
  securityQuestions: 'securityQuestions',
}

export interface UsableMethod {
  methodId: string
  kind: MethodKind
  way: Way
  source: 'private' | 'public'
  destinationKey: string
}

/** What decides whether a method can be used now. */
export interface MethodCircumstances {
  tenant: TenantFacts
  subject: SubjectFacts
  providers: ProviderFacts
  now: number
}

export function familyOf(way: Way): MethodFamily {
  return families[way]
}

export function wayOf(option: MethodOption): Way {
  return option === 'oath' || option === 'hardwareOath' ? 'oathCode' : option
}

/** The way's provider is configured; what needs none always works (C-18, LD-17). */
export function isProvided(way: Way, providers: ProviderFacts): boolean {
  if (way === 'email') return providers.mail
  if (way === 'mobileSms') return providers.sms
  if (way === 'mobileCall' || way === 'officeCall') return providers.voice
  return way !== 'appNotification' || providers.push
}

/**
 * Every way in which the person can prove themselves, in the order shown: app, mail, text, call, office, questions; a private
 * value before a public one of the same kind. Security questions are there only beside something else: alone they prove too
 * little (LD-15, LD-25).
 */
export function usableMethods(facts: MethodCircumstances): UsableMethod[] {
  const allowed = allowedOptions(facts.tenant, facts.subject)
  const usable = methodOptions
    .filter(option => allowed.includes(option) && isProvided(wayOf(option), facts.providers))
    .flatMap(option => facts.subject.methods
      .filter(method => optionsOfKind[method.kind].includes(option) && countsForReset(method, facts))
      .toSorted((a, b) => (a.source === b.source ? 0 : a.source === 'private' ? -1 : 1))
      .map(({ id, kind, source, destinationKey }) => ({ methodId: id, kind, way: wayOf(option), source, destinationKey })))
  return usable.some(method => method.way !== 'securityQuestions') ? usable : []
}

/** Well formed, out of its waiting time, and shown or given to be the person's own (LD-24). */
export function countsForReset(method: MethodFacts, facts: Pick<MethodCircumstances, 'tenant' | 'subject' | 'now'>): boolean {
  if (!method.wellFormed || (method.heldUntil !== null && method.heldUntil > facts.now)) return false
  if (method.kind === 'securityQuestions') {
    return (method.answeredQuestions ?? 0) >= facts.tenant.passwordResetPolicy.numberOfQuestionsToReset
  }
  if (isAdministrator(facts.subject)) return method.source === 'private' && method.verified
  return method.verified || method.writtenBy !== 'self'
}

/**
 * How many gates these methods can open: the most pairs of a family and a destination with no family and no destination used
 * twice. The mobile reached by text and by call is one; the same number as mobile and office phone is one.
 */
export function differentProofs(methods: readonly Pick<UsableMethod, 'way' | 'destinationKey'>[]): number {
  const [first, ...rest] = methods
  if (!first) return 0
  const family = familyOf(first.way)
  const compatible = rest.filter(other => familyOf(other.way) !== family && other.destinationKey !== first.destinationKey)
  // Either the first one opens a gate or it does not; six families bound the depth.
  if (compatible.length === rest.length) return 1 + differentProofs(rest)
  return Math.max(1 + differentProofs(compatible), differentProofs(rest))
}

const secondFactors: readonly MethodKind[] = ['appNotification', 'appCode', 'oath', 'hardwareOath', 'mobile', 'alternateMobile', 'office']

/** True when the person has registered something that works as a second factor at sign-in: private and verified (sspr §2.5). */
export function hasSecondFactor(subject: Pick<SubjectFacts, 'methods'>): boolean {
  return subject.methods.some(method => method.source === 'private' && method.verified && secondFactors.includes(method.kind))
}
