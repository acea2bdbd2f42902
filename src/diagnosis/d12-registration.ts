import { isAdministrator, twoGateRoleNames } from '../rules/admin-policy.ts'
import { licenceGate, licenceNeeded } from '../rules/licences.ts'
import { allowedOptions } from '../rules/method-options.ts'
import { inScope } from '../rules/scope.ts'
import type { MethodKind } from '../rules/facts.ts'
import { aboutTarget, always, blocksUnless, look, warnsUnless } from './question.ts'
import type { Question } from './question.ts'

/** The largest number of each kind (sspr §4.1). */
const largest: Partial<Record<MethodKind, number>> = { appNotification: 5, appCode: 5, oath: 5, mobile: 1, alternateMobile: 1, office: 1, email: 1 }
const recent = 60 * 60_000

/** Registration does not do what was expected; one registration for reset and second step (M-26, M-40). */
export const d12: Question = {
  id: 'D-12',
  target: 'needed',
  findings: aboutTarget(({ tenant, target, now }) => {
    const administrator = isAdministrator(target)
    const offered = allowedOptions(tenant, target)
    const held = target.methods.filter(method => method.source === 'private')
    const full = (Object.keys(largest) as MethodKind[]).filter(kind => held.filter(method => method.kind === kind).length >= largest[kind]!)
    return [
      look('inScope', 'NOT_IN_SCOPE', blocksUnless(administrator || inScope(tenant, target)), { enablementType: tenant.passwordResetPolicy.enablementType }),
      look('licensed', 'NO_LICENCE', blocksUnless(licenceGate('registerSecurityInfo', { tenant, subject: target }).allowed),
        { needs: licenceNeeded('registerSecurityInfo', target), licensing: tenant.settings.licensing }),
      look('methodsOffered', 'METHOD_DISABLED', blocksUnless(offered.length > 0), { offered: offered.join(', '), migration: tenant.authenticationMethodsPolicy.policyMigrationState }),
      look('roomForMore', 'METHOD_MAX_REACHED', warnsUnless(full.length === 0), { full: full.join(', '), registered: held.length }),
      look('userPolicy', 'ADMIN_METHOD_DIFFERENCES', warnsUnless(!administrator), { roles: twoGateRoleNames(target).join(', ') }),
      look('policySettled', 'POLICY_RECENT', warnsUnless(tenant.policyChangedAt === null || now - tenant.policyChangedAt > recent), { policyChangedAt: tenant.policyChangedAt }),
    ]
  }),
  otherwise: always('COMBINED_ALWAYS_ON'),
  warningsDecide: true,
}
