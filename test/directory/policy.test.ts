import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, roleIds } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

let t: TestApp
let gus: SignedIn
const path = '/beta/policies/passwordResetPolicy'

before(async () => {
  t = await makeApp()
  gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, mail: 'gus@contoso.example', roles: [roleIds.globalAdministrator] }))
  await addPerson(t.app, t.tenantId, { name: 'gina', password: null, mail: 'gina@contoso.example', roles: [roleIds.globalAdministrator] })
  await addPerson(t.app, t.tenantId, { name: 'ann', password: null, email: 'ann@home.example' })
  await addPerson(t.app, t.tenantId, { name: 'bob', password: null, email: 'bob@home.example', mobile: '+45 33123456' })
})
after(() => t.close())

test('the policy is read and changed under its wire names, with a version; the rest stays as it is', async () => {
  const before = (await gus.get(path)).json()
  assert.equal(before.enablementType, 0)
  assert.equal(before.version, 0)
  const saved = await gus.patch(path, { enablementType: 2 })
  assert.equal(saved.statusCode, 200, saved.payload)
  assert.equal(saved.json().version, 1)
  assert.equal(saved.json().emailOptionEnabled, true)
  const stale = await gus.browser.request({
    method: 'PATCH', url: path, payload: '{"enablementType":2}',
    headers: { 'content-type': 'application/json', 'x-latchkey': '1', origin: 'https://reset.contoso.example', 'if-match': 'W/"0"' },
  })
  assert.equal(stale.statusCode, 412)
})

test('A-04: raising one method to two names those who would be left without, and wants to be confirmed', async () => {
  const impact = await gus.post('/api/policies/passwordResetPolicy/impact', { numberOfAuthenticationMethodsRequired: 2 })
  assert.equal(impact.statusCode, 200, impact.payload)
  assert.deepEqual(impact.json().people.map((one: { userPrincipalName: string }) => one.userPrincipalName), ['ann@contoso.example'])
  const refused = await gus.patch(path, { numberOfAuthenticationMethodsRequired: 2 })
  assert.equal(refused.statusCode, 400)
  assert.equal(refused.json().error.innerError.code, 'policy.impact')
  assert.equal((await gus.get(path)).json().numberOfAuthenticationMethodsRequired, 1)
  assert.equal((await gus.patch(`${path}?impactConfirmed=true`, { numberOfAuthenticationMethodsRequired: 2 })).statusCode, 200)
})

test('T-45: weakening the policy is in the audit from old to new and told to every Global Administrator', async () => {
  await t.work()
  const before = t.mail.length
  assert.equal((await gus.patch(path, { numberOfAuthenticationMethodsRequired: 1 })).statusCode, 200)
  await t.work()
  assert.deepEqual(t.mail.slice(before).map(one => one.to).toSorted(), ['gina@contoso.example', 'gus@contoso.example'])
  const [row] = (await gus.get("/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Self-service password reset policy changes'&$top=1")).json().value
  assert.deepEqual(row.targetResources[0].modifiedProperties, [{ displayName: 'numberOfAuthenticationMethodsRequired', oldValue: '2', newValue: '1' }])
  assert.deepEqual(row.additionalDetails, [{ key: 'weakened', value: 'numberOfAuthenticationMethodsRequired' }, { key: 'roles', value: 'Global Administrator' }])
  const after = t.mail.length
  await gus.patch(path, { emailOptionEnabled: true })
  await t.work()
  assert.equal(t.mail.length, after, 'what weakens nothing is told to nobody')
})

/** The app's code and these, nothing else. */
const appAnd = (...others: string[]) => ({
  mobileAppCodeEnabled: true, ...Object.fromEntries(['emailOptionEnabled', 'mobilePhoneOptionEnabled'].map(name => [name, others.includes(name)])),
})

