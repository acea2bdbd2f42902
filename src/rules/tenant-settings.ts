// What a tenant can set: types and the values a new tenant starts with. Names that Microsoft publishes are kept as it spells
// them, `registrationReconfirmIntevalInDays` included, because clients send them. Checks on saving are in policy-checks.ts.

/** Latchkey's own switches. */
export interface TenantSettings {
  /** What a stranger on the reset page is told (LD-01). */
  disclosure: 'private' | 'standard'
  passwordRules: 'entra' | 'nist'
  /** `off`: every licence gate passes (LD-07). `organisation`: one assigned licence opens it for all. `user`: each needs one. */
  licensing: 'off' | 'organisation' | 'user'
  /** Two gates for users who have a second factor and two usable methods, whatever the policy's number (LD-23). */
  stepUpRecovery: boolean
  /** Lets administrators of small or trial tenants reset with one gate (sspr §6.3, LD-23). */
  administratorOneGateExceptions: boolean
  /** Programs may set a password an administrator chose (LD-05). */
  adminChosenPasswords: boolean
  appPasswordsSurviveReset: boolean
  allowAppPasswords: boolean
  /** Hours after which an unused generated password is dead; 0 = never (LD-27). */
  temporaryPasswordLifetimeInHours: number
  /** Registering the first method needs a temporary access pass as well (LD-06, T-14). */
  firstRegistrationNeedsPass: boolean
  /** The OAuth password grant (LD-31). */
  passwordGrant: boolean
  /** Client assertions are single-use and name only the issuer as audience (LD-10). */
  strictAssertions: boolean
  /** What signs tokens. RS256 is what every client reads; ES256 costs a tenth of it (oauth §3). */
  signingAlgorithm: 'RS256' | 'ES256'
  /** Seconds an access token is good for, five to ninety minutes (T-54). */
  accessTokenLifetimeInSeconds: number
  feedbackUrl: string | null
  notifyUserOnMethodChange: boolean
  notifyUserOnAdminReset: boolean
  /** Notices of security events beyond resets (LD-47). */
  securityNotices: boolean
  /** An enrolled agent waits for an administrator's second look (LD-43). */
  approveAgents: boolean
  /** Texts a day for the whole tenant; 0 = none (sspr §5.7). Calls get theirs with a provider for them (LD-17). */
  smsBudgetPerDay: number
  /** Country codes without `+` to which texts may go; empty = any (T-20). */
  allowedCountryCodes: string[]
  /** Methods a person is asked to register; null = as many as a reset needs (sspr §4.4). */
  methodsRequiredToRegister: number | null
  allowAdminResetForFederated: boolean
  enforceCloudPasswordPolicyForPasswordSyncedUsers: boolean
  /** Hours a method added in a young session waits before it counts for reset (T-13). */
  registrationCoolDownInHours: number
  /** People may sign in and reset with their mail address instead of the user principal name (sspr §5.4 check 2). */
  alternateSignInWithMail: boolean
  /** Days before the policy's own expiry at which mail is sent (sspr §7.4); empty = none. */
  expiryNoticeDays: number[]
  /** Days audit records are kept (sspr §11.1). */
  auditRetentionInDays: number
  /** Complexity does not apply in education tenants (sspr §7.1). */
  kind: 'business' | 'education'
}

export const defaultTenantSettings: TenantSettings = {
  disclosure: 'private',
  passwordRules: 'entra',
  licensing: 'off',
  stepUpRecovery: true,
  administratorOneGateExceptions: false,
  adminChosenPasswords: true,
  appPasswordsSurviveReset: false,
  allowAppPasswords: false,
  temporaryPasswordLifetimeInHours: 72,
  firstRegistrationNeedsPass: false,
  passwordGrant: false,
  strictAssertions: false,
  signingAlgorithm: 'RS256',
  accessTokenLifetimeInSeconds: 3600,
  feedbackUrl: null,
  notifyUserOnMethodChange: true,
  notifyUserOnAdminReset: true,
  securityNotices: true,
  approveAgents: false,
  smsBudgetPerDay: 500,
  allowedCountryCodes: [],
  methodsRequiredToRegister: null,
  allowAdminResetForFederated: false,
  enforceCloudPasswordPolicyForPasswordSyncedUsers: false,
  registrationCoolDownInHours: 24,
  alternateSignInWithMail: false,
  expiryNoticeDays: [],
  auditRetentionInDays: 365,
  kind: 'business',
}

/** `enablementType` on the wire: 0 None, 1 Selected, 2 All (sspr §2.7). */
export const enablement = { none: 0, selected: 1, all: 2 } as const
export type EnablementType = 0 | 1 | 2

/** A predefined question has its id only; a custom one is shown as typed. */
export interface PolicyQuestion {
  id: string
  text: string | null
}

