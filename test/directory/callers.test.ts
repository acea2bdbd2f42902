// One directory, three kinds of callers: our cookie, a person through a program, and a program by itself (graph §5.4, §6.4, T-42).
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { firstParty, graphAppId } from '../../src/rules/first-party.ts'
import { roles } from '../../src/rules/roles.ts'
import { assignRole } from '../../src/store/roles.ts'
import { findServicePrincipalByAppId } from '../../src/store/service-principals.ts'
import { inNameOf } from '../support/delegated.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addGroup, addPerson, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { actAs } from '../support/program-client.ts'
import { addProgram } from '../support/programs.ts'
import type { Program } from '../support/programs.ts'
import { signedIn } from '../support/signed-in.ts'

let t: TestApp
let bob: Person
let hal: Person
before(async () => {
  t = await makeApp()
  bob = await addPerson(t.app, t.tenantId, { name: 'bob' })
  hal = await addPerson(t.app, t.tenantId, { name: 'hal', roles: [roleIds.helpdeskAdministrator] })
})
after(() => t.close())

const password = '28c10230-6103-485e-b985-444c60001490'
const phone = { phoneNumber: '+45 33123456', phoneType: 'mobile' }
const methods = (person: Person) => `/v1.0/users/${person.id}/authentication`
const giveRole = (program: Program, roleDefinitionId: string) => t.app.db.transaction().execute(trx => assignRole(trx, {
  tenantId: t.tenantId, id: crypto.randomUUID(), roleDefinitionId, principalId: program.servicePrincipalId, principalType: 'servicePrincipal', directoryScopeId: '/', state: 'active', createdAt: t.clock.now(),
}))

test('a program does what its permissions say and nothing beside; the audit names it', async () => {
  const program = await addProgram(t.app, t.tenantId, { name: 'Onboarding', roles: ['UserAuthenticationMethod.ReadWrite.All'] })
  const client = await actAs(t, program)
  assert.equal((await client.post(`${methods(bob)}/phoneMethods`, phone)).statusCode, 201)
  assert.equal((await client.get(`${methods(bob)}/phoneMethods`)).json().value[0].phoneNumber, '+45 33123456', 'whole for a program')
  assert.equal((await client.get('/v1.0/policies/authenticationMethodsPolicy')).statusCode, 403)
  assert.equal((await client.get('/v1.0/me/authentication/methods')).statusCode, 400, 'a program is nobody’s /me')
  const auditor = await actAs(t, await addProgram(t.app, t.tenantId, { name: 'Auditor', roles: ['AuditLog.Read.All'] }))
  const [row] = (await auditor.get(`/v1.0/auditLogs/directoryAudits?$filter=initiatedBy/app/appId eq '${program.appId}'`)).json().value
  assert.deepEqual([row.activityDisplayName, row.initiatedBy.user, row.initiatedBy.app.appId, row.initiatedBy.app.servicePrincipalId, row.initiatedBy.app.displayName], ['Admin registered security info', null, program.appId, program.servicePrincipalId, 'Onboarding'])
})

test('no program resets a password at the methods service, whatever it was given (graph §6.4)', async () => {
  const client = await actAs(t, await addProgram(t.app, t.tenantId, { roles: ['UserAuthenticationMethod.ReadWrite.All', 'User.ReadWrite.All', 'Directory.ReadWrite.All'] }))
  assert.equal((await client.post(`${methods(bob)}/methods/${password}/resetPassword`, {})).statusCode, 403)
  assert.equal((await client.post(`${methods(bob)}/passwordMethods/${password}/resetPassword`, {})).statusCode, 403)
})

test('T-42: a permission reaches people of no standing; those with roles only as the program’s own directory roles would', async () => {
  const program = await addProgram(t.app, t.tenantId, { roles: ['UserAuthenticationMethod.ReadWrite.All'] })
  const client = await actAs(t, program)
  assert.equal((await client.post(`${methods(hal)}/phoneMethods`, phone)).statusCode, 403)
  await giveRole(program, roles.authenticationAdministrator)
  assert.equal((await client.post(`${methods(hal)}/phoneMethods`, phone)).statusCode, 403, 'an Authentication Administrator does not reach a Helpdesk Administrator')
  await giveRole(program, roles.privilegedAuthenticationAdministrator)
  assert.equal((await client.post(`${methods(hal)}/phoneMethods`, phone)).statusCode, 201)
})

