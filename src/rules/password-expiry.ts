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

export interface ExpiryNotice {
  /** Which of the tenant's numbers it is for: each is told once. */
  of: number
  /** Whole days left, which are fewer when its own day was missed. */
  daysLeft: number
  /** When the password expires. */
  at: number
}

/** The notice whose time it is, when mail is sent on these days before; the nearest day counts, so that nobody gets two at once. */
export function expiryNotice(expiry: PasswordExpiry, days: readonly number[], now: number): ExpiryNotice | undefined {
  if (!expiry.expires || expiry.expired) return undefined
  const daysLeft = Math.ceil((expiry.at - now) / day)
  const open = days.filter(one => one >= daysLeft)
  return open.length === 0 ? undefined : { of: Math.min(...open), daysLeft, at: expiry.at }
}

/** Whether a password of this age expires within so many days in any domain of the tenant: a look that costs nothing, before the facts are read. */
export function mayExpireWithin({ domains }: Pick<TenantFacts, 'domains'>, changedAt: number, days: number, now: number): boolean {
  return [defaultValidityInDays, ...domains.map(domain => domain.passwordValidityPeriodInDays ?? defaultValidityInDays)].some(validity => {
    const left = changedAt + validity * day - now
    return left > 0 && left <= days * day
  })
}
