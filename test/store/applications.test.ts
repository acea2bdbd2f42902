import assert from 'node:assert/strict'
import { azureCliAppId, graphAppId } from '../../src/rules/first-party.ts'
import { graphPermissions } from '../../src/rules/graph-permissions.ts'
import { findAgent, insertAgent, listAgents, updateAgent } from '../../src/store/agents.ts'
import * as credentials from '../../src/store/application-credentials.ts'
import * as applications from '../../src/store/applications.ts'
import { addApplicationOwner } from '../../src/store/application-owners.ts'
import { appRoleValues, defaultAppRole, insertAppRoleAssignment, newAssignmentId } from '../../src/store/app-roles.ts'
import { purgeDeletedBefore, restoreApplication, softDeleteApplication } from '../../src/store/deleted-applications.ts'
import { clientVersion, findClient } from '../../src/store/clients.ts'
import { isUniqueViolation } from '../../src/store/errors.ts'
import { firstPartyId, seedFirstParty } from '../../src/store/first-party.ts'
import { addGrant, consentedScopes } from '../../src/store/grants.ts'
import { findResource } from '../../src/store/resources.ts'
import { insertServicePrincipal } from '../../src/store/service-principals.ts'
import { deleteUserForGood, softDeleteUser } from '../../src/store/users.ts'
import { bothEngines } from '../support/store.ts'
import { addTenant, addUser, start } from './rows.ts'

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

bothEngines('whoever is gone for good owns nothing, holds no app role, and nobody acts in their name', async store => {
  await addTenant(store.db)
  await seedFirstParty(store.db, 't1', start)
  await applications.insertApplication(store.db, application('a'))
  await insertServicePrincipal(store.db, principal('a'))
  const id = await addUser(store.db, 'ann')
  const resourceId = firstPartyId('t1', graphAppId)
  await addApplicationOwner(store.db, { tenantId: 't1', ownedId: 'a', ownedType: 'application', ownerId: id, ownerType: 'user' })
  await addGrant(store.db, { tenantId: 't1', clientId: 'sp-a', resourceId, principalId: id, scopes: ['User.Read'], at: start })
  await insertAppRoleAssignment(store.db, { tenantId: 't1', id: newAssignmentId(), appRoleId: defaultAppRole, principalId: id, principalType: 'User', resourceId: 'sp-a', createdDateTime: start })
  await softDeleteUser(store.db, 't1', id, start)
  await store.db.transaction().execute(trx => deleteUserForGood(trx, 't1', id))
  for (const table of ['applicationOwners', 'appRoleAssignments'] as const) assert.deepEqual(await store.db.selectFrom(table).selectAll().execute(), [], table)
  assert.deepEqual((await store.db.selectFrom('permissionGrants').select('principalId').distinct().execute()).map(row => row.principalId), [''])
})

bothEngines('an application that is purged leaves nothing behind, and one that is restored comes back whole', async store => {
  await addTenant(store.db)
  await seedFirstParty(store.db, 't1', start)
  await applications.insertApplication(store.db, application('a', { identifierUris: ['api://a'] }))
  await insertServicePrincipal(store.db, principal('a'))
  const graph = firstPartyId('t1', graphAppId)
  for (const [ownerId, ownerType] of [['a', 'application'], ['sp-a', 'servicePrincipal']] as const) {
    await credentials.insertCredential(store.db, { tenantId: 't1', keyId: 'k', ownerId, ownerType, kind: 'password', displayName: null, hint: 'abc', secretHash: 'h', startDateTime: start, endDateTime: start + 1, createdDateTime: start })
    await credentials.saveCredentialUses(store.db, [{ tenantId: 't1', ownerId, keyId: 'k', firstUsedAt: start, lastUsedAt: start, useCount: 1, lastIpAddress: null }])
    await addApplicationOwner(store.db, { tenantId: 't1', ownedId: ownerId, ownedType: ownerType, ownerId: 'ann', ownerType: 'user' })
  }
  await addGrant(store.db, { tenantId: 't1', clientId: 'sp-a', resourceId: graph, principalId: null, scopes: ['openid'], at: start })
  await insertAppRoleAssignment(store.db, { tenantId: 't1', id: newAssignmentId(), appRoleId: defaultAppRole, principalId: 'sp-a', principalType: 'ServicePrincipal', resourceId: graph, createdDateTime: start })
  const inTransaction = <T>(work: (trx: typeof store.db) => Promise<T>) => store.db.transaction().execute(work)
  assert.equal(await inTransaction(trx => softDeleteApplication(trx, 't1', 'a', start)), true)
  assert.equal(await findClient(store.db, 't1', appId('a')), undefined)
  assert.equal(await findResource(store.db, 't1', 'api://a', origins), undefined)
  assert.equal(await inTransaction(trx => restoreApplication(trx, 't1', 'a')), appId('a'))
  const back = (await findClient(store.db, 't1', appId('a')))!
  assert.deepEqual([back.passwords.length, (await findResource(store.db, 't1', 'api://a', origins))?.servicePrincipalId], [2, 'sp-a'])
  await inTransaction(trx => softDeleteApplication(trx, 't1', 'a', start))
  assert.deepEqual(await inTransaction(trx => purgeDeletedBefore(trx, 't1', start)), [])
  assert.deepEqual(await inTransaction(trx => purgeDeletedBefore(trx, 't1', start + 1)), [appId('a')])
  for (const table of ['applications', 'applicationUris', 'applicationCredentials', 'credentialUses', 'applicationOwners', 'appRoleAssignments'] as const) {
    assert.deepEqual(await store.db.selectFrom(table as 'applications').selectAll().execute(), [], table)
  }
  assert.ok(!(await store.db.selectFrom('servicePrincipals').select('id').execute()).some(row => row.id === 'sp-a'))
  assert.ok(!(await store.db.selectFrom('permissionGrants').select('clientId').execute()).some(row => row.clientId === 'sp-a'))
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
