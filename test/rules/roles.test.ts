import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administratorOptions, isAdministrator } from '../../src/rules/admin-policy.ts'
import { passwordAuthority } from '../../src/rules/authority.ts'
import { roleTemplates, roles } from '../../src/rules/roles.ts'
import { inScope } from '../../src/rules/scope.ts'
import { domain, person, role, sku, synced, tenant } from './build-facts.ts'

const twoGate = (name: string) => [...roleTemplates.values()].find(template => template.displayName === name)?.twoGate

test('sspr §6.2 administrators fall under the two-gate policy, and readers and narrow roles do not', () => {
  const affected = ['Application', 'Attack Simulation', 'Attribute Assignment', 'Attribute Definition', 'Attribute Log', 'Authentication', 'Authentication Extensibility',
    'Authentication Policy', 'Azure DevOps', 'Azure Information Protection', 'B2C IEF Keyset', 'B2C IEF Policy', 'Billing', 'Cloud App Security', 'Cloud Device',
    'Compliance', 'Compliance Data', 'Conditional Access', 'Desktop Analytics', 'Domain Name', 'Dynamics 365', 'Dynamics 365 Business Central', 'Edge', 'Exchange',
    'Exchange Recipient', 'External ID User Flow', 'External ID User Flow Attribute', 'External Identity Provider', 'Global', 'Global Secure Access', 'Groups', 'Helpdesk',
    'Hybrid Identity', 'Identity Governance', 'Insights', 'Intune', 'Knowledge', 'License', 'Lifecycle Workflows', 'Microsoft Entra Joined Device Local',
    'Microsoft Hardware Warranty', 'Microsoft 365 Migration', 'Modern Commerce', 'Network', 'Office Apps', 'Organizational Branding', 'Password', 'Permissions Management',
    'Fabric', 'Power Platform', 'Printer', 'Privileged Authentication', 'Privileged Role', 'Search', 'Security', 'Service Support', 'SharePoint', 'Skype for Business', 'Teams',
    'Teams Communications', 'Teams Devices', 'User', 'Virtual Visits', 'Viva Goals', 'Viva Pulse', 'Windows 365', 'Windows Update Deployment', 'Yammer', 'Cloud Application',
  ].map(name => `${name} Administrator`).concat('Customer LockBox Access Approver', 'Directory Synchronization Accounts', 'Directory Writers', 'Partner Tier1 Support', 'Partner Tier2 Support')
  for (const name of affected) assert.equal(twoGate(name), true, name)
  for (const name of ['Directory Readers', 'Guest Inviter', 'Message Center Reader', 'Reports Reader', 'Global Reader', 'Security Reader', 'Security Operator', 'Usage Summary Reports Reader']) {
    assert.equal(twoGate(name), false, name)
  }
})

test('ids and names of built-in roles are unique, and every role that a rule names exists', () => {
  assert.equal(new Set([...roleTemplates.values()].map(template => template.displayName)).size, roleTemplates.size)
  for (const [name, id] of Object.entries(roles)) assert.ok(roleTemplates.has(id), name)
})

test('a role held through a group, only eligibly, or custom with a privileged permission makes an administrator', () => {
  assert.equal(isAdministrator(person()), false)
  assert.equal(isAdministrator(person({ roles: [role(roles.reportsReader)] })), false)
  assert.equal(isAdministrator(person({ roles: [role(roles.userAdministrator, { viaGroupId: 'g' })] })), true)
  assert.equal(isAdministrator(person({ roles: [role(roles.userAdministrator, { eligible: true })] })), true)
  assert.equal(isAdministrator(person({ roles: [role('custom')] })), false)
  assert.equal(isAdministrator(person({ roles: [role('custom', { privileged: true })] })), true)
})

test('sspr §6.1 administrators are not called in free and trial tenants, and never asked questions', () => {
  const calls = (at: ReturnType<typeof tenant>) => administratorOptions(at).filter(option => option.endsWith('Call')).length
  const organisation = { settings: { licensing: 'organisation' as const } }
  assert.equal(calls(tenant()), 2)
  assert.equal(calls(tenant(organisation)), 0)
  assert.equal(calls(tenant({ ...organisation, subscribedSkus: [sku('EMS', { isTrial: true })] })), 0)
  assert.equal(calls(tenant({ ...organisation, subscribedSkus: [sku('EMS')] })), 2)
  assert.ok(!administratorOptions(tenant()).includes('securityQuestions'))
})

test('sspr §2.3 the place where a password lives', () => {
  assert.equal(passwordAuthority(person()), 'cloud')
  assert.equal(passwordAuthority(synced({ domain: domain({ authenticationType: 'Federated', signInModel: 'phs' }) })), 'onPremFederated')
  assert.equal(passwordAuthority(synced({ domain: domain({ signInModel: 'pta' }) })), 'onPremPta')
  assert.equal(passwordAuthority(synced({ domain: domain({ signInModel: 'phs' }) })), 'onPremPhs')
  assert.equal(passwordAuthority(synced({ domain: domain({ signInModel: null }) })), 'onPremOnly')
  assert.equal(passwordAuthority(person({ userType: 'guest', externalKind: 'partnerTenant' })), 'external')
  assert.equal(passwordAuthority(person({ userType: 'guest', externalKind: 'b2bInvited' })), 'cloud')
})

test('scope: None is nobody, Selected the members, All everybody', () => {
  const scope = (enablementType: 0 | 1 | 2, ...memberOf: string[]) =>
    inScope(tenant({ passwordResetPolicy: { enablementType, passwordResetEnabledGroupIds: ['pilot'] } }), person({ memberOf }))
  assert.deepEqual([scope(0, 'pilot'), scope(1), scope(1, 'pilot'), scope(2)], [false, false, true, true])
})
