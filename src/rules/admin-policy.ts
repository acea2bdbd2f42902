// The administrators' own policy for resetting themselves (sspr §6). Nobody can edit it.
import type { SubjectFacts, TenantFacts } from './facts.ts'
import { classOf } from './licences.ts'
import { isTwoGateRole, roleName } from './roles.ts'
import type { MethodOption } from './method-options.ts'

const day = 86_400_000

/** True when the person falls under this policy: holds a two-gate role directly, by group, or eligibly. */
export function isAdministrator(subject: Pick<SubjectFacts, 'roles'>): boolean {
  return subject.roles.some(isTwoGateRole)
}

/** Names of the roles that put the person under this policy. */
export function twoGateRoleNames(subject: Pick<SubjectFacts, 'roles'>): string[] {
  return [...new Set(subject.roles.filter(isTwoGateRole).map(role => roleName(role.roleTemplateId)))]
}

/** Two gates; one only under the exceptions of sspr §6.3, which a tenant has to switch on (LD-23, A-14). */
export function administratorGates(tenant: TenantFacts, now: number): 1 | 2 {
  if (!tenant.settings.administratorOneGateExceptions) return 2
  const young = now - tenant.createdAt < 30 * day
  const hasCustomDomain = tenant.domains.some(domain => domain.isVerified && !domain.isInitial)
  if (isTrialOnly(tenant) && young) return 1
  return !hasCustomDomain && !tenant.hybrid.syncEnabled ? 1 : 2
}

/** The administrators' own list of methods: never security questions, and no calls in free or trial tenants. */
export function administratorOptions(tenant: TenantFacts): MethodOption[] {
  const written: MethodOption[] = ['appNotification', 'appCode', 'oath', 'hardwareOath', 'email', 'mobileSms']
  return isFreeOrTrial(tenant) ? written : [...written, 'mobileCall', 'officeCall']
}

function paid(tenant: TenantFacts) {
  return tenant.subscribedSkus.filter(sku => classOf(sku) !== 'FREE')
}

function isTrialOnly(tenant: TenantFacts): boolean {
  return paid(tenant).length > 0 && paid(tenant).every(sku => sku.isTrial)
}

// A tenant that keeps no licences at all pays for its own calls: it is neither free nor on trial.
function isFreeOrTrial(tenant: TenantFacts): boolean {
  return tenant.settings.licensing !== 'off' && paid(tenant).every(sku => sku.isTrial)
}
