import assert from 'node:assert/strict'
import { test } from 'node:test'
import { neverExpires } from '../../src/rules/password-expiry.ts'
import { isWeakened, validateExpiry, validateMigration, validatePasswordProtection, validatePasswordResetPolicy, validateTenantSettings } from '../../src/rules/policy-checks.ts'
import type { PolicySaveFacts } from '../../src/rules/policy-checks.ts'
import { predefinedQuestions } from '../../src/rules/security-questions.ts'
import {
  defaultAuthenticationMethodsPolicy, defaultPasswordProtection, defaultPasswordResetPolicy, defaultTenantPolicies, defaultTenantSettings,
} from '../../src/rules/tenant-settings.ts'
import type { PasswordResetPolicy } from '../../src/rules/tenant-settings.ts'
import type { Finding } from '../../src/rules/verdict.ts'
import { sku, tenant } from './build-facts.ts'

const facts: PolicySaveFacts = { group: { id: 'pilot', members: 3 }, fallBelow: [], impactConfirmed: false, primaryAddresses: [], methodsPolicy: defaultAuthenticationMethodsPolicy }
const found = (change: Partial<PasswordResetPolicy>, more: Partial<PolicySaveFacts> = {}, outcome: Finding['outcome'] = 'blocks') =>
  validatePasswordResetPolicy({ ...defaultPasswordResetPolicy, enablementType: 2, ...change }, { ...facts, ...more })
    .filter(one => one.outcome === outcome).map(one => one.code)
const off = { emailOptionEnabled: false, mobilePhoneOptionEnabled: false }
const predefined = (count: number) => predefinedQuestions.slice(0, count).map(id => ({ id, text: null }))

test('the policy a new tenant starts with may be saved', () => {
  assert.deepEqual(found({}), [])
  assert.deepEqual(found({ enablementType: 0 }), [])
})

test('A-05 the app needs company: alone and with one other for two it is refused, with two others it is saved', () => {
  assert.deepEqual(found({ ...off, mobileAppCodeEnabled: true, mobileAppNotificationEnabled: true }), ['policy.methods.app_needs_company'])
  assert.deepEqual(found({ mobilePhoneOptionEnabled: false, mobileAppCodeEnabled: true, numberOfAuthenticationMethodsRequired: 2 }), ['policy.methods.app_needs_company'])
  assert.deepEqual(found({ mobileAppCodeEnabled: true, numberOfAuthenticationMethodsRequired: 2 }), [])
})

test('LD-25 security questions as the only method are refused, and a hint says that they are guessable', () => {
  const questions = { securityQuestionsOptionEnabled: true, securityQuestions: predefined(5) }
  assert.deepEqual(found({ ...off, ...questions }), ['policy.questions.alone'])
  assert.deepEqual(found(questions), [])
  assert.deepEqual(found(questions, {}, 'warns'), ['policy.questions.guessable'])
})

test('questions: the list covers what is registered, and what is registered covers what is asked', () => {
  const asking = (change: Partial<PasswordResetPolicy>) => found({ securityQuestionsOptionEnabled: true, securityQuestions: predefined(5), ...change })
  assert.deepEqual(asking({ securityQuestions: predefined(4) }), ['policy.questions.too_few'])
  assert.deepEqual(asking({ numberOfQuestionsToRegister: 3, numberOfQuestionsToReset: 4 }), ['policy.questions.too_few'])
  assert.deepEqual(asking({ numberOfQuestionsToRegister: 6 }), ['policy.questions.range', 'policy.questions.too_few'])
  assert.deepEqual(asking({ securityQuestions: [...predefined(4), { id: 'c1', text: 'ab' }] }), ['policy.questions.custom'])
  assert.deepEqual(asking({ securityQuestions: [...predefined(5), { id: 'sq.no.such', text: null }] }), ['policy.questions.custom'])
  assert.deepEqual(asking({ securityQuestions: [...predefined(5), ...predefined(1)] }), ['policy.questions.custom'])
  assert.deepEqual(asking({ securityQuestions: Array.from({ length: 21 }, (_, i) => ({ id: `c${i}`, text: `Question ${i}?` })) }), ['policy.questions.custom'])
})

test('Selected needs exactly one existing group; an empty one only warns', () => {
  const selected = { enablementType: 1, passwordResetEnabledGroupIds: ['pilot'] } as const
  assert.deepEqual(found({ ...selected, passwordResetEnabledGroupIds: [...selected.passwordResetEnabledGroupIds] }), [])
  assert.deepEqual(found({ enablementType: 1, passwordResetEnabledGroupIds: [] }), ['policy.group.missing'])
  assert.deepEqual(found({ enablementType: 1, passwordResetEnabledGroupIds: ['a', 'b'] }), ['policy.group.missing'])
  assert.deepEqual(found({ enablementType: 1, passwordResetEnabledGroupIds: ['gone'] }, { group: null }), ['policy.group.missing'])
  assert.deepEqual(found({ enablementType: 1, passwordResetEnabledGroupIds: ['pilot'] }, { group: { id: 'pilot', members: 0 } }, 'warns'), ['policy.group.empty'])
})

test('A-04 people who would fall below the requirement have to be seen and confirmed', () => {
  const raise = { numberOfAuthenticationMethodsRequired: 2 }
  assert.deepEqual(found(raise, { fallBelow: ['ann'] }), ['policy.impact'])
  assert.deepEqual(found(raise, { fallBelow: ['ann'], impactConfirmed: true }), [])
})

test('numbers have their ranges', () => {
  assert.deepEqual(found({ registrationReconfirmIntevalInDays: 730 }), [])
  for (const days of [-1, 731, 1.5]) assert.deepEqual(found({ registrationReconfirmIntevalInDays: days }), ['policy.reconfirm.range'])
  for (const required of [0, 3]) assert.ok(found({ numberOfAuthenticationMethodsRequired: required }).includes('policy.methods.number'))
})

