// Policies other than the one of resets (graph §7, sspr §2.8 to §2.10, T-45).
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addGroup, addPerson, changePolicy, roleIds } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

let t: TestApp
let gus: SignedIn
let eve: SignedIn
before(async () => {
  t = await makeApp()
  gus = await signedIn(t, await addPerson(t.app, t.tenantId, {
    name: 'gus', password: null, mail: 'gus@contoso.example', roles: [roleIds.globalAdministrator],
  }))
  eve = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'eve', password: null }))
})
after(() => t.close())

const methods = '/v1.0/policies/authenticationMethodsPolicy'
const one = (id: string) => `${methods}/authenticationMethodConfigurations/${id}`
const problem = (reply: { statusCode: number; json(): { error: { details?: { target: string }[] } } }) => [reply.statusCode, reply.json().error.details?.[0]?.target]

test('the methods policy is read whole, its configurations inline and one by one, whatever the letters of the id (graph §7.1)', async () => {
  const policy = (await gus.get(methods)).json()
  assert.equal(policy.policyMigrationState, 'migrationInProgress')
  assert.equal(policy.registrationEnforcement.authenticationMethodsRegistrationCampaign.state, 'default')
  const ids = policy.authenticationMethodConfigurations.map((each: { id: string }) => each.id)
  assert.deepEqual(ids.toSorted(), ['Email', 'Fido2', 'HardwareOath', 'MicrosoftAuthenticator', 'QRCodePin', 'Sms', 'SoftwareOath', 'TemporaryAccessPass', 'Voice', 'X509Certificate'])
  assert.equal((await gus.get(one('temporaryaccesspass'))).json().defaultLength, 8)
  assert.equal((await gus.get(`${methods}/authenticationMethodConfigurations`)).json().value.length, 10)
  assert.equal((await gus.get(one('Carrier'))).statusCode, 404)
  assert.equal((await eve.get(methods)).statusCode, 403)
})

test('a method is switched on for groups that exist; its type has to be said, and has only its own properties', async () => {
  const group = await addGroup(t.app, t.tenantId, 'pilots')
  const sms = { '@odata.type': '#microsoft.graph.smsAuthenticationMethodConfiguration' }
  assert.equal((await gus.patch(one('sms'), { ...sms, state: 'enabled', includeTargets: [{ id: group, targetType: 'group', isUsableForSignIn: false }] })).statusCode, 204)
  const now = (await gus.get(one('Sms'))).json()
  assert.deepEqual([now.state, now.includeTargets[0]], ['enabled', { id: group, targetType: 'group', isRegistrationRequired: false, isUsableForSignIn: false }])
  assert.deepEqual(problem(await gus.patch(one('Sms'), { ...sms, includeTargets: [{ id: '00000000-0000-4000-8000-000000000001', targetType: 'group' }] })), [400, 'includeTargets'])
  assert.deepEqual(problem(await gus.patch(one('Sms'), { ...sms, includeTargets: [{ id: 'all_users', targetType: 'group', isUsableForSignIn: true }] })), [400, 'isUsableForSignIn'])
  assert.deepEqual(problem(await gus.patch(one('Sms'), { ...sms, defaultLength: 8 })), [400, 'defaultLength'])
  assert.deepEqual(problem(await gus.patch(one('Voice'), { ...sms, state: 'enabled' })), [400, '@odata.type'])
  assert.deepEqual(problem(await gus.patch(one('Sms'), { state: 'enabled' })), [400, '@odata.type'])
  assert.equal((await eve.patch(one('Sms'), { ...sms, state: 'disabled' })).statusCode, 403)
  assert.equal((await gus.delete(one('Sms'))).statusCode, 204)
  assert.equal((await gus.get(one('Sms'))).json().state, 'disabled')
})

