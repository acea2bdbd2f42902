// Which kinds of method the tenant's policies allow a person to prove themselves with in a reset (sspr §2.7, §2.9).
import type { MethodKind, SubjectFacts, TenantFacts } from './facts.ts'
import { administratorOptions, isAdministrator } from './admin-policy.ts'
import { licenceGate } from './licences.ts'
import type { MethodConfiguration, MethodConfigurationId } from './tenant-settings.ts'

/** What a policy can allow. Text and call are separate here, though together they are one method. */
export type MethodOption =
  | 'appNotification' | 'appCode' | 'oath' | 'hardwareOath' | 'email' | 'mobileSms' | 'mobileCall' | 'officeCall' | 'securityQuestions'

/** In the order shown to people (sspr §5.5). */
export const methodOptions: readonly MethodOption[] =
  ['appNotification', 'appCode', 'oath', 'hardwareOath', 'email', 'mobileSms', 'mobileCall', 'officeCall', 'securityQuestions']

/** The options by which a registered method of a kind can be used; the alternate mobile is never used for reset (C-12). */
export const optionsOfKind: Readonly<Record<MethodKind, readonly MethodOption[]>> = {
  appNotification: ['appNotification'],
  appCode: ['appCode'],
  oath: ['oath'],
  hardwareOath: ['hardwareOath'],
  email: ['email'],
  mobile: ['mobileSms', 'mobileCall'],
  office: ['officeCall'],
  alternateMobile: [],
  securityQuestions: ['securityQuestions'],
}

/**
 * The options that the tenant's policies allow: the users' policy, the methods policy or both, by the state of the migration.
 * Without a subject: what is allowed to anyone at all, which is what a page may show before it knows who is asking (T-01).
 */
export function allowedOptions(tenant: TenantFacts, subject: SubjectFacts | null): MethodOption[] {
  const modern = methodsPolicyOptions(tenant, subject)
  if (subject && isAdministrator(subject)) {
    const own = [...administratorOptions(tenant), ...modern.filter(option => !isCall(option) || administratorOptions(tenant).includes(option))]
    return methodOptions.filter(option => own.includes(option))
  }
  const state = tenant.authenticationMethodsPolicy.policyMigrationState
  const legacy = legacyOptions(tenant, subject)
  const allowed = [
    ...(state === 'migrationComplete' ? legacy.filter(option => option === 'securityQuestions') : legacy),
    ...(state === 'preMigration' ? [] : modern),
  ]
  return methodOptions.filter(option => allowed.includes(option))
}

const isCall = (option: MethodOption) => option === 'mobileCall' || option === 'officeCall'

function legacyOptions(tenant: TenantFacts, subject: SubjectFacts | null): MethodOption[] {
  const policy = tenant.passwordResetPolicy
  const options: MethodOption[] = []
  // With one method required the app can only show codes (sspr §5.5).
  if (policy.mobileAppNotificationEnabled && policy.numberOfAuthenticationMethodsRequired >= 2) options.push('appNotification')
  if (policy.mobileAppCodeEnabled) options.push('appCode', 'oath', 'hardwareOath')
  if (policy.emailOptionEnabled) options.push('email')
  if (policy.mobilePhoneOptionEnabled) options.push('mobileSms', 'mobileCall')
  if (policy.officePhoneOptionEnabled && licenceGate('officePhone', { tenant, subject }).allowed) options.push('officeCall')
  if (policy.securityQuestionsOptionEnabled) options.push('securityQuestions')
  return options
}

/** What the methods policy alone allows the person: it also decides second factors at sign-in. */
export function methodsPolicyOptions(tenant: TenantFacts, subject: SubjectFacts | null): MethodOption[] {
  const on = (id: MethodConfigurationId): MethodConfiguration | undefined =>
    tenant.authenticationMethodsPolicy.authenticationMethodConfigurations.find(one => one.id === id && isTargeted(one, subject))
  const options: MethodOption[] = []
  const authenticator = on('MicrosoftAuthenticator')
  if (authenticator && authenticator.authenticationMode !== 'deviceBasedPush') options.push('appNotification')
  if (authenticator?.isSoftwareOathEnabled) options.push('appCode')
  if (on('SoftwareOath')) options.push('oath')
  if (on('HardwareOath')) options.push('hardwareOath')
  if (on('Email')) options.push('email')
  if (on('Sms')) options.push('mobileSms')
  const voice = on('Voice')
  if (voice) options.push('mobileCall')
  if (voice?.isOfficePhoneAllowed) options.push('officeCall')
  return options
}

/** True when a method of the methods policy is switched on for the person; an exclusion wins over an inclusion. */
export function isTargeted(configuration: MethodConfiguration, subject: SubjectFacts | null): boolean {
  if (configuration.state !== 'enabled') return false
  if (!subject) return configuration.includeTargets.length > 0
  const hit = (target: { id: string }) => target.id === 'all_users' || target.id === subject.id || subject.memberOf.includes(target.id)
  return configuration.includeTargets.some(hit) && !configuration.excludeTargets.some(hit)
}
