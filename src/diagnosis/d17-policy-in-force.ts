import { isAdministrator, twoGateRoleNames } from '../rules/admin-policy.ts'
import { isOnPremises } from '../rules/authority.ts'
import { gatesRequired } from '../rules/gates.ts'
import { allowedOptions } from '../rules/method-options.ts'
import { inScope } from '../rules/scope.ts'
import { aboutTarget, always, blocksUnless, look, warnsUnless } from './question.ts'
import type { Question } from './question.ts'

/** Which policy is in force for this person, and why (M-31, M-36)? That the administrators' policy applies is said first. */
export const d17: Question = {
  id: 'D-17',
  target: 'needed',
  findings: aboutTarget(snapshot => {
    const { tenant, target, now, signInLockedUntil } = snapshot
    const administrator = isAdministrator(target)
    const role = twoGateRoleNames(target).join(', ')
    const settings = tenant.passwordResetPolicy
    return [
      look('userPolicy', 'ADMIN_POLICY_APPLIES', warnsUnless(!administrator), { roles: role }, { role }),
      look('administratorsAllowed', 'LK_ADMIN_SSPR_OFF', administrator ? blocksUnless(tenant.authorizationPolicy.allowedToUseSSPR) : 'notApplicable'),
      look('inScope', 'NOT_IN_SCOPE', administrator ? 'notApplicable' : blocksUnless(inScope(tenant, target)),
        { enablementType: settings.enablementType, group: settings.passwordResetEnabledGroupIds.join(', ') }),
      look('methodsOffered', 'METHOD_DISABLED', blocksUnless(allowedOptions(tenant, target).length > 0),
        { offered: allowedOptions(tenant, target).join(', '), required: gatesRequired({ ...snapshot, subject: target }), migration: tenant.authenticationMethodsPolicy.policyMigrationState }),
      look('passwordExpiry', 'OK', 'ok', {
        validityInDays: target.domain.passwordValidityPeriodInDays, neverExpires: target.passwordPolicies.includes('DisablePasswordExpiration'),
        cloudPolicyForSynced: isOnPremises(target) ? tenant.settings.enforceCloudPasswordPolicyForPasswordSyncedUsers : null,
      }),
      look('notLockedHere', 'CLOUD_LOCKED', warnsUnless(!(signInLockedUntil !== null && signInLockedUntil > now)),
        { lockedUntil: signInLockedUntil, lockoutThreshold: tenant.passwordProtection.lockoutThreshold }, { until: signInLockedUntil ?? 0 }),
    ].sort((a, b) => Number(b.code === 'ADMIN_POLICY_APPLIES') - Number(a.code === 'ADMIN_POLICY_APPLIES'))
  }),
  known: snapshot => {
    if (!snapshot.target || !isAdministrator(snapshot.target)) return undefined
    return { code: 'ADMIN_POLICY_APPLIES', audience: 'admin', values: { role: twoGateRoleNames(snapshot.target).join(', ') } }
  },
  otherwise: always('OK'),
  warningsDecide: true,
}
