// May these settings be saved (sspr §2.2, §2.7, §2.9, §2.10, LD-25)? `blocks` refuses, `warns` asks for a second look. Every
// finding names the field at fault in its evidence.
import { organisationHas } from './licences.ts'
import type { ReasonCode } from './reason.ts'
import { customQuestions, predefinedQuestions } from './security-questions.ts'
import { enablement } from './tenant-settings.ts'
import type {
  AuthenticationMethodsPolicy, Branding, PasswordProtection, PasswordResetPolicy, PolicyMigrationState, TenantSettings,
} from './tenant-settings.ts'
import type { TenantFacts } from './facts.ts'
import { isWellFormedAddress } from './contact-data.ts'
import { neverExpires } from './password-expiry.ts'
import { normalisePassword } from './banned-passwords.ts'
import { finding } from './verdict.ts'
import type { Finding, Outcome, ReasonValues } from './verdict.ts'

/** What is known about the tenant when its reset policy is saved. */
export interface PolicySaveFacts {
  /** The group of `Selected`; null when the id leads to nothing. */
  group: { id: string; members: number } | null
  /** People in scope who would no longer have enough methods. */
  fallBelow: readonly string[]
  /** The administrator has seen the list of those people. */
  impactConfirmed: boolean
  /** Primary addresses of accounts in scope, small letters. */
  primaryAddresses: readonly string[]
  /** The methods policy counts too while a migration is under way, and alone after it. */
  methodsPolicy: AuthenticationMethodsPolicy
}

const check = (name: string, field: string, code: ReasonCode, outcome: Outcome, values?: ReasonValues): Finding =>
  finding(name, code, outcome, { field }, values)
const blocksIf = (bad: boolean): Outcome => (bad ? 'blocks' : 'ok')
const isWhole = (value: number, min: number, max: number) => Number.isInteger(value) && value >= min && value <= max

/** Every rule of the users' reset policy. Save only when none blocks. */
export function validatePasswordResetPolicy(policy: PasswordResetPolicy, facts: PolicySaveFacts): Finding[] {
  const required = policy.numberOfAuthenticationMethodsRequired
  const questionsOn = policy.securityQuestionsOptionEnabled
  const own = countMethods(policy, facts.methodsPolicy)
  const needsGroup = policy.enablementType === enablement.selected
  const groupGood = policy.passwordResetEnabledGroupIds.length === 1 && facts.group !== null
  const helpdesk = policy.customizeHelpdeskLink ? (policy.customHelpdeskEmailOrUrl ?? '') : null
  const helpdeskAddress = helpdesk?.replace(/^mailto:/i, '').toLowerCase() ?? ''
  return [
    check('groupChosen', 'passwordResetEnabledGroupIds', 'policy.group.missing', blocksIf(needsGroup && !groupGood)),
    // An empty group is the documented way to switch people off.
    check('groupHasMembers', 'passwordResetEnabledGroupIds', 'policy.group.empty', needsGroup && groupGood && facts.group!.members === 0 ? 'warns' : 'ok'),
    check('methodsNumber', 'numberOfAuthenticationMethodsRequired', 'policy.methods.number', blocksIf(!isWhole(required, 1, 2))),
    check('methodsAnyEnabled', 'emailOptionEnabled', 'policy.methods.too_few', blocksIf(policy.enablementType !== enablement.none && own.inForce < required)),
    check('appHasCompany', 'numberOfAuthenticationMethodsRequired', 'policy.methods.app_needs_company',
      blocksIf(own.app > 0 && own.others + (questionsOn ? 1 : 0) < required), { required }),
    check('questionsNotAlone', 'securityQuestionsOptionEnabled', 'policy.questions.alone', blocksIf(questionsOn && own.app + own.others === 0)),
    check('questionsRange', 'numberOfQuestionsToRegister', 'policy.questions.range',
      blocksIf(!isWhole(policy.numberOfQuestionsToRegister, 3, 5) || !isWhole(policy.numberOfQuestionsToReset, 3, 5))),
    check('questionsEnough', 'securityQuestions', 'policy.questions.too_few',
      blocksIf(questionsOn && (policy.securityQuestions.length < policy.numberOfQuestionsToRegister
        || policy.numberOfQuestionsToRegister < policy.numberOfQuestionsToReset)),
      { toRegister: policy.numberOfQuestionsToRegister, toReset: policy.numberOfQuestionsToReset }),
    check('questionsWellFormed', 'securityQuestions', 'policy.questions.custom', blocksIf(!areQuestionsGood(policy)), { ...customQuestions }),
    check('questionsGuessable', 'securityQuestionsOptionEnabled', 'policy.questions.guessable', questionsOn ? 'warns' : 'ok'),
    check('reconfirmRange', 'registrationReconfirmIntevalInDays', 'policy.reconfirm.range',
      blocksIf(!isWhole(policy.registrationReconfirmIntevalInDays, 0, 730))),
    check('helpdeskValid', 'customHelpdeskEmailOrUrl', 'policy.helpdesk.invalid', blocksIf(helpdesk !== null && !isHelpdesk(helpdesk))),
    check('helpdeskNotLockedOut', 'customHelpdeskEmailOrUrl', 'policy.helpdesk.self',
      helpdesk !== null && facts.primaryAddresses.includes(helpdeskAddress) ? 'warns' : 'ok'),
    check('impactSeen', 'numberOfAuthenticationMethodsRequired', 'policy.impact',
      blocksIf(facts.fallBelow.length > 0 && !facts.impactConfirmed), { count: facts.fallBelow.length }),
  ]
}

