// Keys in parentheses and quotes, as OData clients write them (graph §2.1).
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

let t: TestApp
let gus: SignedIn
let brien: Person

before(async () => {
  t = await makeApp()
  gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
  brien = await addPerson(t.app, t.tenantId, { name: "o'brien", password: null })
  await addPerson(t.app, t.tenantId, { name: 'microsoft.graph.gus', password: null })
})
after(() => t.close())

test('somebody is found by id and by name, in a segment, in quotes and by a key with its name', async () => {
  const name = "o''brien@contoso.example"
  for (const key of [
    `/${brien.id}`, "/o'brien@contoso.example", `('${brien.id}')`, `('${name}')`, `(%27${encodeURIComponent(name)}%27)`, `(userPrincipalName='${name}')`, `(id='${brien.id}')`,
    `%28%27${brien.id}%27%29`,
  ]) {
    const reply = await gus.get(`/v1.0/users${key}`)
    assert.equal(reply.statusCode, 200, `${key} ${reply.payload}`)
    assert.equal(reply.json().id, brien.id, key)
    assert.equal((await gus.get(`/v1.0/users${key}/authentication/methods`)).statusCode, 200, key)
    assert.equal((await gus.get(`/v1.0/reports/authenticationMethods/userRegistrationDetails${key}`)).json().id, brien.id, key)
  }
  assert.equal((await gus.patch(`/v1.0/users(userPrincipalName='${name}')`, { jobTitle: 'Smith' })).statusCode, 204)
  assert.equal((await gus.get(`/v1.0/users('${brien.id}')?$select=jobTitle`)).json().jobTitle, 'Smith')
})

test('an id is found in any letters, in paths, bodies and filters, and shown in small ones (real-clients §1.13)', async () => {
  const upper = (id: string) => id.toUpperCase()
  const helpdesk = '729827e3-9c14-49f7-bb1b-9608f156bbb8'
  for (const url of [
    `/v1.0/users/${upper(brien.id)}`, `/v1.0/users('${upper(brien.id)}')`, `/v1.0/users(id='${upper(brien.id)}')`, `/v1.0/directoryObjects/${upper(brien.id)}`,
    `/v1.0/reports/authenticationMethods/userRegistrationDetails/${upper(brien.id)}`,
  ]) assert.equal((await gus.get(url)).json().id, brien.id, url)
  const given = await gus.post('/v1.0/roleManagement/directory/roleAssignments', { principalId: upper(brien.id), roleDefinitionId: upper(helpdesk), directoryScopeId: '/' })
  assert.deepEqual([given.statusCode, given.json().principalId, given.json().roleDefinitionId], [201, brien.id, helpdesk])
  for (const path of [
    `roleManagement/directory/roleDefinitions/${upper(helpdesk)}`, `directoryRoles/${upper(helpdesk)}`, `directoryRoles(roleTemplateId='${upper(helpdesk)}')`,
    `directoryRoleTemplates/${upper(helpdesk)}`, `organization/${upper(t.tenantId)}`, `users/${upper(brien.id)}/authentication/methods/${upper('28c10230-6103-485e-b985-444c60001490')}`,
  ]) assert.equal((await gus.get(`/v1.0/${path}`)).statusCode, 200, path)
  for (const question of [
    `roleManagement/directory/roleAssignments?$filter=principalId eq '${upper(brien.id)}' and roleDefinitionId eq '${upper(helpdesk)}'`,
    `auditLogs/directoryAudits?$filter=initiatedBy/user/id eq '${upper(gus.person.id)}' and activityDisplayName eq 'Add member to role'`,
    `users?$filter=id eq '${upper(brien.id)}'`,
  ]) assert.equal((await gus.get(`/v1.0/${question}`)).json().value.length, 1, question)
  assert.equal((await gus.delete(`/v1.0/directoryRoles/${upper(helpdesk)}/members/${upper(brien.id)}/$ref`)).statusCode, 204)
})

test('a key that is nobody’s is 404, and never everybody or somebody else', async () => {
  for (const key of ["('')", '(', "('", "('x')y", '(userPrincipalName=)', "(mail='gus@contoso.example')", "(id='x',id='y')", "('..')", "('%2e%2e')", "('gus@contoso.example","(displayName='Gus Test')"]) {
    const reply = await gus.get(`/v1.0/users${key}`)
    assert.ok([400, 404].includes(reply.statusCode), `${key} ${reply.statusCode} ${reply.payload.slice(0, 100)}`)
    assert.equal(reply.json().value, undefined, key)
  }
  assert.equal((await gus.get('/v1.0/users/microsoft.graph.gus@contoso.example')).json().userPrincipalName, 'microsoft.graph.gus@contoso.example')
  assert.equal((await gus.delete("/v1.0/users('')")).statusCode, 404)
})

test('rights are those of the route that answers, however its key is written', async () => {
  const ann = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'ann', password: null }))
  for (const key of [`/${brien.id}`, `('${brien.id}')`, `(id='${brien.id}')`]) {
    assert.equal((await ann.get(`/v1.0/users${key}/authentication/methods`)).statusCode, 403, key)
    assert.equal((await ann.patch(`/v1.0/users${key}`, { jobTitle: 'x' })).statusCode, 403, key)
    assert.equal((await t.browser().json('GET', `/v1.0/users${key}`)).statusCode, 401, key)
  }
})

test('functions answer with arguments in any writing and by their name alone, and the next page repeats what was asked', async () => {
  const path = '/v1.0/reports/authenticationMethods'
  for (const call of ['usersRegisteredByFeature', 'usersRegisteredByFeature()', "usersRegisteredByFeature(includedUserTypes='all',includedUserRoles='all')", "microsoft.graph.usersRegisteredByFeature()"]) {
    assert.equal((await gus.get(`${path}/${call}`)).statusCode, 200, call)
  }
  const admins = (await gus.get(`${path}/usersRegisteredByFeature(includedUserTypes=%27all%27,includedUserRoles=%27admin%27)`)).json()
  assert.deepEqual([admins.totalUserCount, admins.userRoles], [1, 'admin'])
  assert.equal((await gus.get(`${path}/usersRegisteredByFeature(includedUserTypes='all'`)).statusCode, 404)
  const next = (await gus.get('/v1.0/users?$top=1')).json()['@odata.nextLink']
  assert.match(next, /^https:\/\/reset\.contoso\.example\/v1\.0\/users\?/)
})
