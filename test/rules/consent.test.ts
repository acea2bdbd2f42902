import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { consentRights, mayConsentForSelf, usersMayConsent } from '../../src/rules/consent.ts'
import { roles } from '../../src/rules/roles.ts'

const holding = (roleTemplateId: string, more: object = {}) => consentRights([{ roleTemplateId, directoryScopeId: '/', eligible: false, ...more }])
const none = consentRights([])
const harmless = [{ value: 'User.Read', type: 'User' }]
const grave = [...harmless, { value: 'Directory.Read.All', type: 'Admin' }]

describe('consent', () => {
  test('a person agrees to what is harmless, where the organisation lets its people', () => {
    assert.equal(mayConsentForSelf(harmless, { userConsent: true, rights: none }), true)
    assert.equal(mayConsentForSelf(harmless, { userConsent: false, rights: none }), false)
  })

  test('one permission that needs an administrator makes the whole need one', () => {
    assert.equal(mayConsentForSelf(grave, { userConsent: true, rights: none }), false)
    assert.equal(mayConsentForSelf([{ value: 'x', type: null }], { userConsent: true, rights: none }), false)
    assert.equal(mayConsentForSelf(grave, { userConsent: false, rights: holding(roles.cloudApplicationAdministrator) }), true)
  })

  test('what Graph lets a program do by itself is given by those who give roles (T-42)', () => {
    assert.deepEqual(holding(roles.applicationAdministrator), { forEverybody: true, appRoles: true, graphAppRoles: false })
    assert.deepEqual(holding(roles.privilegedRoleAdministrator), { forEverybody: true, appRoles: true, graphAppRoles: true })
    assert.deepEqual(holding(roles.userAdministrator), { forEverybody: false, appRoles: false, graphAppRoles: false })
  })

  test('a role that is only eligible, or of a part of the organisation, gives no right', () => {
    assert.equal(holding(roles.globalAdministrator, { eligible: true }).forEverybody, false)
    assert.equal(holding(roles.globalAdministrator, { directoryScopeId: '/administrativeUnits/x' }).forEverybody, false)
  })

  test('is people’s own matter until the organisation says otherwise', () => {
    const policy = (permissionGrantPoliciesAssigned?: string[]) => ({
      allowedToUseSSPR: true, ...(permissionGrantPoliciesAssigned === undefined ? {} : { defaultUserRolePermissions: { permissionGrantPoliciesAssigned } }),
    })
    assert.equal(usersMayConsent(policy()), true)
    assert.equal(usersMayConsent(policy(['ManagePermissionGrantsForSelf.microsoft-user-default-legacy'])), true)
    assert.equal(usersMayConsent(policy([])), false)
    assert.equal(usersMayConsent(policy(['ManagePermissionGrantsForOwnedResource.x'])), false)
  })
})
