import { enablement } from '../rules/tenant-settings.ts'
import { always, blocksUnless, look, warnsUnless } from './question.ts'
import type { Question } from './question.ts'

/** How do I require users to register when they sign in (M-27)? */
export const d14: Question = {
  id: 'D-14',
  target: 'none',
  findings: ({ tenant, people, prompts, scopeGroup }) => {
    const policy = tenant.passwordResetPolicy
    const empty = policy.enablementType === enablement.none || (policy.enablementType === enablement.selected && (scopeGroup?.members ?? 0) === 0)
    return [
      look('registrationRequired', 'OFF', blocksUnless(policy.registrationRequiredOnSignIn), { registrationRequiredOnSignIn: policy.registrationRequiredOnSignIn }),
      look('scopeNotEmpty', 'ON_BUT_SCOPE_EMPTY', blocksUnless(!empty), { enablementType: policy.enablementType, members: scopeGroup?.members ?? null }),
      look('administratorsCanRegister', 'ON_ADMINS_BLOCKED', warnsUnless(people.strandedAdministrators === 0), { people: people.strandedAdministrators }),
      look('promptsSeen', 'ON', 'ok', { prompted: prompts.prompted, completed: prompts.completed, skipped: prompts.skipped }),
    ]
  },
  otherwise: always('ON'),
  warningsDecide: true,
}
