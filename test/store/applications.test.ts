import assert from 'node:assert/strict'
import { azureCliAppId, graphAppId } from '../../src/rules/first-party.ts'
import { graphPermissions } from '../../src/rules/graph-permissions.ts'
import { findAgent, insertAgent, listAgents, updateAgent } from '../../src/store/agents.ts'
import * as credentials from '../../src/store/application-credentials.ts'
import * as applications from '../../src/store/applications.ts'
import { appRoleValues, insertAppRoleAssignment, newAssignmentId } from '../../src/store/app-roles.ts'
import { clientVersion, findClient } from '../../src/store/clients.ts'
import { isUniqueViolation } from '../../src/store/errors.ts'
import { firstPartyId, seedFirstParty } from '../../src/store/first-party.ts'
import { addGrant, consentedScopes } from '../../src/store/grants.ts'
import { findResource } from '../../src/store/resources.ts'
import { insertServicePrincipal } from '../../src/store/service-principals.ts'
import { bothEngines } from '../support/store.ts'
import { addTenant, start } from './rows.ts'

const appId = (id: string) => `00000000-0000-4000-8000-${id.padStart(12, '0')}`
const application = (id: string, more: Partial<applications.NewApplication> = {}) => ({ tenantId: 't1', id, appId: appId(id), displayName: id, createdDateTime: start, ...more })
const principal = (id: string) => ({ tenantId: 't1', id: `sp-${id}`, appId: appId(id), displayName: id, createdDateTime: start })
const origins = ['https://one.example', 'http://two.example:8080']

bothEngines('an application is found by the id that programs know, once in the installation', async store => {
  await addTenant(store.db)
  await addTenant(store.db, 't2')
  await applications.insertApplication(store.db, application('a', { identifierUris: ['api://A'] }))
  const found = await applications.findApplicationByAppId(store.db, 't1', appId('a'))
  assert.deepEqual([found?.id, found?.identifierUris, found?.document.signInAudience], ['a', ['api://A'], 'AzureADMyOrg'])
  assert.equal(await applications.findApplicationByAppId(store.db, 't2', appId('a')), undefined)
  await assert.rejects(applications.insertApplication(store.db, application('b', { tenantId: 't2', appId: appId('a') })), isUniqueViolation)
})

bothEngines('an identifier belongs to one application of a tenant, whatever its spelling', async store => {
  await addTenant(store.db)
  await addTenant(store.db, 't2')
  await applications.insertApplication(store.db, application('a', { identifierUris: ['api://shop'] }))
  await applications.insertApplication(store.db, application('c', { tenantId: 't2', identifierUris: ['api://shop'] }))
  await assert.rejects(store.db.transaction().execute(trx => applications.insertApplication(trx, application('b', { identifierUris: ['API://Shop'] }))), isUniqueViolation)
})

bothEngines('a client is what application and service principal say together, and every change counts', async store => {
  await addTenant(store.db)
  await applications.insertApplication(store.db, application('a', { document: { web: { ...webOf('https://shop.example/back') } } }))
  assert.equal(await findClient(store.db, 't1', appId('a')), undefined) // nobody acts for it yet
  await insertServicePrincipal(store.db, principal('a'))
  const secret = { tenantId: 't1', kind: 'password', displayName: null, hint: 'abc', secretHash: 'h', startDateTime: start, endDateTime: start + 1, createdDateTime: start }
  await credentials.insertCredential(store.db, { ...secret, keyId: 'k1', ownerId: 'a', ownerType: 'application' })
  await credentials.insertCredential(store.db, { ...secret, keyId: 'k2', ownerId: 'sp-a', ownerType: 'servicePrincipal' })
  const client = (await findClient(store.db, 't1', appId('a').toUpperCase()))!
  assert.deepEqual(client.passwords.map(one => [one.keyId, one.owner]), [['k1', 'application'], ['k2', 'servicePrincipal']])
  assert.deepEqual([client.applicationId, client.servicePrincipalId, client.disabled, client.webRedirectUris], ['a', 'sp-a', false, ['https://shop.example/back']])
  assert.equal(await clientVersion(store.db, 't1', appId('a')), client.version)
  const heard = store.wake.waitFor('clients', 5000)
  await store.db.transaction().execute(async trx => {
    await applications.updateApplication(trx, 't1', 'a', { isDisabled: true })
    await applications.noteClientChange(store, trx, 't1', appId('a'))
  })
  assert.equal(await heard, appId('a'))
  assert.ok((await clientVersion(store.db, 't1', appId('a')))! > client.version)
  assert.equal((await findClient(store.db, 't1', appId('a')))!.disabled, true)
})

