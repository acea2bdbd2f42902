// When a password expires (sspr §2.2, §7.4, §7.6).
import type { SubjectFacts, TenantFacts } from './facts.ts'
import { isManagedElsewhere, isOnPremises } from './authority.ts'

const day = 86_400_000

/** The number of days that means "never", as the original stores it. */
export const neverExpires = 2_147_483_647
/** What a domain without a number has (C-06). */
export const defaultValidityInDays = 90
export const defaultNotificationWindowInDays = 14

export type PasswordExpiry =
  | { expires: false }
  | { expires: true; at: number; expired: boolean; /** Whole days left, for the notice; null outside its window. */ noticeDays: number | null }

/**
 * When the person's password is due. Never for those with the flag, for guests from elsewhere, and for people of the domain
 * unless the tenant enforces the cloud's policy on them. A password whose age nobody knows is not due.
 */
export function passwordExpiry(subject: SubjectFacts, tenant: Pick<TenantFacts, 'settings'>, now: number): PasswordExpiry {
  const days = subject.domain.passwordValidityPeriodInDays ?? defaultValidityInDays
  const exempt = subject.passwordPolicies.includes('DisablePasswordExpiration') || isManagedElsewhere(subject)
    || (isOnPremises(subject) && !tenant.settings.enforceCloudPasswordPolicyForPasswordSyncedUsers)
  if (exempt || days >= neverExpires || subject.passwordChangedAt === null) return { expires: false }
  const at = subject.passwordChangedAt + days * day
  const left = at - now
  const window = (subject.domain.passwordNotificationWindowInDays ?? defaultNotificationWindowInDays) * day
  return { expires: true, at, expired: left <= 0, noticeDays: left > 0 && left <= window ? Math.ceil(left / day) : null }
}
