import type { PasswordResetPolicy } from '../rules/tenant-settings.ts'

/**
 * Which settings of a change make accounts easier to take over, or a takeover easier to hide (T-45). A method switched off is not
 * among them: it takes a way in away.
 */
export function weakeningsOf(before: PasswordResetPolicy, after: PasswordResetPolicy): (keyof PasswordResetPolicy)[] {
  const lower = (name: 'numberOfAuthenticationMethodsRequired' | 'numberOfQuestionsToReset' | 'numberOfQuestionsToRegister') => after[name] < before[name]
  const off = (name: 'notifyUsersOnPasswordReset' | 'notifyOnAdminPasswordReset' | 'registrationRequiredOnSignIn') => before[name] && !after[name]
  const on = (name: 'securityQuestionsOptionEnabled') => !before[name] && after[name]
  return [
    ...(['numberOfAuthenticationMethodsRequired', 'numberOfQuestionsToReset', 'numberOfQuestionsToRegister'] as const).filter(lower),
    ...(['notifyUsersOnPasswordReset', 'notifyOnAdminPasswordReset', 'registrationRequiredOnSignIn'] as const).filter(off),
    ...(['securityQuestionsOptionEnabled'] as const).filter(on),
    // People asked less often keep what is out of date; never is the rarest.
    ...(isRarer(before.registrationReconfirmIntevalInDays, after.registrationReconfirmIntevalInDays) ? (['registrationReconfirmIntevalInDays'] as const) : []),
  ]
}

const isRarer = (before: number, after: number): boolean => before !== 0 && (after === 0 || after > before)