bothEngines('a resource goes by its appId and its identifiers, a slash at the end not counting', async store => {
  await addTenant(store.db)
  await seedFirstParty(store.db, 't1', start)
  await seedFirstParty(store.db, 't1', start) // twice is no harm
  const role = { id: 'r', value: 'Orders.Read', displayName: null, description: null, allowedMemberTypes: ['Application'], isEnabled: true, origin: null }
  await applications.insertApplication(store.db, application('a', { identifierUris: ['api://Shop', 'https://slash.example/'], document: { appRoles: [role] } }))
  await insertServicePrincipal(store.db, principal('a'))
  for (const name of ['api://shop', 'api://Shop/', 'https://slash.example', 'https://slash.example/', appId('a')]) {
    assert.equal((await findResource(store.db, 't1', name, origins))?.servicePrincipalId, 'sp-a', name)
  }
  for (const name of ['api://sho', 'api://shop//', appId('b'), '']) assert.equal(await findResource(store.db, 't1', name, origins), undefined, name)
  for (const name of ['https://graph.microsoft.com', 'https://graph.microsoft.com/', ...origins, `${origins[0]}/`, graphAppId]) {
    const graph = await findResource(store.db, 't1', name, origins)
    assert.equal(graph?.appId, graphAppId, name)
    assert.ok(graph!.appRoles.length > 50 && graph!.scopes.length > 50)
  }
  assert.equal((await findResource(store.db, 't1', `${origins[1]}/arm`, origins))?.scopes[0]?.value, 'user_impersonation')
  assert.equal((await findClient(store.db, 't1', azureCliAppId))?.isFallbackPublicClient, true)
})

bothEngines('roles and scopes in a token are those given and enabled', async store => {
  await addTenant(store.db)
  await seedFirstParty(store.db, 't1', start)
  await applications.insertApplication(store.db, application('a'))
  await insertServicePrincipal(store.db, principal('a'))
  const graph = firstPartyId('t1', graphAppId)
  for (const name of ['User.Read.All', 'Application.Read.All']) {
    const appRoleId = graphPermissions.find(one => one.value === name)!.appRoleId!
    await insertAppRoleAssignment(store.db, { tenantId: 't1', id: newAssignmentId(), appRoleId, principalId: 'sp-a', principalType: 'ServicePrincipal', resourceId: graph, createdDateTime: start })
  }
  assert.deepEqual(await appRoleValues(store.db, 't1', 'sp-a', graph), ['Application.Read.All', 'User.Read.All'])
  const grant = { tenantId: 't1', clientId: 'sp-a', resourceId: graph, at: start }
  await addGrant(store.db, { ...grant, principalId: null, scopes: ['openid'] })
  const id = await addGrant(store.db, { ...grant, principalId: 'ann', scopes: ['User.Read'] })
  assert.equal(await addGrant(store.db, { ...grant, principalId: 'ann', scopes: ['User.Read', 'profile'] }), id)
  assert.deepEqual(await consentedScopes(store.db, 't1', 'sp-a', graph, 'ann'), ['User.Read', 'openid', 'profile'])
  assert.deepEqual(await consentedScopes(store.db, 't1', 'sp-a', graph, 'bo'), ['openid'])
})

const webOf = (redirect: string) => ({
  homePageUrl: null, logoutUrl: null, redirectUris: [redirect], implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: false }, redirectUriSettings: [],
})

bothEngines('agents are enrolled, leave their heartbeat, and are listed by age', async store => {
  await addTenant(store.db)
  const agent = {
    tenantId: 't1', displayName: 'DC', domain: 'corp.example', version: null, status: 'active', configurationError: null, lastHeartbeatAt: null,
    lastSyncAt: null, lastSyncResult: null, domainRules: null, revokedAt: null,
  }
  await insertAgent(store.db, { ...agent, id: 'young', enrolledAt: start + 1 })
  await insertAgent(store.db, { ...agent, id: 'old', enrolledAt: start })
  assert.deepEqual((await listAgents(store.db, 't1')).map(one => one.id), ['old', 'young'])
  assert.equal(await updateAgent(store.db, 't1', 'old', { lastHeartbeatAt: start + 5, version: '1.0' }), true)
  assert.equal((await findAgent(store.db, 't1', 'old'))?.lastHeartbeatAt, start + 5)
  assert.equal(await updateAgent(store.db, 't2', 'old', { version: '2.0' }), false)
})
