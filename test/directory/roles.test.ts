import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { roles } from '../../src/rules/roles.ts'
import { insertServicePrincipal } from '../../src/store/service-principals.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addGroup, addPerson, roleIds } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

let t: TestApp
let gus: SignedIn
let ann: SignedIn
before(async () => {
  t = await makeApp()
  gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
  ann = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'ann', password: null, roles: [roleIds.helpdeskAdministrator] }))
})
after(() => t.close())

const assignments = '/v1.0/roleManagement/directory/roleAssignments'
const definitions = '/v1.0/roleManagement/directory/roleDefinitions'
const kelp = '00000000-0000-4000-8000-0000000000aa'

async function addProgram(displayName: string): Promise<string> {
  const id = crypto.randomUUID()
  await t.app.db.transaction().execute(trx => insertServicePrincipal(trx, { tenantId: t.tenantId, id, appId: crypto.randomUUID(), displayName, createdDateTime: t.clock.now() }))
  return id
}

test('assignments are found by principal, role and scope, with both relationships at once (graph §8)', async () => {
  const group = await addGroup(t.app, t.tenantId, 'readers', { isAssignableToRole: true })
  const program = await addProgram('Nightly')
  for (const principalId of [group, program]) {
    assert.equal((await gus.post(assignments, { principalId, roleDefinitionId: roles.reportsReader, directoryScopeId: '/' })).statusCode, 201)
  }
  const found = (await gus.get(`${assignments}?$filter=roleDefinitionId eq '${roles.reportsReader}' and directoryScopeId eq '/'&$expand=principal,roleDefinition`)).json().value
  assert.deepEqual(found.map((one: { principal: { '@odata.type': string } }) => one.principal['@odata.type']).toSorted(), ['#microsoft.graph.group', '#microsoft.graph.servicePrincipal'])
  assert.ok(found.every((one: { roleDefinition: { displayName: string } }) => one.roleDefinition.displayName === 'Reports Reader'))

  const { id } = (await gus.get(`${assignments}?$filter=principalId eq '${program}'`)).json().value[0]
  const one = (await gus.get(`${assignments}/${id}?$select=id,principalId`)).json()
  assert.deepEqual([one.id, one.principalId, 'roleDefinitionId' in one], [id, program, false])
  assert.equal((await gus.get(`${assignments}?$expand=members`)).statusCode, 400)
  assert.equal((await gus.delete(`${assignments}/${id}`)).statusCode, 204)
  assert.equal((await gus.get(`${assignments}/${id}`)).statusCode, 404)
})

test('a role cannot be given twice, to nobody, to an ordinary group, or in a scope that is none; each names the property', async () => {
  const group = await addGroup(t.app, t.tenantId, 'ordinary')
  const dan = await addPerson(t.app, t.tenantId, { name: 'dan', password: null })
  const give = async (body: object) => {
    const reply = await gus.post(assignments, { principalId: dan.id, roleDefinitionId: roles.reportsReader, directoryScopeId: '/', ...body })
    return [reply.statusCode, reply.json().error?.details?.[0].target]
  }
  assert.deepEqual(await give({}), [201, undefined])
  assert.equal((await give({}))[0], 400)
  assert.deepEqual(await give({ principalId: kelp }), [400, 'principalId'])
  assert.deepEqual(await give({ principalId: group }), [400, 'principalId'])
  assert.deepEqual(await give({ roleDefinitionId: kelp }), [400, 'roleDefinitionId'])
  assert.deepEqual(await give({ roleDefinitionId: '4ba39ca4-527c-499a-b93d-d9b492c50246' }), [400, 'roleDefinitionId'], 'a relic')
  assert.deepEqual(await give({ directoryScopeId: `/administrativeUnits/${kelp}` }), [400, 'directoryScopeId'])
  assert.deepEqual(await give({ condition: 'always' }), [400, 'condition'])
  assert.equal((await ann.post(assignments, { principalId: ann.person.id, roleDefinitionId: roles.globalAdministrator, directoryScopeId: '/' })).statusCode, 403)
})

