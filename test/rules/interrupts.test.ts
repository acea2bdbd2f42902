import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pendingInterrupts } from '../../src/rules/interrupts.ts'
import { roles } from '../../src/rules/roles.ts'
import { day, domain, known, method, now, person, role, sku, tenant } from './build-facts.ts'

const kinds = (facts: Parameters<typeof pendingInterrupts>[0]) => pendingInterrupts(facts).map(one => one.kind)
const bare = person({ methods: [] })

test('a person with enough methods goes straight through', () => {
  assert.deepEqual(kinds(known()), [])
})

test('a forced change comes before an expired password, and both before registration', () => {
  const old = { passwordChangedAt: now - 91 * day, domain: domain({ passwordValidityPeriodInDays: 90 }) }
  assert.deepEqual(kinds(known({ subject: person({ ...old, methods: [], forceChangePasswordNextSignIn: true }) })), ['mustChangePassword', 'registerSecurityInfo'])
  assert.deepEqual(kinds(known({ subject: person(old) })), ['passwordExpired'])
})

test('A-26 registration is asked for as long as methods are missing, and may be put off each time', () => {
  assert.deepEqual(pendingInterrupts(known({ subject: bare })), [{
    kind: 'registerSecurityInfo', skippable: true, required: 1, missing: 1, secondFactorNeeded: false, nothingToRegister: false,
  }])
})

test('a second factor demanded at sign-in cannot be put off', () => {
  const [interrupt] = pendingInterrupts(known({ subject: person({ perUserMfaState: 'enforced' }) }))
  assert.ok(interrupt?.kind === 'registerSecurityInfo' && !interrupt.skippable && interrupt.secondFactorNeeded)
})

test('nobody is asked when the setting is off, the scope leaves them out, or the licence is missing', () => {
  assert.deepEqual(kinds(known({ subject: bare, tenant: tenant({ passwordResetPolicy: { registrationRequiredOnSignIn: false } }) })), [])
  assert.deepEqual(kinds(known({ subject: bare, tenant: tenant({ passwordResetPolicy: { enablementType: 0 } }) })), [])
  assert.deepEqual(kinds(known({ subject: bare, tenant: tenant({ passwordResetPolicy: { enablementType: 1, passwordResetEnabledGroupIds: ['pilot'] } }) })), [])
  assert.deepEqual(kinds(known({ subject: bare, tenant: tenant({ settings: { licensing: 'organisation' } }) })), [])
  assert.deepEqual(kinds(known({ subject: bare, tenant: tenant({ settings: { licensing: 'organisation' }, subscribedSkus: [sku('STANDARDPACK')] }) })), ['registerSecurityInfo'])
})

test('A-26 confirmation is asked for after 180 days to the millisecond, never with 0, and never of people who registered nothing', () => {
  const confirmed = (at: number | null) => known({ subject: person({ lastConfirmedAt: at }) })
  assert.deepEqual(kinds(confirmed(now - 180 * day + 1)), [])
  assert.deepEqual(pendingInterrupts(confirmed(now - 180 * day)), [{ kind: 'reconfirmSecurityInfo', dueSince: now }])
  assert.deepEqual(kinds(confirmed(null)), [])
  assert.deepEqual(kinds({ ...confirmed(now - 999 * day), tenant: tenant({ passwordResetPolicy: { registrationReconfirmIntevalInDays: 0 } }) }), [])
})

test('missing methods come before confirmation', () => {
  assert.deepEqual(kinds(known({ subject: person({ methods: [], lastConfirmedAt: now - 999 * day }) })), ['registerSecurityInfo'])
})

test('only what is missing is asked for, and one more than a reset needs where the tenant wants it', () => {
  const wanting = tenant({ passwordResetPolicy: { numberOfAuthenticationMethodsRequired: 2 }, settings: { methodsRequiredToRegister: 3 } })
  const [interrupt] = pendingInterrupts(known({ tenant: wanting, subject: person({ methods: [method('email')] }) }))
  assert.ok(interrupt?.kind === 'registerSecurityInfo')
  assert.deepEqual([interrupt.required, interrupt.missing], [3, 2])
})

test('sspr §4.3 an administrator in scope whose reset is switched off is asked, told there is nothing, and let through', () => {
  const quiet = tenant({ authorizationPolicy: { allowedToUseSSPR: false }, authenticationMethodsPolicy: { policyMigrationState: 'migrationInProgress', authenticationMethodConfigurations: [] } })
  const [interrupt] = pendingInterrupts(known({ tenant: quiet, subject: person({ roles: [role(roles.helpdeskAdministrator)], methods: [] }) }))
  assert.ok(interrupt?.kind === 'registerSecurityInfo' && interrupt.nothingToRegister && interrupt.skippable)
})
