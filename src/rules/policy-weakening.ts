import type { PasswordResetPolicy } from './tenant-settings.ts'

const numbersOfProofs = ['numberOfAuthenticationMethodsRequired', 'numberOfQuestionsToReset', 'numberOfQuestionsToRegister'] as const
const guards = ['notifyUsersOnPasswordReset', 'notifyOnAdminPasswordReset', 'registrationRequiredOnSignIn'] as const
/** Each is one more way in. */
const ways = [
  'securityQuestionsOptionEnabled', 'emailOptionEnabled', 'mobilePhoneOptionEnabled', 'officePhoneOptionEnabled', 'mobileAppNotificationEnabled', 'mobileAppCodeEnabled',
] as const
/** Where people in need are sent: whoever changes it can send them anywhere. */
const helpdesk = ['customizeHelpdeskLink', 'customHelpdeskEmailOrUrl'] as const

/**
 * Which settings of a change make accounts easier to take over, or a takeover easier to hide (T-45). A method switched off is not
 * among them: it takes a way in away. Nor is a wider scope: it gives people what they may have, under the same proofs.
 */
export function weakeningsOf(before: PasswordResetPolicy, after: PasswordResetPolicy): (keyof PasswordResetPolicy)[] {
  return [
    ...numbersOfProofs.filter(name => after[name] < before[name]),
    ...guards.filter(name => before[name] && !after[name]),
    ...ways.filter(name => !before[name] && after[name]),
    ...helpdesk.filter(name => before[name] !== after[name]),
    // People asked less often keep what is out of date; never is the rarest.
    ...(isRarer(before.registrationReconfirmIntevalInDays, after.registrationReconfirmIntevalInDays) ? (['registrationReconfirmIntevalInDays'] as const) : []),
  ]
}

const isRarer = (before: number, after: number): boolean => before !== 0 && (after === 0 || after > before)