test('T-42: a program does not raise itself, by neither view of the roles', async () => {
  const program = await addProgram(t.app, t.tenantId, { name: 'Climber', roles: ['RoleManagement.ReadWrite.Directory'] })
  const client = await actAs(t, program)
  const give = (principalId: string) => client.post('/v1.0/roleManagement/directory/roleAssignments', { principalId, roleDefinitionId: roles.reportsReader, directoryScopeId: '/' })
  assert.equal((await give(program.servicePrincipalId)).statusCode, 403)
  assert.equal((await give(bob.id)).statusCode, 201, 'others are what the permission is for')
  const group = await addGroup(t.app, t.tenantId, 'climbers', { isAssignableToRole: true })
  assert.equal((await give(group)).statusCode, 201)
  await t.app.db.insertInto('groupMembers').values({ tenantId: t.tenantId, groupId: group, memberId: program.servicePrincipalId, memberType: 'servicePrincipal' }).execute()
  const again = await client.post('/v1.0/roleManagement/directory/roleAssignments', { principalId: group, roleDefinitionId: roles.globalAdministrator, directoryScopeId: '/' })
  assert.equal(again.statusCode, 403, 'nor a group it is in')
  const reference = { '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${program.servicePrincipalId}` }
  assert.equal((await client.post(`/v1.0/directoryRoles/${roles.reportsReader}/members/$ref`, reference)).statusCode, 403)
})

test('T-42: a program joins no group that gives roles, as member or owner; others it may put there', async () => {
  const program = await addProgram(t.app, t.tenantId, { name: 'Joiner', roles: ['RoleManagement.ReadWrite.Directory', 'Group.ReadWrite.All'] })
  const client = await actAs(t, program)
  const group = await addGroup(t.app, t.tenantId, 'helpers', { isAssignableToRole: true })
  const reference = (id: string) => ({ '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${id}` })
  const ida = await addPerson(t.app, t.tenantId, { name: 'ida', password: null })
  for (const relation of ['members', 'owners']) {
    const refused = await client.post(`/v1.0/groups/${group}/${relation}/$ref`, reference(program.servicePrincipalId))
    assert.deepEqual([refused.statusCode, refused.json().error.innerError.code], [403, 'SELF'], relation)
    assert.equal((await client.post(`/v1.0/groups/${group}/${relation}/$ref`, reference(ida.id))).statusCode, 204, relation)
  }
})

test('a person at a program needs both: the scope on the token and the role in the directory', async () => {
  const gus = await addPerson(t.app, t.tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] })
  const eve = await addPerson(t.app, t.tenantId, { name: 'eve' })
  const path = '/v1.0/policies/authorizationPolicy'
  assert.equal((await (await inNameOf(t, gus, ['User.Read'])).get(path)).statusCode, 403, 'no scope')
  assert.equal((await (await inNameOf(t, eve, ['Policy.Read.All'])).get(path)).statusCode, 403, 'no role')
  assert.equal((await (await inNameOf(t, gus, ['Policy.Read.All'])).get(path)).statusCode, 200)
  const insufficient = (await (await inNameOf(t, gus, ['User.Read'])).get(path)).json().error
  assert.equal(insufficient.code, 'Authorization_RequestDenied')
  assert.match(insufficient.message, /insufficient privileges/i)
})

test('a scope for oneself reaches oneself alone, whatever role its person holds', async () => {
  const gus = await addPerson(t.app, t.tenantId, { name: 'gus2', roles: [roleIds.globalAdministrator] })
  const own = await inNameOf(t, gus, ['UserAuthenticationMethod.Read'])
  assert.equal((await own.get('/v1.0/me/authentication/methods')).statusCode, 200)
  assert.equal((await own.get(`${methods(gus)}/methods`)).statusCode, 200)
  assert.equal((await own.get(`${methods(bob)}/methods`)).statusCode, 403)
  const all = await inNameOf(t, gus, ['UserAuthenticationMethod.Read', 'UserAuthenticationMethod.Read.All'])
  assert.equal((await all.get(`${methods(bob)}/methods`)).statusCode, 200)
})

test('with a token one’s own methods change under a fresh proof, others’ without; a weaker policy wants the proof too (graph §6.3, T-45)', async () => {
  const gus = await addPerson(t.app, t.tenantId, { name: 'gus3', roles: [roleIds.globalAdministrator] })
  const client = await inNameOf(t, gus, ['UserAuthenticationMethod.ReadWrite', 'UserAuthenticationMethod.ReadWrite.All', 'Policy.ReadWrite.AuthenticationMethod'])
  const email = '/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/Email'
  const configuration = { '@odata.type': '#microsoft.graph.emailAuthenticationMethodConfiguration' }
  const cid = await addPerson(t.app, t.tenantId, { name: 'cid' })
  await t.clock.advance(11 * 60_000)
  assert.equal((await client.post('/v1.0/me/authentication/phoneMethods', phone)).statusCode, 401)
  assert.equal((await client.patch(email, { ...configuration, state: 'enabled' })).statusCode, 401)
  assert.equal((await client.patch(email, { ...configuration, state: 'disabled' })).statusCode, 204, 'a stricter one does not')
  assert.equal((await client.post(`${methods(cid)}/phoneMethods`, phone)).statusCode, 201)
})

test('an administrator resets over a token as with the cookie, and reads what became of it (graph §6.2, LD-29)', async () => {
  const client = await inNameOf(t, hal, ['UserAuthenticationMethod.ReadWrite.All'])
  const done = await client.post(`${methods(bob)}/methods/${password}/resetPassword`, {})
  // Bob reads reports since the test before last: a Helpdesk Administrator reaches that.
  assert.equal(done.statusCode, 202, done.payload)
  const location = String(done.headers['location']).replace(/^https:\/\/[^/]+/, '')
  assert.equal((await client.get(location)).json().status, 'succeeded')
  assert.ok(done.json().newPassword.length >= 18)
  const own = await client.post(`${methods(hal)}/methods/${password}/resetPassword`, {})
  assert.equal(own.statusCode, 403, 'nobody resets their own password here')
})

test('reports and the log of sign-ins are for programs as well; summaries by feature are for people (graph §10)', async () => {
  const program = await addProgram(t.app, t.tenantId, { name: 'Night report', roles: ['AuditLog.Read.All', 'Reports.Read.All'] })
  const client = await actAs(t, program)
  assert.equal((await client.get('/v1.0/reports/authenticationMethods/userRegistrationDetails')).statusCode, 200)
  assert.equal((await client.get('/v1.0/reports/authenticationMethods/usersRegisteredByFeature')).statusCode, 403)
  assert.equal((await client.get('/beta/reports/credentialUserRegistrationDetails')).statusCode, 200)
  const rea = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'rea', password: null, roles: [roleIds.reportsReader] }))
  const mine = (await rea.get(`/beta/auditLogs/signIns?$filter=signInEventTypes/any(t: t eq 'servicePrincipal') and servicePrincipalId eq '${program.servicePrincipalId}'`)).json().value
  assert.deepEqual(mine.map((one: { servicePrincipalName: string; status: { errorCode: number } }) => [one.servicePrincipalName, one.status.errorCode]), [['Night report', 0]])
  assert.equal((await rea.get(`/beta/auditLogs/signIns/${mine[0].id}`)).json().servicePrincipalCredentialKeyId, program.secretKeyId)
  assert.equal((await rea.get(`/v1.0/auditLogs/signIns/${mine[0].id}`)).statusCode, 404, 'programs are under /beta')
})

