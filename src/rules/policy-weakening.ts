import { usersMayConsent } from './consent.ts'
import type { AuthorizationPolicy, Branding, OnPremisesIntegration, PasswordProtection, PasswordResetPolicy } from './tenant-settings.ts'

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

/** A longer wait, a lower number of tries and more banned words are stricter; the opposite of each is told. */
export function weakeningsOfProtection(before: PasswordProtection, after: PasswordProtection): (keyof PasswordProtection)[] {
  const gone = before.bannedPasswordList.some(term => !after.bannedPasswordList.includes(term))
  return [
    ...(after.lockoutThreshold > before.lockoutThreshold ? (['lockoutThreshold'] as const) : []),
    ...(after.lockoutDurationInSeconds < before.lockoutDurationInSeconds ? (['lockoutDurationInSeconds'] as const) : []),
    ...(['enableBannedPasswordCheck', 'enableBannedPasswordCheckOnPremises'] as const).filter(name => before[name] && !after[name]),
    ...(gone && before.enableBannedPasswordCheck ? (['bannedPasswordList'] as const) : []),
    ...(before.bannedPasswordCheckOnPremisesMode === 'Enforce' && after.bannedPasswordCheckOnPremisesMode === 'Audit' ? (['bannedPasswordCheckOnPremisesMode'] as const) : []),
  ]
}

/** Writing to the domain, and unlocking there without a new password, reach further than before. */
export function weakeningsOfIntegration(before: OnPremisesIntegration, after: OnPremisesIntegration): (keyof OnPremisesIntegration)[] {
  return (['passwordWritebackEnabled', 'allowUnlockWithoutReset'] as const).filter(name => !before[name] && after[name])
}

/** Administrators that may reset themselves are one more way into the accounts that matter most; people who may make programs or agree to what programs do are one into their own. */
export function weakeningsOfAuthorization(before: AuthorizationPolicy, after: AuthorizationPolicy): (keyof AuthorizationPolicy)[] {
  const mayCreate = (policy: AuthorizationPolicy) => policy.defaultUserRolePermissions?.allowedToCreateApps ?? true
  return [
    ...(!before.allowedToUseSSPR && after.allowedToUseSSPR ? (['allowedToUseSSPR'] as const) : []),
    ...((!mayCreate(before) && mayCreate(after)) || (!usersMayConsent(before) && usersMayConsent(after)) ? (['defaultUserRolePermissions'] as const) : []),
  ]
}

/** How the pages look proves nothing and hides nothing. */
export const weakeningsOfBranding = (_before: Branding, _after: Branding): (keyof Branding)[] => []
