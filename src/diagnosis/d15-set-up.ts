import { connectedAgents, lastHeartbeat } from '../rules/agents.ts'
import { organisationHas } from '../rules/licences.ts'
import { allowedOptions } from '../rules/method-options.ts'
import { holdsRole, roles } from '../rules/roles.ts'
import { enablement } from '../rules/tenant-settings.ts'
import { always, blocksUnless, look, warnsUnless } from './question.ts'
import type { Question } from './question.ts'

/** I have trouble configuring password reset (M-29): the set-up list; the first step without a tick is the answer. */
export const d15: Question = {
  id: 'D-15',
  target: 'none',
  findings: ({ tenant, caller, scopeGroup, now }) => {
    const policy = tenant.passwordResetPolicy
    const selected = policy.enablementType === enablement.selected
    const methods = allowedOptions(tenant, null)
    const hybrid = tenant.hybrid.everSynced
    return [
      look('callerMayConfigure', 'NO_ROLE', blocksUnless(holdsRole(caller.roles, roles.globalAdministrator, roles.authenticationPolicyAdministrator))),
      look('organisationLicensed', 'NO_LICENCE', blocksUnless(tenant.settings.licensing === 'off' || organisationHas(tenant, 'CLOUD')), { licensing: tenant.settings.licensing }),
      look('resetEnabled', 'SSPR_OFF', blocksUnless(policy.enablementType !== enablement.none), { enablementType: policy.enablementType }),
      look('groupExists', 'policy.group.missing', selected ? blocksUnless(scopeGroup?.exists ?? false) : 'notApplicable'),
      look('groupNotEmpty', 'policy.group.empty', selected && scopeGroup?.exists ? blocksUnless(scopeGroup.members > 0) : 'notApplicable', { members: scopeGroup?.members ?? 0 }),
      look('methodsEnabled', 'policy.methods.too_few',
        blocksUnless(new Set(methods.filter(one => one !== 'securityQuestions')).size >= policy.numberOfAuthenticationMethodsRequired),
        { offered: methods.join(', '), required: policy.numberOfAuthenticationMethodsRequired }),
      look('registrationRequired', 'OFF', warnsUnless(policy.registrationRequiredOnSignIn)),
      look('usersNotified', 'READY', policy.notifyUsersOnPasswordReset ? 'ok' : 'notApplicable'),
      look('helpdeskLink', 'READY', policy.customizeHelpdeskLink ? 'ok' : 'notApplicable'),
      look('writebackEnabled', 'WRITEBACK_OFF', hybrid ? blocksUnless(tenant.onPremisesIntegration.passwordWritebackEnabled) : 'notApplicable'),
      look('agentConnected', 'WRITEBACK_AGENT_DOWN', hybrid ? blocksUnless(connectedAgents(tenant, now).length > 0) : 'notApplicable', { since: lastHeartbeat(tenant) },
        { since: lastHeartbeat(tenant) ?? 0 }),
    ]
  },
  otherwise: always('READY'),
}