/** Self-service reset for end users (sspr §2.7, wire names). */
export interface PasswordResetPolicy {
  enablementType: EnablementType
  passwordResetEnabledGroupIds: string[]
  numberOfAuthenticationMethodsRequired: number
  mobileAppNotificationEnabled: boolean
  mobileAppCodeEnabled: boolean
  emailOptionEnabled: boolean
  mobilePhoneOptionEnabled: boolean
  officePhoneOptionEnabled: boolean
  securityQuestionsOptionEnabled: boolean
  numberOfQuestionsToRegister: number
  numberOfQuestionsToReset: number
  securityQuestions: PolicyQuestion[]
  registrationRequiredOnSignIn: boolean
  /** 0 = never. The original's spelling. */
  registrationReconfirmIntevalInDays: number
  skipRegistrationAllowed: boolean
  skipRegistrationMaxAllowedDays: number
  notifyUsersOnPasswordReset: boolean
  notifyOnAdminPasswordReset: boolean
  customizeHelpdeskLink: boolean
  customHelpdeskEmailOrUrl: string | null
}

export const defaultPasswordResetPolicy: PasswordResetPolicy = {
  enablementType: enablement.none,
  passwordResetEnabledGroupIds: [],
  numberOfAuthenticationMethodsRequired: 1,
  mobileAppNotificationEnabled: false,
  mobileAppCodeEnabled: false,
  emailOptionEnabled: true,
  mobilePhoneOptionEnabled: true,
  officePhoneOptionEnabled: false,
  securityQuestionsOptionEnabled: false,
  numberOfQuestionsToRegister: 5,
  numberOfQuestionsToReset: 3,
  securityQuestions: [],
  registrationRequiredOnSignIn: true,
  registrationReconfirmIntevalInDays: 180,
  skipRegistrationAllowed: true,
  skipRegistrationMaxAllowedDays: 7,
  notifyUsersOnPasswordReset: true,
  notifyOnAdminPasswordReset: false,
  customizeHelpdeskLink: false,
  customHelpdeskEmailOrUrl: null,
}

export type PolicyMigrationState = 'preMigration' | 'migrationInProgress' | 'migrationComplete'

export type MethodConfigurationId =
  | 'Fido2' | 'MicrosoftAuthenticator' | 'Sms' | 'TemporaryAccessPass' | 'Email' | 'Voice' | 'SoftwareOath' | 'HardwareOath'
  | 'X509Certificate' | 'QRCodePin'

export interface MethodTarget {
  /** A group's id, or `all_users`. */
  id: string
  targetType: 'group' | 'user'
  isRegistrationRequired?: boolean
}

/** Asks people at sign-in to set up a method (graph §7.1). Kept for clients; nobody is asked by it yet. */
export interface RegistrationCampaign {
  snoozeDurationInDays: number
  state: 'default' | 'enabled' | 'disabled'
  excludeTargets: MethodTarget[]
  includeTargets: (MethodTarget & { targetedAuthenticationMethod: string })[]
}

/** One method of the authentication methods policy, with the parameters that rules read (sspr §2.9). */
export interface MethodConfiguration {
  id: MethodConfigurationId
  state: 'enabled' | 'disabled'
  includeTargets: MethodTarget[]
  excludeTargets: MethodTarget[]
  /** MicrosoftAuthenticator: the code may be used, not only the notification. */
  isSoftwareOathEnabled?: boolean
  /** MicrosoftAuthenticator: what the notification may do. */
  authenticationMode?: 'any' | 'push' | 'deviceBasedPush'
  /** Voice: calls to the office phone too. */
  isOfficePhoneAllowed?: boolean
  /** TemporaryAccessPass (sspr §4.7). */
  minimumLifetimeInMinutes?: number
  maximumLifetimeInMinutes?: number
  defaultLifetimeInMinutes?: number
  defaultLength?: number
  isUsableOnce?: boolean
}

export interface AuthenticationMethodsPolicy {
  policyMigrationState: PolicyMigrationState
  registrationCampaign?: RegistrationCampaign
  authenticationMethodConfigurations: MethodConfiguration[]
}

const everyone: MethodTarget[] = [{ id: 'all_users', targetType: 'group' }]
const method = (id: MethodConfigurationId, state: 'enabled' | 'disabled', more: Partial<MethodConfiguration> = {}): MethodConfiguration =>
  ({ id, state, includeTargets: everyone, excludeTargets: [], ...more })

/**
 * A new tenant is born `migrationInProgress` (sspr §2.9) with everything off here but what needs no provider and makes signing in
 * safer at once: time-based codes and the pass. Mail and phone are on in the reset policy.
 */