/**
 * The policy's own switches are judged by themselves while they are in force, though a migration under way adds the methods
 * policy's: what a page shows as chosen must be sound. Text and call are one method, and so are the app's two for this.
 */
function countMethods(policy: PasswordResetPolicy, methods: AuthenticationMethodsPolicy) {
  const complete = methods.policyMigrationState === 'migrationComplete'
  const on = enabledConfigurations(methods)
  // Mail, mobile phone, office phone, tokens; then the app's two.
  const legacy = [policy.emailOptionEnabled, policy.mobilePhoneOptionEnabled, policy.officePhoneOptionEnabled, false,
    policy.mobileAppNotificationEnabled, policy.mobileAppCodeEnabled]
  const modern = [on.has('Email'), on.has('Sms') || on.has('Voice'), on.has('OfficePhone'), on.has('SoftwareOath') || on.has('HardwareOath'),
    on.has('MicrosoftAuthenticator'), on.has('AuthenticatorCode')]
  const count = (flags: readonly boolean[]) => flags.filter(Boolean).length
  const judged = complete ? modern : legacy
  const inForce = complete ? modern : legacy.map((flag, index) => flag || modern[index]!)
  return {
    others: count(judged.slice(0, 4)), app: count(judged.slice(4)),
    inForce: count(inForce) + (policy.securityQuestionsOptionEnabled ? 1 : 0),
  }
}

function enabledConfigurations(methods: AuthenticationMethodsPolicy): Set<string> {
  if (methods.policyMigrationState === 'preMigration') return new Set()
  const enabled = methods.authenticationMethodConfigurations.filter(one => one.state === 'enabled' && one.includeTargets.length > 0)
  return new Set(enabled.flatMap(one => [
    one.id, ...(one.isSoftwareOathEnabled ? ['AuthenticatorCode'] : []), ...(one.isOfficePhoneAllowed ? ['OfficePhone'] : []),
  ]))
}

function areQuestionsGood({ securityQuestions }: PasswordResetPolicy): boolean {
  const custom = securityQuestions.filter(question => question.text !== null)
  const predefined = securityQuestions.filter(question => question.text === null)
  return custom.length <= customQuestions.most
    && custom.every(({ text }) => isWhole([...text!.trim()].length, customQuestions.minLength, customQuestions.maxLength))
    && predefined.every(({ id }) => (predefinedQuestions as readonly string[]).includes(id))
    && new Set(securityQuestions.map(question => question.id)).size === securityQuestions.length
}