test('T-45: one more way in is in the audit from old to new and told to every Global Administrator; one less is only in the audit', async () => {
  const told = () => t.mail.filter(mail => mail.to === 'gus@contoso.example' && mail.text.includes('authenticationMethodsPolicy')).length
  const email = { '@odata.type': '#microsoft.graph.emailAuthenticationMethodConfiguration' }
  await t.work()
  const before = told()
  await gus.patch(one('Email'), { ...email, state: 'enabled' })
  await t.work()
  assert.equal(told(), before + 1)
  await gus.patch(one('Email'), { ...email, state: 'disabled' })
  await t.work()
  assert.equal(told(), before + 1)
  const rows = (await gus.get("/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Authentication Methods Policy Update'&$top=2")).json().value
  assert.deepEqual(rows.map((row: { targetResources: { modifiedProperties: { displayName: string }[] }[] }) => row.targetResources[0]!.modifiedProperties.map(each => each.displayName)), [['Email'], ['Email']])
  assert.equal(JSON.parse(rows[1].targetResources[0].modifiedProperties[0].newValue).state, 'enabled')
  const late = await signedIn(t, gus.person, { minutesAgo: 11 })
  assert.equal((await late.patch(one('Email'), { ...email, state: 'enabled' })).statusCode, 401, 'not without a fresh proof')
})

test('a pass stays within ten minutes and thirty days, and its usual life within its bounds', async () => {
  const pass = (change: object) => gus.patch(one('TemporaryAccessPass'), { '@odata.type': 'microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration', ...change })
  assert.deepEqual(problem(await pass({ minimumLifetimeInMinutes: 5 })), [400, 'minimumLifetimeInMinutes'])
  assert.deepEqual(problem(await pass({ maximumLifetimeInMinutes: 43_201 })), [400, 'maximumLifetimeInMinutes'])
  assert.deepEqual(problem(await pass({ defaultLifetimeInMinutes: 500 })), [400, 'defaultLifetimeInMinutes'])
  assert.deepEqual(problem(await pass({ defaultLength: 7 })), [400, 'defaultLength'])
  assert.equal((await pass({ minimumLifetimeInMinutes: 10, maximumLifetimeInMinutes: 600, defaultLifetimeInMinutes: 500, isUsableOnce: true })).statusCode, 204)
  const made = await gus.post(`/v1.0/users/${eve.person.id}/authentication/temporaryAccessPassMethods`, {})
  assert.deepEqual([made.json().lifetimeInMinutes, made.json().isUsableOnce], [500, true])
})

test('the migration goes forward only, and not to where nobody could reset', async () => {
  assert.deepEqual(problem(await gus.patch(methods, { policyMigrationState: 'preMigration' })), [400, 'policyMigrationState'])
  await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { enablementType: 2, numberOfAuthenticationMethodsRequired: 2 })
  assert.equal((await gus.patch(methods, { policyMigrationState: 'migrationComplete' })).statusCode, 400, 'one method is on, two are asked for')
  await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { numberOfAuthenticationMethodsRequired: 1 })
  assert.equal((await gus.patch(methods, { policyMigrationState: 'migrationComplete' })).statusCode, 204)
  assert.equal((await gus.patch(methods, { policyMigrationState: 'migrationInProgress' })).statusCode, 204)
  assert.equal((await gus.patch(methods, { registrationEnforcement: { authenticationMethodsRegistrationCampaign: { snoozeDurationInDays: 3, state: 'enabled' } } })).statusCode, 204)
  const campaign = (await gus.get(methods)).json().registrationEnforcement.authenticationMethodsRegistrationCampaign
  assert.deepEqual([campaign.snoozeDurationInDays, campaign.state, campaign.includeTargets[0].id], [3, 'enabled', 'all_users'])
  assert.equal((await gus.patch(methods, { registrationEnforcement: { authenticationMethodsRegistrationCampaign: { snoozeDurationInDays: 30 } } })).statusCode, 400)
  assert.deepEqual(problem(await gus.patch(methods, { policyVersion: '2' })), [400, 'policyVersion'])
})