export const defaultAuthenticationMethodsPolicy: AuthenticationMethodsPolicy = {
  policyMigrationState: 'migrationInProgress',
  authenticationMethodConfigurations: [
    method('Fido2', 'disabled'),
    method('MicrosoftAuthenticator', 'disabled', { isSoftwareOathEnabled: true, authenticationMode: 'any' }),
    method('Sms', 'disabled'),
    method('TemporaryAccessPass', 'enabled', {
      minimumLifetimeInMinutes: 60, maximumLifetimeInMinutes: 480, defaultLifetimeInMinutes: 60, defaultLength: 8, isUsableOnce: false,
    }),
    method('Email', 'disabled'),
    method('Voice', 'disabled', { isOfficePhoneAllowed: false }),
    method('SoftwareOath', 'enabled'),
    method('HardwareOath', 'disabled'),
    method('X509Certificate', 'disabled'),
    method('QRCodePin', 'disabled'),
  ],
}

export interface AuthorizationPolicy {
  /** Self-service reset for all administrators (sspr §6.5). */
  allowedToUseSSPR: boolean
  /** What people without a role may do; may when nothing is said. */
  defaultUserRolePermissions?: {
    allowedToCreateApps?: boolean
    /** Empty: people agree to nothing in their own name, an administrator does (oauth §10). */
    permissionGrantPoliciesAssigned?: string[]
  }
}

export const defaultAuthorizationPolicy: AuthorizationPolicy = { allowedToUseSSPR: true }

/** Settings object "Password Rule Settings" (sspr §2.10). The list is an array here; on the wire it is separated by tabs. */
export interface PasswordProtection {
  lockoutThreshold: number
  lockoutDurationInSeconds: number
  enableBannedPasswordCheck: boolean
  bannedPasswordList: string[]
  enableBannedPasswordCheckOnPremises: boolean
  bannedPasswordCheckOnPremisesMode: 'Audit' | 'Enforce'
}

export const defaultPasswordProtection: PasswordProtection = {
  lockoutThreshold: 10,
  lockoutDurationInSeconds: 60,
  enableBannedPasswordCheck: false,
  bannedPasswordList: [],
  enableBannedPasswordCheckOnPremises: false,
  bannedPasswordCheckOnPremisesMode: 'Audit',
}

/** On-premises integration (sspr §2.8). */
export interface OnPremisesIntegration {
  /** True once a writeback agent has been connected for the first time. */
  onboarded: boolean
  passwordWritebackEnabled: boolean
  allowUnlockWithoutReset: boolean
}

export const defaultOnPremisesIntegration: OnPremisesIntegration = {
  onboarded: false,
  passwordWritebackEnabled: false,
  allowUnlockWithoutReset: false,
}

/** What people see of their organisation (sspr §2.1). Plain values only: no markup, no style sheets (T-33). */
export interface Branding {
  /** A PNG or JPEG as a data URL, at most 64 KiB; null = none. */
  logo: string | null
  /** `#rrggbb`; null = the product's own. */
  accentColor: string | null
  /** Text shown under the name on reset and sign-in pages, by locale; as typed. */
  textByLocale: Partial<Record<'en' | 'da' | 'nb' | 'lv', string>>
}

export const defaultBranding: Branding = { logo: null, accentColor: null, textByLocale: {} }

/** Whom to write to about the organisation as a whole (graph §9). */
export interface OrganizationContacts {
  marketingNotificationEmails: string[]
  technicalNotificationMails: string[]
  securityComplianceNotificationMails: string[]
  securityComplianceNotificationPhones: string[]
  privacyProfile: { contactEmail: string | null; statementUrl: string | null } | null
}

export const defaultOrganizationContacts: OrganizationContacts = {
  marketingNotificationEmails: [], technicalNotificationMails: [], securityComplianceNotificationMails: [], securityComplianceNotificationPhones: [], privacyProfile: null,
}

/** All the documents a tenant keeps, by the name of their row. */
export interface TenantPolicies {
  tenantSettings: TenantSettings
  passwordResetPolicy: PasswordResetPolicy
  authenticationMethodsPolicy: AuthenticationMethodsPolicy
  authorizationPolicy: AuthorizationPolicy
  passwordProtection: PasswordProtection
  onPremisesIntegration: OnPremisesIntegration
  branding: Branding
  organizationContacts: OrganizationContacts
}

export const defaultTenantPolicies: TenantPolicies = {
  tenantSettings: defaultTenantSettings,
  passwordResetPolicy: defaultPasswordResetPolicy,
  authenticationMethodsPolicy: defaultAuthenticationMethodsPolicy,
  authorizationPolicy: defaultAuthorizationPolicy,
  passwordProtection: defaultPasswordProtection,
  onPremisesIntegration: defaultOnPremisesIntegration,
  branding: defaultBranding,
  organizationContacts: defaultOrganizationContacts,
}