test('A-05 and the other rules: what cannot work is not saved, and the answer names it', async () => {
  const codes: [object, string][] = [
    [{ enablementType: 1, passwordResetEnabledGroupIds: [] }, 'policy.group.missing'],
    [{ mobileAppCodeEnabled: true, emailOptionEnabled: false, mobilePhoneOptionEnabled: false }, 'policy.methods.app_needs_company'],
    [{ ...appAnd('emailOptionEnabled'), numberOfAuthenticationMethodsRequired: 2 }, 'policy.methods.app_needs_company'],
    [{ registrationReconfirmIntevalInDays: 731 }, 'policy.reconfirm.range'],
    [{ numberOfAuthenticationMethodsRequired: 3 }, 'policy.methods.number'],
    [{ customizeHelpdeskLink: true, customHelpdeskEmailOrUrl: 'javascript:alert(1)' }, 'policy.helpdesk.invalid'],
    [{ securityQuestionsOptionEnabled: true }, 'policy.questions.too_few'],
  ]
  for (const [change, code] of codes) {
    const reply = await gus.patch(`${path}?impactConfirmed=true`, change)
    assert.equal(reply.statusCode, 400, JSON.stringify(change))
    assert.equal(reply.json().error.innerError.code, code, reply.payload)
  }
  const threeForTwo = { ...appAnd('emailOptionEnabled', 'mobilePhoneOptionEnabled'), numberOfAuthenticationMethodsRequired: 2 }
  assert.equal((await gus.patch(`${path}?impactConfirmed=true`, threeForTwo)).statusCode, 200, 'app, e-mail and phone may be saved')
  assert.equal((await gus.patch(path, { numberOfAuthenticationMethodsRequired: 1, mobileAppCodeEnabled: false })).statusCode, 200)
  assert.equal((await gus.patch(path, { emailOptionAllowed: true })).json().error.innerError.code, 'LK_FIELD_UNKNOWN')
  assert.equal((await gus.patch(path, { enablementType: '2' })).statusCode, 400, 'no value is turned into another type')
})

test('C-20: only Global and Authentication Policy Administrators change it; others do not even read it', async () => {
  const hal = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'hal', password: null, roles: [roleIds.helpdeskAdministrator] }))
  assert.equal((await hal.get(path)).statusCode, 403)
  assert.equal((await hal.patch(path, { enablementType: 0 })).statusCode, 403)
  const apa = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'apa', password: null, roles: [roleIds.authenticationPolicyAdministrator] }))
  assert.equal((await apa.patch(path, { notifyOnAdminPasswordReset: true })).statusCode, 200)
})

test('the registration report says what the reset would say, and its summaries add up (sspr §11.5)', async () => {
  const details = (await gus.get('/v1.0/reports/authenticationMethods/userRegistrationDetails')).json().value
  const of = (name: string) => details.find((one: { userPrincipalName: string }) => one.userPrincipalName === `${name}@contoso.example`)
  assert.equal(of('ann').isSsprCapable, true)
  assert.deepEqual(of('bob').methodsRegistered, ['email', 'mobilePhone'])
  assert.equal(of('gus').isAdmin, true)
  assert.equal(of('gus').isSsprCapable, false)
  const filtered = (await gus.get("/v1.0/reports/authenticationMethods/userRegistrationDetails?$filter=isSsprCapable eq true and methodsRegistered/any(m:m eq 'mobilePhone')")).json().value
  assert.deepEqual(filtered.map((one: { userPrincipalName: string }) => one.userPrincipalName), ['bob@contoso.example'])
  const features = (await gus.get("/v1.0/reports/authenticationMethods/usersRegisteredByFeature(includedUserTypes='all',includedUserRoles='all')")).json()
  assert.equal(features.totalUserCount, details.length)
  const capable = features.userRegistrationFeatureCounts.find((one: { feature: string }) => one.feature === 'ssprCapable').userCount
  assert.equal(capable, details.filter((one: { isSsprCapable: boolean }) => one.isSsprCapable).length)
  const methods = (await gus.get('/v1.0/reports/authenticationMethods/usersRegisteredByMethod')).json()
  assert.equal(methods.userRegistrationMethodCounts.find((one: { authenticationMethod: string }) => one.authenticationMethod === 'email').userCount, 2)
  assert.equal((await gus.get('/v1.0/reports/authenticationMethods/usersRegisteredByMoon')).statusCode, 404)
  const ann = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'zoe', password: null }))
  assert.equal((await ann.get('/v1.0/reports/authenticationMethods/userRegistrationDetails')).statusCode, 403)
  assert.equal((await gus.get('/api/reports/events?period=D30')).statusCode, 200)
  assert.equal((await gus.get('/api/reports/usage')).statusCode, 200)
})

test('validatePassword names the rules that fail, under both versions, and counts', async () => {
  for (const version of ['v1.0', 'beta']) {
    const weak = (await gus.post(`/${version}/users/validatePassword`, { password: 'abc' })).json()
    assert.equal(weak.isValid, false)
    assert.ok(weak.validationResults.some((one: { ruleName: string }) => one.ruleName === 'password_too_short'))
    assert.deepEqual((await gus.post(`/${version}/users/validatePassword`, { password: 'Wander-9-kelp!' })).json().validationResults, [{ ruleName: 'AllChecks', validationPassed: true, message: '' }])
  }
  let last = 200
  for (let n = 0; n < 62 && last === 200; n++) last = (await gus.post('/v1.0/users/validatePassword', { password: 'abc' })).statusCode
  assert.equal(last, 429)
})
