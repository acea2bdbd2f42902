import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appPasswordGate, mayCreateAppPassword } from '../../src/rules/app-password-rules.ts'
import { mayRegister, registrableKinds, registrationOffers, resetReadiness } from '../../src/rules/registration.ts'
import type { RegistrableKind } from '../../src/rules/registration.ts'
import { roles } from '../../src/rules/roles.ts'
import { enablement } from '../../src/rules/tenant-settings.ts'
import type { MethodConfiguration } from '../../src/rules/tenant-settings.ts'
import { known, method, person, role, tenant } from './build-facts.ts'

const on = (id: MethodConfiguration['id'], more: Partial<MethodConfiguration> = {}): MethodConfiguration =>
  ({ id, state: 'enabled', includeTargets: [{ id: 'all_users', targetType: 'group' }], excludeTargets: [], ...more })
const open = tenant({
  passwordResetPolicy: { officePhoneOptionEnabled: true, securityQuestionsOptionEnabled: true },
  authenticationMethodsPolicy: { policyMigrationState: 'migrationInProgress', authenticationMethodConfigurations: [on('MicrosoftAuthenticator', { isSoftwareOathEnabled: true }), on('SoftwareOath'), on('Voice')] },
})
const code = (kind: RegistrableKind, facts: Parameters<typeof mayRegister>[1]) => {
  const verdict = mayRegister(kind, facts)
  return verdict.allowed ? 'allowed' : verdict.reasons[0]!.code
}

test('everything the policies allow is offered, the most secure first; an alternate phone only after a mobile', () => {
  const offers = registrationOffers(known({ tenant: open, subject: person({ methods: [] }) }))
  assert.deepEqual(offers.map(offer => offer.kind), registrableKinds)
  assert.deepEqual(offers.filter(offer => !offer.verdict.allowed).map(offer => offer.kind), ['alternateMobile'])
  assert.equal(code('alternateMobile', known({ tenant: open, subject: person({ methods: [] }) })), 'LK_METHOD_NEEDS_MOBILE')
  assert.equal(code('alternateMobile', known({ tenant: open, subject: person({ methods: [method('mobile')] }) })), 'allowed')
})

test('sspr §4.1 the largest numbers: five of each app, one of each phone, one address, one set of answers', () => {
  const five = (kind: 'oath' | 'appCode') => Array.from({ length: 5 }, (_, i) => method(kind, { id: `${i}`, destinationKey: `${i}` }))
  const full: [RegistrableKind, ReturnType<typeof method>[]][] = [
    ['softwareOath', five('oath')], ['microsoftAuthenticator', five('appCode')], ['mobile', [method('mobile')]], ['office', [method('office')]],
    ['email', [method('email')]], ['alternateMobile', [method('mobile'), method('alternateMobile')]], ['securityQuestions', [method('securityQuestions')]],
  ]
  for (const [kind, methods] of full) assert.equal(code(kind, known({ tenant: open, subject: person({ methods }) })), 'LK_METHOD_MAX_REACHED', kind)
  assert.equal(code('softwareOath', known({ tenant: open, subject: person({ methods: five('oath').slice(1) }) })), 'allowed')
})

test('an app that notifies and shows codes is one registration', () => {
  const both = Array.from({ length: 4 }, (_, i) => [method('appCode', { id: `${i}`, destinationKey: `${i}` }), method('appNotification', { id: `${i}`, destinationKey: `${i}` })]).flat()
  assert.equal(code('microsoftAuthenticator', known({ tenant: open, subject: person({ methods: both }) })), 'allowed')
})

test('data in the directory is no registration', () => {
  assert.equal(code('email', known()), 'allowed')
})

test('D-12 out of scope with nothing for sign-in either, the page says that the administrator has not enabled it', () => {
  const nothing = tenant({ passwordResetPolicy: { enablementType: enablement.none }, authenticationMethodsPolicy: { policyMigrationState: 'migrationInProgress', authenticationMethodConfigurations: [] } })
  assert.equal(code('email', known({ tenant: nothing })), 'LK_REGISTRATION_OFF')
  const signInOnly = { ...open, passwordResetPolicy: { ...open.passwordResetPolicy, enablementType: enablement.none } }
  assert.equal(code('email', known({ tenant: signInOnly })), 'LK_METHOD_DISABLED')
  assert.equal(code('softwareOath', known({ tenant: signInOnly })), 'allowed')
})

test('an administrator registers under the administrators\' policy, and never security questions', () => {
  const gus = person({ roles: [role(roles.globalAdministrator)], methods: [] })
  const off = tenant({ passwordResetPolicy: { enablementType: enablement.none } })
  assert.equal(code('email', known({ tenant: off, subject: gus })), 'allowed')
  assert.equal(code('securityQuestions', known({ tenant: open, subject: gus })), 'LK_METHOD_ADMIN_ONLY')
})

test('without a provider a method is said to be unavailable', () => {
  assert.equal(code('mobile', known({ providers: { mail: true, sms: false, voice: false, push: false } })), 'LK_METHOD_UNAVAILABLE')
})

test('enabled, registered and capable are three things', () => {
  const three = (facts: Parameters<typeof resetReadiness>[0]) => {
    const { isSsprEnabled, isSsprRegistered, isSsprCapable } = resetReadiness(facts)
    return [isSsprEnabled, isSsprRegistered, isSsprCapable]
  }
  assert.deepEqual(three(known()), [true, true, true])
  assert.deepEqual(three(known({ tenant: tenant({ passwordResetPolicy: { enablementType: enablement.none } }) })), [false, true, false])
  assert.deepEqual(three(known({ subject: person({ methods: [] }) })), [true, false, false])
  assert.deepEqual(three(known({ subject: person({ methods: [method('office')] }) })), [true, true, false], 'registered, though no policy allows it now')
})

test('A-24 app passwords: off hides them, the 41st is refused, names differ without regard to case', () => {
  const allowed = { tenant: tenant({ settings: { allowAppPasswords: true } }), subject: person({ perUserMfaState: 'enforced' }) }
  const result = (facts: Parameters<typeof appPasswordGate>[0], names: string[], name: string) => {
    const verdict = mayCreateAppPassword(facts, names, name)
    return verdict.allowed ? 'allowed' : verdict.reasons[0]!.code
  }
  assert.equal(result(allowed, [], 'Mail'), 'allowed')
  assert.equal(result({ ...allowed, tenant: tenant() }, [], 'Mail'), 'LK_APP_PASSWORD_OFF')
  assert.equal(result({ ...allowed, subject: person() }, [], 'Mail'), 'LK_APP_PASSWORD_NO_MFA')
  const forty = Array.from({ length: 40 }, (_, i) => `app ${i}`)
  assert.equal(result(allowed, forty, 'Mail'), 'LK_APP_PASSWORD_MAX')
  assert.equal(result(allowed, forty.slice(1), 'Mail'), 'allowed')
  assert.equal(result(allowed, ['mail '], ' MAIL'), 'LK_APP_PASSWORD_NAME_TAKEN')
  assert.equal(result(allowed, [], '  '), 'LK_APP_PASSWORD_NAME')
  assert.equal(result(allowed, [], 'x'.repeat(65)), 'LK_APP_PASSWORD_NAME')
})