test('allowedToUseSSPR is one object under /v1.0 and a collection under /beta; what nothing acts on is 501, never a 204 that lies (graph §7.2)', async () => {
  const path = '/v1.0/policies/authorizationPolicy'
  assert.equal((await gus.get(path)).json().allowedToUseSSPR, true)
  assert.equal((await gus.patch(path, { allowedToUseSSPR: false })).statusCode, 204)
  assert.equal((await gus.get('/beta/policies/authorizationPolicy')).json().value[0].allowedToUseSSPR, false)
  assert.equal((await gus.patch('/beta/policies/authorizationPolicy/authorizationPolicy', { allowedToUseSSPR: true })).statusCode, 204)
  assert.equal((await gus.patch(`${path}/authorizationPolicy`, { defaultUserRolePermissions: { allowedToCreateApps: false } })).statusCode, 204)
  assert.equal((await gus.get(path)).json().defaultUserRolePermissions.allowedToCreateApps, false)
  assert.deepEqual(problem(await gus.patch(path, { allowInvitesFrom: 'everyone' })), [501, 'allowInvitesFrom'])
  assert.equal((await gus.patch(path, { allowInvitesFrom: 'none' })).statusCode, 204, 'what it is already')
  assert.deepEqual(problem(await gus.patch(path, { allowedToUseSSPR: 'yes' })), [400, 'allowedToUseSSPR'])
  assert.equal((await eve.patch(path, { allowedToUseSSPR: false })).statusCode, 403)
})

test('the security defaults are off, and saying so is all that can be said', async () => {
  const path = '/v1.0/policies/identitySecurityDefaultsEnforcementPolicy'
  assert.equal((await gus.get(path)).json().isEnabled, false)
  assert.equal((await gus.patch(path, { isEnabled: false })).statusCode, 204)
  assert.equal((await gus.patch(path, { isEnabled: true })).statusCode, 501)
  assert.equal((await eve.patch(path, { isEnabled: false })).statusCode, 403)
})

test('the custom banned list and the lock-out are set, refused out of range by name, and act at the next password (sspr §2.10)', async () => {
  const path = '/beta/policies/passwordProtection'
  assert.equal((await gus.get(path)).json().lockoutThreshold, 10)
  assert.deepEqual(problem(await gus.patch(path, { lockoutThreshold: 51 })), [400, 'lockoutThreshold'])
  assert.deepEqual(problem(await gus.patch(path, { lockoutDurationInSeconds: 4 })), [400, 'lockoutDurationInSeconds'])
  assert.deepEqual(problem(await gus.patch(path, { bannedPasswordList: ['abc'] })), [400, 'bannedPasswordList'])
  assert.equal((await gus.patch(path, { enableBannedPasswordCheck: true, bannedPasswordList: ['kelpforest'], lockoutThreshold: 5 })).statusCode, 204)
  assert.equal((await gus.post('/v1.0/users/validatePassword', { password: 'KelpForest!1' })).json().isValid, false)
  const stale = await gus.browser.request({
    method: 'PATCH', url: path, payload: JSON.stringify({ lockoutThreshold: 6 }), headers: { 'content-type': 'application/json', 'x-latchkey': '1', origin: 'https://reset.contoso.example', 'if-match': 'W/"7"' },
  })
  assert.equal(stale.statusCode, 412)
  assert.equal((await eve.get(path)).statusCode, 403)
})

test('the on-premises switches and the look of the pages have their doors; what nobody may say cannot be sent', async () => {
  const integration = '/beta/policies/onPremisesIntegration'
  assert.equal((await gus.patch(integration, { passwordWritebackEnabled: true })).statusCode, 204)
  assert.deepEqual([(await gus.get(integration)).json().passwordWritebackEnabled, (await gus.get(integration)).json().onboarded], [true, false])
  assert.deepEqual(problem(await gus.patch(integration, { onboarded: true })), [400, 'onboarded'])

  const branding = '/beta/policies/branding'
  assert.deepEqual(problem(await gus.patch(branding, { accentColor: 'red' })), [400, 'accentColor'])
  assert.deepEqual(problem(await gus.patch(branding, { textByLocale: { sv: 'Hej' } })), [400, 'textByLocale.sv'])
  assert.equal((await gus.patch(branding, { accentColor: '#123abc', textByLocale: { en: 'Call 1234 <b>now</b>' } })).statusCode, 204)
  const look = (await gus.get(branding)).json()
  assert.deepEqual([look.accentColor, look.textByLocale], ['#123abc', { en: 'Call 1234 <b>now</b>' }])
  assert.ok((await gus.browser.get('/security-info')).payload.includes('accent-123abc.css'))
})