test('built-in roles are listed, found by name, and stay as they are', async () => {
  const found = (await ann.get(`${definitions}?$filter=displayName eq 'Global Administrator'`)).json().value
  assert.equal(found.length, 1)
  assert.deepEqual([found[0].id, found[0].templateId, found[0].isBuiltIn], [roles.globalAdministrator, roles.globalAdministrator, true])
  assert.equal((await gus.get(`${definitions}/${roles.globalAdministrator}`)).json().displayName, 'Global Administrator')
  assert.equal((await gus.patch(`${definitions}/${roles.globalAdministrator}`, { displayName: 'King' })).statusCode, 400)
  assert.equal((await gus.delete(`${definitions}/${roles.globalAdministrator}`)).statusCode, 400)
  const pages = []
  for (let url: string | undefined = `${definitions}?$top=60`; url !== undefined; ) {
    const page: { value: { id: string }[]; '@odata.nextLink'?: string } = (await gus.get(url)).json()
    pages.push(...page.value.map(one => one.id))
    url = page['@odata.nextLink']?.replace(/^https:\/\/[^/]+/, '')
  }
  assert.ok(pages.length > 100)
  assert.equal(new Set(pages).size, pages.length)
})

test('a role of one’s own is made, changed, given and, when nobody holds it, deleted; the audit tells of each', async () => {
  const body = {
    displayName: 'Kelp keeper', description: 'Keeps kelp', isEnabled: true,
    rolePermissions: [{ allowedResourceActions: ['microsoft.directory/groups/members/read'] }],
  }
  const made = (await gus.post(definitions, body)).json()
  assert.deepEqual([made.isBuiltIn, made.rolePermissions[0].allowedResourceActions], [false, body.rolePermissions[0]!.allowedResourceActions])
  assert.equal((await gus.post(definitions, { ...body, displayName: 'KELP keeper' })).json().error.details[0].target, 'displayName', 'names are used once')
  assert.equal((await gus.post(definitions, { ...body, displayName: 'x', rolePermissions: [{ allowedResourceActions: ['everything'] }] })).statusCode, 400)
  for (const templateId of ['kelp', `${made.id}x`, roles.globalAdministrator, roles.globalAdministrator.toUpperCase(), made.id]) {
    const refused = await gus.post(definitions, { ...body, displayName: 'z', templateId })
    assert.deepEqual([refused.statusCode, refused.json().error.details?.[0].target], [400, 'templateId'], templateId)
  }
  assert.equal((await ann.post(definitions, { ...body, displayName: 'y' })).statusCode, 403)
  assert.equal((await gus.patch(`${definitions}/${made.id}`, { description: null })).statusCode, 204)
  assert.equal((await gus.get(`${definitions}/${made.id}`)).json().description, null)

  const eva = await addPerson(t.app, t.tenantId, { name: 'eva', password: null })
  const given = await gus.post(assignments, { principalId: eva.id, roleDefinitionId: made.id, directoryScopeId: '/' })
  assert.equal(given.statusCode, 201)
  assert.equal((await gus.delete(`${definitions}/${made.id}`)).statusCode, 400)
  assert.equal((await gus.delete(`${assignments}/${given.json().id}`)).statusCode, 204)
  assert.equal((await gus.delete(`${definitions}/${made.id}`)).statusCode, 204)
  assert.equal((await gus.get(`${definitions}/${made.id}`)).statusCode, 404)
  const told = (await gus.get(`/v1.0/auditLogs/directoryAudits?$filter=targetResources/any(t:t/id eq '${made.id}')`)).json().value.map((one: { activityDisplayName: string }) => one.activityDisplayName)
  assert.deepEqual(told.toSorted(), ['Add role definition', 'Delete role definition', 'Update role definition'])
})

