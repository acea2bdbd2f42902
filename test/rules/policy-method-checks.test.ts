import assert from 'node:assert/strict'
import { test } from 'node:test'
import { validateMethodsPolicy, weakeningsOfMethods } from '../../src/rules/policy-method-checks.ts'
import { defaultAuthenticationMethodsPolicy, defaultPasswordResetPolicy } from '../../src/rules/tenant-settings.ts'
import type { AuthenticationMethodsPolicy, MethodConfiguration, MethodConfigurationId, PasswordResetPolicy } from '../../src/rules/tenant-settings.ts'

const base = defaultAuthenticationMethodsPolicy
const withMethod = (id: MethodConfigurationId, change: Partial<MethodConfiguration>): AuthenticationMethodsPolicy =>
  ({ ...base, authenticationMethodConfigurations: base.authenticationMethodConfigurations.map(one => (one.id === id ? { ...one, ...change } : one)) })
const blocked = (next: AuthenticationMethodsPolicy, reset: Partial<PasswordResetPolicy> = {}, before = base) =>
  validateMethodsPolicy(next, before, { ...defaultPasswordResetPolicy, ...reset }).filter(one => one.outcome === 'blocks').map(one => one.evidence['field'])

test('a pass lives ten minutes to thirty days and has 8 to 48 characters; its bounds and its usual life fit together', () => {
  const pass = (change: Partial<MethodConfiguration>) => blocked(withMethod('TemporaryAccessPass', change))
  assert.deepEqual(pass({}), [])
  assert.deepEqual(pass({ minimumLifetimeInMinutes: 10, maximumLifetimeInMinutes: 43_200, defaultLength: 48 }), [])
  assert.deepEqual(pass({ minimumLifetimeInMinutes: 9 }), ['minimumLifetimeInMinutes'])
  assert.deepEqual(pass({ minimumLifetimeInMinutes: 500 }), ['minimumLifetimeInMinutes', 'defaultLifetimeInMinutes'])
  assert.deepEqual(pass({ maximumLifetimeInMinutes: 43_201 }), ['maximumLifetimeInMinutes'])
  assert.deepEqual(pass({ defaultLifetimeInMinutes: 481 }), ['defaultLifetimeInMinutes'])
  assert.deepEqual(pass({ defaultLength: 7 }), ['defaultLength'])
  assert.deepEqual(pass({ defaultLength: 8.5 }), ['defaultLength'])
})

test('a finished migration that leaves too few methods for a reset is refused; one that was broken before may be mended in steps', () => {
  const done = { ...base, policyMigrationState: 'migrationComplete' as const }
  assert.deepEqual(blocked(done, { enablementType: 2, numberOfAuthenticationMethodsRequired: 2 }), ['emailOptionEnabled'])
  assert.deepEqual(blocked(done, { enablementType: 2, numberOfAuthenticationMethodsRequired: 1 }), [])
  assert.deepEqual(blocked(done, { enablementType: 0, numberOfAuthenticationMethodsRequired: 2 }), [])
  assert.deepEqual(blocked({ ...done, registrationCampaign: { snoozeDurationInDays: 1, state: 'enabled', excludeTargets: [], includeTargets: [] } }, { enablementType: 2, numberOfAuthenticationMethodsRequired: 2 }, done), [])
  assert.deepEqual(blocked({ ...base, policyMigrationState: 'preMigration' }), ['policyMigrationState'])
})

test('T-45: a way in that opens, lasts longer or guards less is a weakening; one that closes, and who may use it, is none', () => {
  const weaker = (id: MethodConfigurationId, before: Partial<MethodConfiguration>, after: Partial<MethodConfiguration>) => weakeningsOfMethods(withMethod(id, before), withMethod(id, after))
  assert.deepEqual(weaker('Sms', { state: 'disabled' }, { state: 'enabled' }), ['Sms'])
  assert.deepEqual(weaker('Sms', { state: 'enabled' }, { state: 'disabled' }), [])
  assert.deepEqual(weaker('TemporaryAccessPass', {}, { maximumLifetimeInMinutes: 500 }), ['TemporaryAccessPass'])
  assert.deepEqual(weaker('TemporaryAccessPass', {}, { maximumLifetimeInMinutes: 400 }), [])
  assert.deepEqual(weaker('TemporaryAccessPass', { defaultLength: 12 }, { defaultLength: 8 }), ['TemporaryAccessPass'])
  assert.deepEqual(weaker('TemporaryAccessPass', { isUsableOnce: true }, { isUsableOnce: false }), ['TemporaryAccessPass'])
  assert.deepEqual(weaker('TemporaryAccessPass', { state: 'disabled', isUsableOnce: true }, { state: 'disabled', isUsableOnce: false }), [], 'of what is off nothing is weaker')
  assert.deepEqual(weaker('Voice', { state: 'enabled' }, { state: 'enabled', isOfficePhoneAllowed: true }), ['Voice'])
  assert.deepEqual(weaker('Sms', { state: 'enabled', includeTargets: [] }, { state: 'enabled' }), [])
})
