import { organisationHas } from '../rules/licences.ts'
import { enablement } from '../rules/tenant-settings.ts'
import { always, blocksUnless, look } from './question.ts'
import type { Question } from './question.ts'

/** How do my users reset their passwords (M-03)? */
export const d03: Question = {
  id: 'D-03',
  target: 'none',
  findings: snapshot => {
    const { passwordResetPolicy: policy, settings } = snapshot.tenant
    const { users, enabled, registered, capable } = snapshot.people.readiness
    return [
      look('resetEnabled', 'SSPR_OFF', blocksUnless(policy.enablementType !== enablement.none), { enablementType: policy.enablementType }),
      look('organisationLicensed', 'NO_LICENCE', blocksUnless(settings.licensing === 'off' || organisationHas(snapshot.tenant, 'CLOUD')),
        { licensing: settings.licensing }),
      look('somebodyReady', 'NOBODY_REGISTERED', blocksUnless(capable > 0), { users, enabled, registered, capable }),
      look('helpdeskLink', 'READY', policy.customizeHelpdeskLink ? 'ok' : 'notApplicable', { customHelpdeskEmailOrUrl: policy.customHelpdeskEmailOrUrl }),
    ]
  },
  otherwise: always('READY'),
}
