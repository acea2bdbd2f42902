// Whatever is sent: data, or a 4xx that names the fault, never a 500 (T-44, T-64). The schema watches every answer (make-app.ts).
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { roles } from '../../src/rules/roles.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addGroup, addPerson, roleIds } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

let t: TestApp
let gus: SignedIn
const ids = { bob: '', group: '' }
before(async () => {
  t = await makeApp()
  gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
  ids.bob = (await addPerson(t.app, t.tenantId, { name: 'bob', password: null, mobile: '+45 33123456', email: 'bob@home.example' })).id
  ids.group = await addGroup(t.app, t.tenantId, 'crew')
})
after(() => t.close())

const policy = '/v1.0/policies/authenticationMethodsPolicy'
const doors: readonly [method: 'POST' | 'PATCH', path: () => string, names: readonly string[]][] = [
  ['POST', () => '/v1.0/roleManagement/directory/roleAssignments', ['principalId', 'roleDefinitionId', 'directoryScopeId']],
  ['POST', () => '/v1.0/roleManagement/directory/roleDefinitions', ['displayName', 'description', 'isEnabled', 'rolePermissions', 'templateId', 'resourceScopes']],
  ['POST', () => '/v1.0/directoryRoles', ['roleTemplateId']],
  ['POST', () => `/v1.0/directoryRoles/${roles.globalAdministrator}/members/$ref`, ['@odata.id']],
  ['PATCH', () => policy, ['policyMigrationState', 'registrationEnforcement', 'authenticationMethodConfigurations']],
  ['PATCH', () => `${policy}/authenticationMethodConfigurations/Sms`, ['@odata.type', 'state', 'includeTargets', 'excludeTargets', 'isUsableOnce']],
  ['PATCH', () => `${policy}/authenticationMethodConfigurations/TemporaryAccessPass`, ['@odata.type', 'state', 'defaultLength', 'minimumLifetimeInMinutes', 'isUsableOnce']],
  ['PATCH', () => '/v1.0/policies/authorizationPolicy', ['allowedToUseSSPR', 'defaultUserRolePermissions', 'guestUserRoleId']],
  ['PATCH', () => '/v1.0/policies/identitySecurityDefaultsEnforcementPolicy', ['isEnabled']],
  ['PATCH', () => '/beta/policies/passwordResetPolicy', ['enablementType', 'securityQuestions', 'customHelpdeskEmailOrUrl', 'numberOfAuthenticationMethodsRequired']],
  ['PATCH', () => '/beta/policies/passwordProtection', ['lockoutThreshold', 'bannedPasswordList', 'lockoutDurationInSeconds', 'bannedPasswordCheckOnPremisesMode']],
  ['PATCH', () => '/beta/policies/onPremisesIntegration', ['passwordWritebackEnabled', 'onboarded']],
  ['PATCH', () => '/beta/policies/branding', ['accentColor', 'textByLocale', 'logo']],
  ['PATCH', () => `/v1.0/organization/${t.tenantId}`, ['technicalNotificationMails', 'privacyProfile', 'securityComplianceNotificationPhones']],
  ['PATCH', () => '/v1.0/domains/contoso.example', ['isDefault', 'passwordValidityPeriodInDays', 'passwordNotificationWindowInDays']],
  ['POST', () => `/v1.0/users/${ids.bob}/assignLicense`, ['addLicenses', 'removeLicenses']],
  ['POST', () => `/v1.0/groups/${ids.group}/assignLicense`, ['addLicenses', 'removeLicenses']],
  ['POST', () => `/v1.0/users/${ids.bob}/authentication/phoneMethods`, ['phoneNumber', 'phoneType']],
  ['POST', () => `/v1.0/users/${ids.bob}/authentication/emailMethods`, ['emailAddress']],
  ['PATCH', () => `/v1.0/users/${ids.bob}/authentication/phoneMethods/3179e48a-750b-4051-897c-87b9720928f7`, ['phoneNumber', 'phoneType']],
  ['POST', () => `/v1.0/users/${ids.bob}/authentication/temporaryAccessPassMethods`, ['startDateTime', 'lifetimeInMinutes', 'isUsableOnce']],
]

const awkward = ['', ' ', 'null', '\u0000', '\u202e', "'; drop table users --", '../..', '%00', 'all_users', '/', 'x'.repeat(5000), '00000000-0000-0000-0000-000000000000']
const value: fc.Arbitrary<unknown> = fc.oneof(
  { depthSize: 'small', maxDepth: 3 }, fc.constantFrom(...awkward), fc.string({ unit: 'binary', maxLength: 40 }), fc.integer(), fc.double(), fc.boolean(), fc.constant(null),
  fc.array(fc.oneof(fc.constantFrom(...awkward), fc.integer(), fc.constant(null), fc.record({ id: fc.constantFrom(...awkward), targetType: fc.constant('group') })), { maxLength: 4 }),
  fc.object({ maxDepth: 2, maxKeys: 3 }),
)

for (const [method, path, names] of doors) {
  test(`${method} ${names.join(', ')}: anything at all`, async () => {
    const body = fc.oneof({ weight: 4, arbitrary: fc.dictionary(fc.constantFrom(...names), value, { maxKeys: names.length }) }, { weight: 1, arbitrary: value })
    await fc.assert(fc.asyncProperty(body, async sent => {
      const reply = await gus.browser.json(method, path(), sent)
      assert.ok(reply.statusCode < 500 || reply.statusCode === 501, `${reply.statusCode} ${JSON.stringify(sent)} ${reply.payload}`)
    }), { numRuns: 25 })
  })
}
