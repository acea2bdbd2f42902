import { isManagedElsewhere, isOnPremises, passwordAuthority } from '../rules/authority.ts'
import { aboutTarget, always, blocksUnless, look } from './question.ts'
import type { Question } from './question.ts'

/** How does this user change the password (M-07)? */
export const d04: Question = {
  id: 'D-04',
  target: 'needed',
  findings: aboutTarget(({ tenant, target }) => {
    const domain = isOnPremises(target)
    return [
      look('accountServedHere', 'EXTERNAL_USER', blocksUnless(!isManagedElsewhere(target)), { userType: target.userType, externalKind: target.externalKind }),
      look('writebackEnabled', 'CHANGE_ONPREM_ONLY',
        domain ? blocksUnless(tenant.onPremisesIntegration.passwordWritebackEnabled) : 'notApplicable', { authority: passwordAuthority(target) }),
      look('changeAllowedInDomain', 'CHANGE_BLOCKED_IN_AD', domain ? blocksUnless(!target.onPremises?.cannotChangePassword) : 'notApplicable'),
    ]
  }),
  otherwise: always('CHANGE_AVAILABLE'),
}
