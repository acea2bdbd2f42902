import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dialledNumber, isSamePhone, isWellFormedAddress, isWellFormedPhone } from '../../src/rules/contact-data.ts'
import type { MethodFacts, TenantFacts } from '../../src/rules/facts.ts'
import { allowedOptions } from '../../src/rules/method-options.ts'
import { defaultAuthenticationMethodsPolicy } from '../../src/rules/tenant-settings.ts'
import type { AuthenticationMethodsPolicy, MethodConfiguration } from '../../src/rules/tenant-settings.ts'
import { usableMethods } from '../../src/rules/usable-methods.ts'
import { known, method, now, person, sku, tenant } from './build-facts.ts'

const usable = (methods: MethodFacts[], at: TenantFacts = tenant()) => usableMethods(known({ tenant: at, subject: person({ methods }) })).map(one => one.way)
const policy = (state: AuthenticationMethodsPolicy['policyMigrationState'], ...change: Partial<MethodConfiguration>[]): AuthenticationMethodsPolicy => ({
  policyMigrationState: state,
  authenticationMethodConfigurations: defaultAuthenticationMethodsPolicy.authenticationMethodConfigurations
    .map(one => ({ ...one, state: 'disabled' as const, ...change.find(other => other.id === one.id) })),
})

test('A-27 after the migration mobile phone needs the methods policy, while security questions stay with the reset policy', () => {
  const legacyOn = { mobilePhoneOptionEnabled: true, securityQuestionsOptionEnabled: true }
  const complete = tenant({ passwordResetPolicy: legacyOn, authenticationMethodsPolicy: policy('migrationComplete', { id: 'Email', state: 'enabled' }) })
  assert.deepEqual(usable([method('mobile'), method('email'), method('securityQuestions')], complete), ['email', 'securityQuestions'])
})

test('the three states of the migration: the reset policy alone, both together, the methods policy alone', () => {
  const at = (state: AuthenticationMethodsPolicy['policyMigrationState']) =>
    allowedOptions(tenant({ passwordResetPolicy: { mobilePhoneOptionEnabled: false }, authenticationMethodsPolicy: policy(state, { id: 'Sms', state: 'enabled' }) }), person())
  assert.deepEqual(at('preMigration'), ['email'])
  assert.deepEqual(at('migrationInProgress'), ['email', 'mobileSms'])
  assert.deepEqual(at('migrationComplete'), ['mobileSms'])
})

test('an exclusion from a method wins over an inclusion, and a group counts through nesting', () => {
  const targets = { includeTargets: [{ id: 'staff', targetType: 'group' as const }], excludeTargets: [{ id: 'temps', targetType: 'group' as const }] }
  const at = tenant({ passwordResetPolicy: { emailOptionEnabled: false, mobilePhoneOptionEnabled: false }, authenticationMethodsPolicy: policy('migrationInProgress', { id: 'Sms', state: 'enabled', ...targets }) })
  assert.deepEqual(allowedOptions(at, person({ memberOf: ['staff'] })), ['mobileSms'])
  assert.deepEqual(allowedOptions(at, person({ memberOf: ['staff', 'temps'] })), [])
  assert.deepEqual(allowedOptions(at, person()), [])
  assert.deepEqual(allowedOptions(at, null), ['mobileSms'], 'a page that does not know who asks shows what anybody could have')
})

test('office phone needs a paid subscription, where licences are kept', () => {
  const office = { passwordResetPolicy: { officePhoneOptionEnabled: true } }
  assert.deepEqual(usable([method('office')], tenant(office)), ['officeCall'])
  assert.deepEqual(usable([method('office')], tenant({ ...office, settings: { licensing: 'organisation' }, subscribedSkus: [sku('FLOW_FREE')] })), [])
  assert.deepEqual(usable([method('office')], tenant({ ...office, settings: { licensing: 'organisation' }, subscribedSkus: [sku('STANDARDPACK')] })), ['officeCall'])
})