// Only http(s) and mail: anything else would be a link that runs something (T-33).
/** An address of the web over https and without user info (T-33), or a mail address. */
function isHelpdesk(text: string): boolean {
  return /^https:\/\/[^\s/?#@]+([/?#]\S*)?$/i.test(text) || isWellFormedAddress(text.replace(/^mailto:/i, ''))
}

/** From before the migration any state can be chosen; from then on there is no way back to it (sspr §2.9). */
export function validateMigration(from: PolicyMigrationState, to: PolicyMigrationState): Finding {
  return check('migrationDirection', 'policyMigrationState', 'policy.migration.direction', blocksIf(from !== 'preMigration' && to === 'preMigration'))
}

/** Banned list and lock-out values; changing either from its default needs a PREMIUM licence (sspr §2.10, §3.1). */
export function validatePasswordProtection(next: PasswordProtection, before: PasswordProtection, tenant: TenantFacts): Finding[] {
  const premium = tenant.settings.licensing === 'off' || organisationHas(tenant, 'PREMIUM')
  const lengths = next.bannedPasswordList.map(term => [...term].length)
  const folded = next.bannedPasswordList.map(normalisePassword)
  const lockoutChanged = next.lockoutThreshold !== before.lockoutThreshold || next.lockoutDurationInSeconds !== before.lockoutDurationInSeconds
  return [
    check('bannedTerms', 'bannedPasswordList', 'policy.banned.term', blocksIf(lengths.some(length => !isWhole(length, 4, 16)))),
    check('bannedTermsOnce', 'bannedPasswordList', 'policy.banned.term', new Set(folded).size < folded.length ? 'warns' : 'ok'),
    check('bannedTermsNumber', 'bannedPasswordList', 'policy.banned.too_many', blocksIf(lengths.length > 1000)),
    check('bannedLicensed', 'enableBannedPasswordCheck', 'policy.banned.licence', blocksIf(next.enableBannedPasswordCheck && !premium)),
    check('lockoutThreshold', 'lockoutThreshold', 'policy.lockout.range', blocksIf(!isWhole(next.lockoutThreshold, 1, 50))),
    check('lockoutDuration', 'lockoutDurationInSeconds', 'policy.lockout.range', blocksIf(!isWhole(next.lockoutDurationInSeconds, 5, 18_000))),
    check('lockoutLicensed', 'lockoutThreshold', 'policy.lockout.licence', blocksIf(lockoutChanged && !premium)),
  ]
}

/** A domain's days until passwords expire: 14 to 730 or never; notice 1 to 30 days before. */
export function validateExpiry(days: number | null, noticeDays: number | null): Finding[] {
  return [
    check('validity', 'passwordValidityPeriodInDays', 'policy.expiry.range', blocksIf(days !== null && days !== neverExpires && !isWhole(days, 14, 730))),
    check('notice', 'passwordNotificationWindowInDays', 'policy.expiry.range', blocksIf(noticeDays !== null && !isWhole(noticeDays, 1, 30))),
  ]
}

/** The look of the pages: a colour with its six digits, and short plain texts (T-33). */
export function validateBranding(next: Branding): Finding[] {
  const longest = Math.max(0, ...Object.values(next.textByLocale).map(text => [...(text ?? '')].length))
  return [
    check('accentColor', 'accentColor', 'LK_FIELD_INVALID', blocksIf(next.accentColor !== null && !/^#[0-9a-f]{6}$/i.test(next.accentColor)), { field: 'accentColor' }),
    check('textByLocale', 'textByLocale', 'LK_FIELD_INVALID', blocksIf(longest > 500), { field: 'textByLocale' }),
  ]
}

type NumberSetting = { [K in keyof TenantSettings]: TenantSettings[K] extends number | null ? K : never }[keyof TenantSettings]

/** Smallest and largest value of each of Latchkey's own number settings. */
export const settingRanges: Readonly<Record<NumberSetting, readonly [min: number, max: number]>> = {
  temporaryPasswordLifetimeInHours: [0, 8760],
  smsBudgetPerDay: [0, 1_000_000],
  methodsRequiredToRegister: [1, 3],
  registrationCoolDownInHours: [0, 168],
  auditRetentionInDays: [30, 3650],
  accessTokenLifetimeInSeconds: [300, 5400],
}

/** Latchkey's own settings: numbers within their ranges, country codes and the feedback link well formed. */
export function validateTenantSettings(settings: TenantSettings): Finding[] {
  const outOfRange = (Object.keys(settingRanges) as NumberSetting[]).map(field => {
    const [min, max] = settingRanges[field]
    const value: number | null = settings[field]
    return check('settingRange', field, field === 'methodsRequiredToRegister' ? 'policy.register.range' : 'policy.setting.range',
      blocksIf(value !== null && !isWhole(value, min, max)), { field, min, max })
  })
  const invalid = (field: keyof TenantSettings, bad: boolean) => check('settingForm', field, 'LK_FIELD_INVALID', blocksIf(bad), { field })
  return [
    ...outOfRange,
    invalid('feedbackUrl', settings.feedbackUrl !== null && !/^https:\/\/\S+$/i.test(settings.feedbackUrl)),
    invalid('allowedCountryCodes', settings.allowedCountryCodes.some(code => !/^[1-9]\d{0,2}$/.test(code))),
    invalid('signingAlgorithm', !['RS256', 'ES256'].includes(settings.signingAlgorithm)),
    invalid('expiryNoticeDays', settings.expiryNoticeDays.some(days => !isWhole(days, 1, 30))),
  ]
}

/**
 * True when the change makes the tenant easier to break into: other Global Administrators are told (T-45). Turning a notice off
 * counts, since it is how a change would stay unseen (LD-47).
 */
export function isWeakened(before: TenantSettings, after: TenantSettings): boolean {
  const turnedOff = (field: 'stepUpRecovery' | 'securityNotices' | 'notifyUserOnMethodChange' | 'firstRegistrationNeedsPass' | 'approveAgents' | 'strictAssertions') =>
    before[field] && !after[field]
  const turnedOn = (field: 'passwordGrant' | 'allowAppPasswords' | 'appPasswordsSurviveReset' | 'administratorOneGateExceptions' | 'alternateSignInWithMail') =>
    !before[field] && after[field]
  return turnedOff('stepUpRecovery') || turnedOff('securityNotices') || turnedOff('notifyUserOnMethodChange')
    || turnedOff('firstRegistrationNeedsPass') || turnedOff('approveAgents') || turnedOff('strictAssertions')
    || turnedOn('passwordGrant') || turnedOn('allowAppPasswords') || turnedOn('appPasswordsSurviveReset')
    || turnedOn('administratorOneGateExceptions') || turnedOn('alternateSignInWithMail')
    || (before.disclosure === 'private' && after.disclosure === 'standard')
    || after.registrationCoolDownInHours < before.registrationCoolDownInHours
    || after.accessTokenLifetimeInSeconds > before.accessTokenLifetimeInSeconds
    || longer(after.temporaryPasswordLifetimeInHours, before.temporaryPasswordLifetimeInHours)
}

// 0 hours is for ever.
function longer(after: number, before: number): boolean {
  return before !== 0 && (after === 0 || after > before)
}