test('a role of one’s own that writes to accounts puts its holders under the administrators’ two gates (sspr §6.2)', async () => {
  const make = async (name: string, action: string) => {
    const made = await gus.post(definitions, { displayName: name, isEnabled: true, rolePermissions: [{ allowedResourceActions: [action] }] })
    const person = await addPerson(t.app, t.tenantId, { name: name.toLowerCase(), password: null })
    await gus.post(assignments, { principalId: person.id, roleDefinitionId: made.json().id, directoryScopeId: '/' })
    return (await gus.get(`/v1.0/reports/authenticationMethods/userRegistrationDetails/${person.id}`)).json().isAdmin
  }
  assert.equal(await make('Reader', 'microsoft.directory/users/standard/read'), false)
  assert.equal(await make('Changer', 'microsoft.directory/users/password/update'), true)
})

test('a directory role is there once it was activated or given, by id and by template; members are added and removed by reference', async () => {
  const byTemplate = (template: string, more = '') => `/v1.0/directoryRoles(roleTemplateId='${template}')${more}`
  assert.equal((await gus.get(byTemplate(roles.securityReader))).statusCode, 404)
  const made = await gus.post('/v1.0/directoryRoles', { roleTemplateId: roles.securityReader })
  assert.equal(made.statusCode, 201)
  assert.equal((await gus.post('/v1.0/directoryRoles', { roleTemplateId: roles.securityReader })).statusCode, 400, 'once')
  assert.equal((await gus.post('/v1.0/directoryRoles', { roleTemplateId: kelp })).statusCode, 400)
  assert.equal((await gus.get(byTemplate(roles.securityReader))).json().displayName, 'Security Reader')

  const bob = await addPerson(t.app, t.tenantId, { name: 'bob', password: null })
  const add = () => gus.post(`/v1.0/directoryRoles/${made.json().id}/members/$ref`, { '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${bob.id}` })
  assert.equal((await add()).statusCode, 204)
  assert.equal((await add()).statusCode, 400)
  assert.equal((await gus.post(`/v1.0/directoryRoles/${made.json().id}/members/$ref`, { '@odata.id': 'bob' })).json().error.details[0].target, '@odata.id')
  assert.deepEqual((await ann.get(byTemplate(roles.securityReader, '/members'))).json().value.map((one: { id: string }) => one.id), [bob.id])
  assert.equal((await gus.delete(`/v1.0/directoryRoles/${made.json().id}/members/${bob.id}/$ref`)).statusCode, 204)
  assert.equal((await gus.delete(`/v1.0/directoryRoles/${made.json().id}/members/${bob.id}/$ref`)).statusCode, 404)
  const listed = (await gus.get('/v1.0/directoryRoles')).json().value.map((one: { displayName: string }) => one.displayName)
  assert.ok(listed.includes('Security Reader') && listed.includes('Helpdesk Administrator') && !listed.includes('Search Editor'), 'a role stays in use when its last member has gone')
  assert.equal((await gus.get(`/v1.0/directoryRoles?$filter=roleTemplateId eq '${roles.securityReader}'`)).json().value.length, 1)
})

test('templates are all there; holders are shown to those who hold a role themselves (T-84)', async () => {
  const cid = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'cid', password: null }))
  assert.ok((await cid.get('/v1.0/directoryRoleTemplates')).json().value.length > 100)
  assert.equal((await cid.get(`/v1.0/directoryRoleTemplates/${roles.globalAdministrator}`)).json().displayName, 'Global Administrator')
  for (const url of [assignments, '/v1.0/directoryRoles', `/v1.0/directoryRoles/${roles.globalAdministrator}/members`]) assert.equal((await cid.get(url)).statusCode, 403)
})

test('the last Global Administrator cannot be removed by either view', async () => {
  assert.equal((await gus.delete(`/v1.0/directoryRoles/${roles.globalAdministrator}/members/${gus.person.id}/$ref`)).statusCode, 400)
})
