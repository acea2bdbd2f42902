import { applicationRoles } from '../rules/app-reach.ts'
import { holdsRole } from '../rules/roles.ts'
import { always, blocksUnless, look, warnsUnless } from './question.ts'
import type { Question } from './question.ts'

/** How do I manage an application's credentials (M-02)? */
export const d16: Question = {
  id: 'D-16',
  target: 'none',
  findings: ({ caller, applications }) => [
    look('callerManagesApplications', 'NO_ROLE',
      blocksUnless(applications.owned || holdsRole(caller.roles, ...applicationRoles)), { owned: applications.owned }),
    look('credentialsCurrent', 'EXPIRING', warnsUnless(applications.expiring === 0), { applications: applications.total, expiring: applications.expiring },
      { count: applications.expiring }),
  ],
  otherwise: always('CAN_MANAGE'),
  warningsDecide: true,
}
