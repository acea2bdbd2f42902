import type { SubjectFacts, TenantFacts } from './facts.ts'
import { enablement } from './tenant-settings.ts'

/** True when self-service reset is switched on for the person: None nobody, Selected the group with its nested groups, All everyone. */
export function inScope(tenant: Pick<TenantFacts, 'passwordResetPolicy'>, subject: Pick<SubjectFacts, 'memberOf'>): boolean {
  const { enablementType, passwordResetEnabledGroupIds } = tenant.passwordResetPolicy
  if (enablementType === enablement.all) return true
  return enablementType === enablement.selected && passwordResetEnabledGroupIds.some(id => subject.memberOf.includes(id))
}
