import type { SubjectFacts } from './facts.ts'

/** Who decides about a person's password (sspr §2.3). */
export type Authority = 'external' | 'cloud' | 'onPremFederated' | 'onPremPta' | 'onPremPhs' | 'onPremOnly'

type AuthorityFacts = Pick<SubjectFacts, 'userType' | 'externalKind' | 'onPremisesSyncEnabled' | 'domain'>

/** The place where the person's password lives. Pure; used by every check, gate and channel. */
export function passwordAuthority(subject: AuthorityFacts): Authority {
  if (isManagedElsewhere(subject)) return 'external'
  if (!subject.onPremisesSyncEnabled) return 'cloud'
  if (subject.domain.authenticationType === 'Federated') return 'onPremFederated'
  if (subject.domain.signInModel === 'pta') return 'onPremPta'
  if (subject.domain.signInModel === 'phs') return 'onPremPhs'
  return 'onPremOnly'
}

/** True when a new password must reach the domain. */
export function isOnPremises(subject: AuthorityFacts): boolean {
  return passwordAuthority(subject).startsWith('onPrem')
}

/** Guests whose own organisation, or whose consumer account, holds the password (sspr §5.10). Other guests are served here. */
export function isManagedElsewhere(subject: Pick<SubjectFacts, 'userType' | 'externalKind'>): boolean {
  return subject.userType === 'guest' && (subject.externalKind === 'partnerTenant' || subject.externalKind === 'personalAccount')
}