test('C-12 the alternate mobile is never offered in a reset', () => {
  assert.deepEqual(usable([method('alternateMobile')]), [])
})

test('C-18 without a provider a method is not there: no error, no count', () => {
  const facts = known({ subject: person({ methods: [method('email'), method('mobile')] }), providers: { mail: true, sms: false, voice: false, push: false } })
  assert.deepEqual(usableMethods(facts).map(one => one.way), ['email'])
})

test('LD-24 contact data counts when others wrote it, and what people write of themselves only after a code came back', () => {
  const written = (writtenBy: MethodFacts['writtenBy'], verified = false) => usable([method('mobile', { source: 'public', writtenBy, verified })])
  for (const by of ['administrator', 'application', 'import', 'sync'] as const) assert.deepEqual(written(by), ['mobileSms', 'mobileCall'], by)
  assert.deepEqual(written('self'), [])
  assert.deepEqual(written('self', true), ['mobileSms', 'mobileCall'])
})

test('T-13 a method on hold counts from the moment its time has come', () => {
  assert.deepEqual(usable([method('email', { heldUntil: now + 1 })]), [])
  assert.deepEqual(usable([method('email', { heldUntil: now })]), ['email'])
})

test('a private address stands before the directory\'s, which is a second choice of the same method', () => {
  const both = [method('email', { id: 'dir', source: 'public', writtenBy: 'sync', destinationKey: 'x' }), method('email', { id: 'own', destinationKey: 'y' })]
  assert.deepEqual(usableMethods(known({ subject: person({ methods: both }) })).map(one => one.methodId), ['own', 'dir'])
})

test('questions count once enough of them are answered', () => {
  const asking = tenant({ passwordResetPolicy: { securityQuestionsOptionEnabled: true } })
  assert.deepEqual(usable([method('email'), method('securityQuestions', { answeredQuestions: 2 })], asking), ['email'])
  assert.deepEqual(usable([method('email'), method('securityQuestions', { answeredQuestions: 3 })], asking), ['email', 'securityQuestions'])
})

test('A-30 an extension is kept in the directory and dropped when dialling; a number without + is malformed', () => {
  assert.equal(isWellFormedPhone('+45 33123456x12'), true)
  assert.equal(dialledNumber('+45 33123456x12'), '+4533123456')
  assert.equal(isWellFormedPhone('4533123456'), false)
  assert.deepEqual(usable([method('mobile', { wellFormed: false })]), [])
})

test('phone numbers have one form', () => {
  for (const good of ['+1 4255551234', '+371 67123456', '+45 33123456X1', '+47 22123456']) assert.ok(isWellFormedPhone(good), good)
  for (const bad of ['', '+45', '+4533123456', '+45 33 12 34 56', '+0 123456', '+1234 123456', '+45 123', '+45 123456789012345', '+45 33123456x', '+45 33123456x1234567', ' +45 33123456', '+45 33123456\n']) {
    assert.ok(!isWellFormedPhone(bad), JSON.stringify(bad))
  }
})

test('a typed number is the stored one when its digits are, however it is written', () => {
  for (const typed of ['+45 33123456', '+4533123456', '0045 33 12 34 56', '45-33-12-34-56', '+45 (33) 123456']) assert.ok(isSamePhone(typed, '+45 33123456x9'), typed)
  for (const typed of ['', '33123456', '+45 33123457', '+45 3312345', '+4533123456 1']) assert.ok(!isSamePhone(typed, '+45 33123456'), typed)
})

test('T-08 an address is one address', () => {
  assert.ok(isWellFormedAddress('ann.berg+x@mail.example.org'))
  for (const bad of ['', 'ann', 'ann@example', 'a@x.example,b@y.example', 'ann@example.org\nbcc:b@y.example', 'Ann <ann@example.org>', '@example.org', 'ann@@example.org', 'ann@.example.org', `${'a'.repeat(250)}@example.org`]) {
    assert.ok(!isWellFormedAddress(bad), JSON.stringify(bad))
  }
})