test('where two permissions are needed, one is not enough: giving an app role takes the right to assign and the right to see (graph §4)', async () => {
  const target = await addProgram(t.app, t.tenantId, { name: 'Target' })
  const graph = (await findServicePrincipalByAppId(t.app.db, t.tenantId, graphAppId))!
  const role = firstParty(graphAppId)!.appRoles.find(one => one.value === 'User.ReadBasic.All')!
  const give = async (...held: string[]) => {
    const client = await actAs(t, await addProgram(t.app, t.tenantId, { name: held.join(), roles: held }))
    return (await client.post(`/v1.0/servicePrincipals/${target.servicePrincipalId}/appRoleAssignments`, { principalId: target.servicePrincipalId, resourceId: graph.id, appRoleId: role.id })).json()
  }
  for (const held of [['AppRoleAssignment.ReadWrite.All'], ['Application.Read.All'], ['Application.ReadWrite.All'], ['Directory.Read.All', 'Application.ReadWrite.All']]) {
    const refused = await give(...held)
    assert.deepEqual([refused.error?.code, refused.error?.innerError.code], ['Authorization_RequestDenied', 'LK_TOKEN_PRIVILEGES'], held.join())
  }
  // Past the line it is a question of what may be given by whom (T-42), and not of the line any more.
  const passed = await give('AppRoleAssignment.ReadWrite.All', 'Directory.Read.All', 'User.ReadBasic.All')
  assert.notEqual(passed.error?.innerError.code, 'LK_TOKEN_PRIVILEGES', JSON.stringify(passed))
})