test('two methods cannot be required when one is on', () => {
  const none = { ...defaultAuthenticationMethodsPolicy, authenticationMethodConfigurations: [] }
  assert.deepEqual(found({ mobilePhoneOptionEnabled: false, numberOfAuthenticationMethodsRequired: 2 }, { methodsPolicy: none }), ['policy.methods.too_few'])
})

test('a helpdesk is a mail address or a web address, and a warning if its reader might be the one in need', () => {
  const helpdesk = (text: string | null, outcome: Finding['outcome'] = 'blocks') =>
    found({ customizeHelpdeskLink: true, customHelpdeskEmailOrUrl: text }, { primaryAddresses: ['help@contoso.example'] }, outcome)
  for (const good of ['https://help.contoso.example/x?y=1', 'https://help', 'help@contoso.example', 'mailto:help@contoso.example']) assert.deepEqual(helpdesk(good), [], good)
  for (const bad of ['', null, 'javascript:alert(1)', 'ftp://x', 'https://', 'http://help', 'https://contoso.example@evil.example/', 'call us']) assert.deepEqual(helpdesk(bad), ['policy.helpdesk.invalid'], String(bad))
  assert.deepEqual(helpdesk('Help@contoso.example', 'warns'), ['policy.helpdesk.self'])
})

test('every finding names the field at fault', () => {
  for (const one of validatePasswordResetPolicy(defaultPasswordResetPolicy, facts)) assert.ok(String(one.evidence['field']) in defaultPasswordResetPolicy, one.check)
})

test('sspr §2.9 the migration goes forward, and back only between its later states', () => {
  const outcome = (from: Parameters<typeof validateMigration>[0], to: Parameters<typeof validateMigration>[1]) => validateMigration(from, to).outcome
  assert.equal(outcome('preMigration', 'migrationComplete'), 'ok')
  assert.equal(outcome('migrationComplete', 'migrationInProgress'), 'ok')
  assert.equal(outcome('migrationInProgress', 'preMigration'), 'blocks')
  assert.equal(outcome('preMigration', 'preMigration'), 'ok')
})

test('sspr §2.10 banned terms and lock-out values have their forms, and need Premium', () => {
  const codes = (change: Partial<typeof defaultPasswordProtection>, at = tenant()) =>
    validatePasswordProtection({ ...defaultPasswordProtection, ...change }, defaultPasswordProtection, at).filter(one => one.outcome === 'blocks').map(one => one.code)
  assert.deepEqual(codes({ bannedPasswordList: ['widget', 'contoso'] }), [])
  assert.deepEqual(codes({ bannedPasswordList: ['abc'] }), ['policy.banned.term'])
  assert.deepEqual(codes({ bannedPasswordList: Array.from({ length: 1001 }, (_, i) => `term${i}`) }), ['policy.banned.too_many'])
  assert.deepEqual(codes({ lockoutThreshold: 51 }), ['policy.lockout.range'])
  assert.deepEqual(codes({ lockoutDurationInSeconds: 4 }), ['policy.lockout.range'])
  const office = tenant({ settings: { licensing: 'organisation' }, subscribedSkus: [sku('STANDARDPACK')] })
  assert.deepEqual(codes({ enableBannedPasswordCheck: true, lockoutThreshold: 5 }, office), ['policy.banned.licence', 'policy.lockout.licence'])
  assert.deepEqual(codes({}, office), [])
})

test('sspr §2.2 passwords are valid 14 to 730 days or for ever', () => {
  const blocked = (days: number | null, notice: number | null = null) => validateExpiry(days, notice).some(one => one.outcome === 'blocks')
  assert.deepEqual([13, 14, 730, 731, neverExpires, null].map(days => blocked(days)), [true, false, false, true, false, false])
  assert.deepEqual([0, 1, 30, 31].map(notice => blocked(90, notice)), [true, false, false, true])
})

test('the settings a new tenant starts with are within their ranges, and each wrong one is named', () => {
  const fields = (change: Partial<typeof defaultTenantSettings>) =>
    validateTenantSettings({ ...defaultTenantSettings, ...change }).filter(one => one.outcome === 'blocks').map(one => one.evidence['field'])
  assert.deepEqual(fields({}), [])
  assert.deepEqual(fields({ methodsRequiredToRegister: 4 }), ['methodsRequiredToRegister'])
  assert.deepEqual(fields({ auditRetentionInDays: 29, registrationCoolDownInHours: -1 }).toSorted(), ['auditRetentionInDays', 'registrationCoolDownInHours'])
  assert.deepEqual(fields({ feedbackUrl: 'javascript:alert(1)' }), ['feedbackUrl'])
  assert.deepEqual(fields({ allowedCountryCodes: ['45', '+46'] }), ['allowedCountryCodes'])
})

test('T-45 a change that makes the tenant easier to break into is recognised, and its reverse is not', () => {
  const base = defaultTenantPolicies.tenantSettings
  const weaker: Partial<typeof base>[] = [
    { stepUpRecovery: false }, { securityNotices: false }, { passwordGrant: true }, { allowAppPasswords: true }, { disclosure: 'standard' },
    { administratorOneGateExceptions: true }, { registrationCoolDownInHours: 0 }, { temporaryPasswordLifetimeInHours: 0 }, { temporaryPasswordLifetimeInHours: 100 },
  ]
  for (const change of weaker) {
    assert.ok(isWeakened(base, { ...base, ...change }), JSON.stringify(change))
    assert.ok(!isWeakened({ ...base, ...change }, base), JSON.stringify(change))
  }
  assert.ok(!isWeakened(base, { ...base, kind: 'education' }))
})
