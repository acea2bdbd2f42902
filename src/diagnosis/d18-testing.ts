import { isAdministrator, twoGateRoleNames } from '../rules/admin-policy.ts'
import { inScope } from '../rules/scope.ts'
import { enablement } from '../rules/tenant-settings.ts'
import { aboutTarget, always, blocksUnless, look } from './question.ts'
import type { Question } from './question.ts'

/** I have trouble testing my reset policy (M-32 … M-35). */
export const d18: Question = {
  id: 'D-18',
  target: 'needed',
  findings: aboutTarget(({ tenant, target, nodes, now }) => {
    const role = twoGateRoleNames(target).join(', ')
    const policy = tenant.passwordResetPolicy
    const changedAt = tenant.policyChangedAt
    const behind = changedAt === null ? [] : nodes.filter(node => node.lastSeenAt < changedAt)
    return [
      look('testedWithUser', 'TESTING_WITH_ADMIN', blocksUnless(!isAdministrator(target)), { roles: role }, { role }),
      look('inScope', policy.enablementType === enablement.none ? 'SSPR_OFF' : 'NOT_IN_GROUP', blocksUnless(inScope(tenant, target)),
        { enablementType: policy.enablementType, memberOf: target.memberOf.length }),
      look('policyEverywhere', 'POLICY_NOT_EVERYWHERE', blocksUnless(behind.length === 0),
        { nodes: behind.map(node => node.id).join(', '), policyChangedAt: changedAt, minutesSince: changedAt === null ? null : Math.floor((now - changedAt) / 60_000) },
        { nodes: behind.map(node => node.id).join(', ') }),
    ]
  }),
  otherwise: always('OK'),
}
