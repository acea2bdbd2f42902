/** T-42 and T-52, T-53 through the doors: who may get hold of a program, give it roles, and look after it. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { firstPartyId } from '../../src/store/first-party.ts'
import { graphAppId, legacyDirectoryAppId } from '../../src/rules/first-party.ts'
import { graphPermissions } from '../../src/rules/graph-permissions.ts'
import { assignRole } from '../../src/store/roles.ts'
import { addApplicationOwner } from '../../src/store/application-owners.ts'
import { bodyOf, certificate, signToken } from '../support/app-certificates.ts'
import { inNameOf } from '../support/delegated.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, foundTenant, roleIds } from '../support/people.ts'
import { actAs, askToken, withToken } from '../support/program-client.ts'
import type { ProgramClient, Reply } from '../support/program-client.ts'
import { addCertificate, addProgram } from '../support/programs.ts'
import type { Program } from '../support/programs.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

const applicationAdministrator = '9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3'
const of = (reply: { payload: string }) => JSON.parse(reply.payload) as Record<string, any>
const code = (reply: Reply | { payload: string }) => of(reply)['error']?.innerError?.code as string | undefined
const roleId = (name: string) => graphPermissions.find(one => one.value === name)!.appRoleId!

describe('getting hold of a program (T-42)', () => {
  let t: TestApp
  let people: Record<'gus' | 'ada' | 'una' | 'olga' | 'ned', SignedIn>
  let programs: Record<'plain' | 'mighty' | 'keeper' | 'holder' | 'clerk' | 'granter', Program>
  let clients: Record<'keeper' | 'holder' | 'clerk' | 'granter' | 'plain', ProgramClient>

  before(async () => {
    t = await makeApp()
    const person = async (name: string, roles: string[] = []) => signedIn(t, await addPerson(t.app, t.tenantId, { name, roles }))
    people = {
      gus: await person('gus', [roleIds.globalAdministrator]), ada: await person('ada', [applicationAdministrator]), una: await person('una', [roleIds.userAdministrator]),
      olga: await person('olga'), ned: await person('ned'),
    }
    const program = (name: string, roles: string[]) => addProgram(t.app, t.tenantId, { name, roles })
    programs = {
      plain: await program('Plain', ['User.Read.All']), mighty: await program('Mighty', ['Directory.ReadWrite.All', 'RoleManagement.ReadWrite.Directory']),
      keeper: await program('Keeper', ['Application.ReadWrite.All']), holder: await program('Holder', ['Application.ReadWrite.OwnedBy']),
      clerk: await program('Clerk', ['Application.Read.All']), granter: await program('Granter', ['AppRoleAssignment.ReadWrite.All', 'Application.Read.All']),
    }
    clients = {
      keeper: await actAs(t, programs.keeper), holder: await actAs(t, programs.holder), clerk: await actAs(t, programs.clerk), granter: await actAs(t, programs.granter),
      plain: await actAs(t, programs.plain),
    }
    for (const owned of [programs.plain, programs.mighty]) {
      for (const [ownerId, ownerType] of [[people.olga.person.id, 'user'], [programs.holder.servicePrincipalId, 'servicePrincipal']] as const) {
        await addApplicationOwner(t.app.db, { tenantId: t.tenantId, ownedId: owned.applicationId, ownedType: 'application', ownerId, ownerType })
      }
    }
  })
  after(() => t.close())

  /** Every way to make a credential or an owner, of an application and of its service principal. */
  const ways = (program: Program): [method: string, url: string, body: unknown][] => {
    const pem = bodyOf(certificate({ name: 'Intruder' }).certificate)
    return [['applications', program.applicationId], ['servicePrincipals', program.servicePrincipalId]].flatMap(([collection, id]): [string, string, unknown][] => [
      ['POST', `/v1.0/${collection}/${id}/addPassword`, {}],
      ['PATCH', `/v1.0/${collection}/${id}`, { keyCredentials: [{ type: 'AsymmetricX509Cert', usage: 'Verify', key: pem }] }],
      ['POST', `/v1.0/${collection}/${id}/owners/$ref`, { '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${people.ned.person.id}` }],
    ]).concat([['POST', `/v1.0/applications/${program.applicationId}/federatedIdentityCredentials`, { name: `f${randomUUID().slice(0, 8)}`, issuer: 'https://evil.example', subject: 'x', audiences: ['api://x'] }]])
  }
  type Method = Parameters<SignedIn['browser']['json']>[0]
  const by = (who: SignedIn) => (method: string, url: string, body: unknown) => who.browser.json(method as Method, url, body)
  const state = async () => JSON.stringify(await Promise.all((['applicationCredentials', 'applicationOwners', 'federatedCredentials'] as const).map(table => t.app.db.selectFrom(table).selectAll().execute())))

  test('whoever reaches less than the program gets no credential, owner or trust into it, by any door', async () => {
    const before = await state()
    const refusals: [who: string, ask: (method: string, url: string, body: unknown) => Promise<Reply>, program: Program, expected: RegExp][] = [
      ['an Application Administrator, a mighty one', by(people.ada), programs.mighty, /LK_BEYOND_REACH/],
      ['its owner, a mighty one', by(people.olga), programs.mighty, /LK_BEYOND_REACH/],
      ['a User Administrator, any', by(people.una), programs.plain, /NO_ROLE/],
      ['nobody, any', by(people.ned), programs.plain, /NO_ROLE/],
      ['a program with .All, a mighty one', (...of_) => clients.keeper.request(...of_), programs.mighty, /LK_BEYOND_REACH|LK_TOKEN_PRIVILEGES/],
      ['a program with OwnedBy that owns it, a mighty one', (...of_) => clients.holder.request(...of_), programs.mighty, /LK_BEYOND_REACH|LK_NOT_OWNER|LK_TOKEN_PRIVILEGES/],
      ['a program with OwnedBy, another’s', (...of_) => clients.holder.request(...of_), programs.keeper, /LK_NOT_OWNER|LK_TOKEN_PRIVILEGES/],
      ['a program that only reads', (...of_) => clients.clerk.request(...of_), programs.plain, /LK_TOKEN_PRIVILEGES/],
    ]
    for (const [who, ask, program, expected] of refusals) for (const [method, url, body] of ways(program)) {
      const reply = await ask(method, url, body)
      assert.equal(reply.statusCode, 403, `${who}: ${method} ${url} ${reply.payload}`)
      assert.match(code(reply) ?? '', expected, `${who}: ${method} ${url}`)
      assert.match(of(reply)['error'].message, /Insufficient privileges to complete the operation/)
    }
    assert.equal(await state(), before)
  })

  test('a directory role of the program shields it like a permission', async () => {
    const program = await addProgram(t.app, t.tenantId, { name: 'Helper' })
    assert.equal((await people.ada.post(`/v1.0/applications/${program.applicationId}/addPassword`)).statusCode, 200)
    await t.app.db.transaction().execute(trx => assignRole(trx, {
      tenantId: t.tenantId, id: randomUUID(), roleDefinitionId: roleIds.helpdeskAdministrator, principalId: program.servicePrincipalId, principalType: 'servicePrincipal', directoryScopeId: '/',
      state: 'active', createdAt: t.app.now(),
    }))
    assert.equal(code(await people.ada.post(`/v1.0/applications/${program.applicationId}/addPassword`)), 'LK_BEYOND_REACH')
    assert.equal((await people.gus.post(`/v1.0/applications/${program.applicationId}/addPassword`)).statusCode, 200)
  })

  test('a mighty principal that lies among the deleted items still shields its application: it can be brought back', async () => {
    const program = await addProgram(t.app, t.tenantId, { name: 'Sleeping giant', roles: ['RoleManagement.ReadWrite.Directory'] })
    assert.equal((await people.ada.delete(`/v1.0/servicePrincipals/${program.servicePrincipalId}`)).statusCode, 204)
    assert.equal(code(await people.ada.post(`/v1.0/applications/${program.applicationId}/addPassword`)), 'LK_BEYOND_REACH')
    assert.equal((await people.ada.post('/v1.0/servicePrincipals', { appId: program.appId })).statusCode, 201, 'a new one has nothing of the old')
    assert.equal(code(await people.ada.post(`/v1.0/applications/${program.applicationId}/addPassword`)), 'LK_BEYOND_REACH')
  })

  test('those who reach as far may: a Global Administrator anything, owners and application administrators what only reads', async () => {
    for (const one of [people.gus, people.ada, people.olga]) assert.equal((await one.post(`/v1.0/applications/${programs.plain.applicationId}/addPassword`)).statusCode, 200)
    assert.equal((await people.gus.post(`/v1.0/applications/${programs.mighty.applicationId}/addPassword`)).statusCode, 200)
    for (const client of [clients.keeper, clients.holder]) assert.equal((await client.post(`/v1.0/applications/${programs.plain.applicationId}/addPassword`)).statusCode, 200)
    assert.equal((await people.ada.post(`/v1.0/applications/${programs.keeper.applicationId}/addPassword`)).statusCode, 200)
  })

  test('a browser must have given a proof in the last ten minutes', async () => {
    const old = await signedIn(t, people.ada.person, { minutesAgo: 11 })
    assert.equal((await old.post(`/v1.0/applications/${programs.plain.applicationId}/addPassword`)).statusCode, 401)
  })

  test('through a program a person does what both may: its scopes and their own roles or ownership', async () => {
    const url = `/v1.0/applications/${programs.plain.applicationId}`
    const statuses = async (who: SignedIn, scopes: string[]) => {
      const client = await inNameOf(t, who.person, scopes)
      return [(await client.get(url)).statusCode, (await client.patch(url, { description: 'x' })).statusCode, (await client.post(`${url}/addPassword`)).statusCode]
    }
    assert.deepEqual(await statuses(people.ada, ['Application.ReadWrite.All']), [200, 204, 200])
    assert.deepEqual(await statuses(people.olga, ['Application.ReadWrite.All']), [200, 204, 200], 'its owner')
    assert.deepEqual(await statuses(people.ada, ['Application.Read.All']), [200, 403, 403], 'a role is no scope')
    assert.deepEqual(await statuses(people.ned, ['Application.ReadWrite.All']), [200, 403, 403], 'a scope is no role')
    assert.deepEqual(await statuses(people.gus, ['User.Read']), [403, 403, 403])
    const mighty = await inNameOf(t, people.ada.person, ['Application.ReadWrite.All'])
    assert.equal(code(await mighty.post(`/v1.0/applications/${programs.mighty.applicationId}/addPassword`)), 'LK_BEYOND_REACH')
    const giving = { principalId: programs.clerk.servicePrincipalId, resourceId: firstPartyId(t.tenantId, graphAppId), appRoleId: roleId('User.Read.All') }
    const half = await inNameOf(t, people.gus.person, ['AppRoleAssignment.ReadWrite.All'])
    assert.equal((await half.post(`/v1.0/servicePrincipals/${programs.clerk.servicePrincipalId}/appRoleAssignments`, giving)).statusCode, 403, 'both permissions are needed')
    const whole = await inNameOf(t, people.gus.person, ['AppRoleAssignment.ReadWrite.All', 'Application.Read.All'])
    const given = await whole.post(`/v1.0/servicePrincipals/${programs.clerk.servicePrincipalId}/appRoleAssignments`, giving)
    assert.equal(given.statusCode, 201, given.payload)
    assert.equal((await whole.delete(`/v1.0/servicePrincipals/${programs.clerk.servicePrincipalId}/appRoleAssignments/${of(given)['id']}`)).statusCode, 204)
  })

  test('OwnedBy: a program owns what it makes, changes it and nothing else', async () => {
    const made = of(await clients.holder.post('/v1.0/applications', { displayName: 'Child' }))
    const principal = of(await clients.holder.post('/v1.0/servicePrincipals', { appId: made['appId'] }))
    const owners = of(await clients.holder.get(`/v1.0/applications/${made['id']}/owners`))['value']
    assert.deepEqual(owners.map((one: Record<string, unknown>) => [one['@odata.type'], one['id']]), [['#microsoft.graph.servicePrincipal', programs.holder.servicePrincipalId]])
    assert.equal(made['createdByAppId'], programs.holder.appId)
    const owned = of(await people.gus.get(`/v1.0/servicePrincipals/${programs.holder.servicePrincipalId}/ownedObjects?$select=displayName`))['value'] as Record<string, string>[]
    assert.deepEqual(owned.filter(one => one['displayName'] === 'Child').map(one => one['@odata.type']).sort(), ['#microsoft.graph.application', '#microsoft.graph.servicePrincipal'])
    assert.equal((await clients.holder.patch(`/v1.0/applications/${made['id']}`, { description: 'mine' })).statusCode, 204)
    assert.equal((await clients.holder.post(`/v1.0/servicePrincipals/${principal['id']}/addPassword`)).statusCode, 200)
    for (const [method, url, body] of [
      ['PATCH', `/v1.0/applications/${programs.keeper.applicationId}`, { description: 'x' }], ['DELETE', `/v1.0/applications/${programs.keeper.applicationId}`, undefined],
      ['PATCH', `/v1.0/servicePrincipals/${programs.keeper.servicePrincipalId}`, { notes: 'x' }], ['DELETE', `/v1.0/servicePrincipals/${programs.keeper.servicePrincipalId}`, undefined],
    ] as const) assert.equal((await clients.holder.request(method, url, body)).statusCode, 403, url)
    assert.equal((await clients.holder.delete(`/v1.0/applications/${made['id']}`)).statusCode, 204)
  })

  test('a member makes an application, owns it, and sees the hints of its secrets; others do not', async () => {
    const made = of(await people.ned.post('/v1.0/applications', { displayName: 'Ned’s' }))
    const secret = of(await people.ned.post(`/v1.0/applications/${made['id']}/addPassword`))
    const seen = async (who: SignedIn) => of(await who.get(`/v1.0/applications/${made['id']}`))['passwordCredentials'][0].hint as string | null
    assert.deepEqual([await seen(people.ned), await seen(people.ada), await seen(people.una)], [secret['hint'], secret['hint'], null])
    assert.equal((await people.una.get(`/beta/applications/${made['id']}/credentialUsage`)).statusCode, 403)
    assert.equal((await people.ned.get(`/beta/applications/${made['id']}/credentialUsage`)).statusCode, 200)
  })

  test('owners: added once, listed with their type, taken away; a foreign one is nobody', async () => {
    const url = `/v1.0/applications/${programs.keeper.applicationId}/owners`
    const add = (id: string) => people.gus.post(`${url}/$ref`, { '@odata.id': `https://reset.contoso.example/v1.0/directoryObjects/${id}` })
    assert.equal((await add(people.ned.person.id)).statusCode, 204)
    const twice = await add(people.ned.person.id)
    assert.equal(twice.statusCode, 400)
    assert.match(of(twice)['error'].message, /One or more added object references already exist for the following modified properties: 'owners'\./)
    assert.deepEqual(of(await people.gus.get(url))['value'].map((one: Record<string, unknown>) => [one['@odata.type'], one['userPrincipalName']]), [['#microsoft.graph.user', 'ned@contoso.example']])
    const other = await foundTenant(t.app, { name: 'Fabrikam', domain: 'fabrikam.example' })
    const stranger = await addPerson(t.app, other, { name: 'fay', domain: 'fabrikam.example', password: null })
    assert.equal((await add(stranger.id)).statusCode, 404)
    assert.equal((await add(randomUUID())).statusCode, 404)
    assert.equal((await people.gus.post(`${url}/$ref`, { '@odata.id': 'nonsense' })).statusCode, 400)
    assert.equal((await people.gus.delete(`${url}/${people.ned.person.id}/$ref`)).statusCode, 204)
    assert.equal((await people.gus.delete(`${url}/${people.ned.person.id}/$ref`)).statusCode, 404)
  })

  test('app roles: nobody gives themself a right, nobody more than they have, and both permissions are needed', async () => {
    const graph = firstPartyId(t.tenantId, graphAppId)
    const give = (client: { post(url: string, body?: unknown): Promise<Reply> }, principal: Program, role: string) =>
      client.post(`/v1.0/servicePrincipals/${principal.servicePrincipalId}/appRoleAssignments`, { principalId: principal.servicePrincipalId, resourceId: graph, appRoleId: roleId(role) })
    assert.equal(code(await give(clients.granter, programs.granter, 'User.Read.All')), 'LK_SELF_GRANT')
    assert.equal(code(await give(clients.granter, programs.clerk, 'Directory.ReadWrite.All')), 'LK_BEYOND_REACH')
    assert.equal(code(await give(people.ada, programs.clerk, 'User.Read.All')), 'NO_ROLE')
    assert.equal((await give(clients.keeper, programs.clerk, 'User.Read.All')).statusCode, 403, 'Application.ReadWrite.All is not the permission')
    const half = await actAs(t, await addProgram(t.app, t.tenantId, { roles: ['AppRoleAssignment.ReadWrite.All'] }))
    assert.equal((await give(half, programs.clerk, 'User.Read.All')).statusCode, 403, 'one of the two')
    assert.equal((await give(clients.clerk, programs.clerk, 'User.Read.All')).statusCode, 403, 'the other of the two')
    const given = await give(clients.granter, programs.clerk, 'User.Read.All')
    assert.equal(given.statusCode, 201, given.payload)
    const row = of(given)
    assert.match(row['id'], /^[\w-]{22}$/)
    assert.deepEqual([row['principalType'], row['principalDisplayName'], row['resourceDisplayName']], ['ServicePrincipal', 'Clerk', 'Microsoft Graph'])
    const again = await give(people.gus, programs.clerk, 'User.Read.All')
    assert.equal(again.statusCode, 400)
    assert.match(of(again)['error'].message, /Permission being assigned already exists on the object/)
    assert.equal((await (await actAs(t, programs.clerk)).get('/v1.0/users?$top=1')).statusCode, 200, 'the next token has it')
    const listed = of(await clients.granter.get(`/v1.0/servicePrincipals/${graph}/appRoleAssignedTo?$top=999`))['value'] as { id: string }[]
    assert.ok(listed.some(one => one.id === row['id']))
    assert.equal((await people.gus.delete(`/v1.0/servicePrincipals/${programs.keeper.servicePrincipalId}/appRoleAssignments/${row['id']}`)).statusCode, 404, 'under another’s path')
    assert.equal((await people.gus.delete(`/v1.0/servicePrincipals/${graph}/appRoleAssignedTo/${row['id']}`)).statusCode, 204)
    assert.equal((await (await actAs(t, programs.clerk)).get('/v1.0/users?$top=1')).statusCode, 403)
    for (const body of [
      { principalId: randomUUID(), resourceId: graph, appRoleId: roleId('User.Read.All') }, { principalId: programs.clerk.servicePrincipalId, resourceId: randomUUID(), appRoleId: roleId('User.Read.All') },
      { principalId: programs.clerk.servicePrincipalId, resourceId: graph, appRoleId: randomUUID() }, { principalId: people.ned.person.id, resourceId: graph, appRoleId: roleId('User.Read.All') },
      { principalId: programs.clerk.servicePrincipalId, resourceId: graph, appRoleId: '00000000-0000-0000-0000-000000000000' },
    ]) assert.equal((await people.gus.post(`/v1.0/servicePrincipals/${graph}/appRoleAssignedTo`, body)).statusCode, 400, JSON.stringify(body))
  })

  test('delegated grants are an application administrator’s: for known scopes, once for each client, resource and person', async () => {
    const graph = firstPartyId(t.tenantId, graphAppId)
    const body = { clientId: programs.plain.servicePrincipalId, consentType: 'AllPrincipals', resourceId: graph, scope: 'User.Read openid', startTime: '2026-01-01T00:00:00Z', expiryTime: '2027-01-01T00:00:00Z' }
    assert.equal((await people.una.post('/v1.0/oauth2PermissionGrants', body)).statusCode, 403)
    const made = await people.ada.post('/v1.0/oauth2PermissionGrants', body)
    assert.equal(made.statusCode, 201, made.payload)
    assert.equal((await people.ada.post('/v1.0/oauth2PermissionGrants', body)).statusCode, 400)
    const { id } = of(made)
    const listed = of(await people.ada.get(`/v1.0/oauth2PermissionGrants?$filter=clientId eq '${programs.plain.servicePrincipalId}'`))['value']
    assert.deepEqual(listed.map((one: Record<string, unknown>) => [one['id'], one['principalId'], one['scope']]), [[id, null, 'User.Read openid']])
    const unknown = await people.ada.patch(`/v1.0/oAuth2PermissionGrants/${id}`, { scope: 'User.Read Nonsense.Do' })
    assert.equal(unknown.statusCode, 400)
    assert.match(of(unknown)['error'].message, /Nonsense\.Do/)
    assert.equal((await people.ada.patch(`/v1.0/oauth2PermissionGrants/${id}`, { scope: 'User.Read' })).statusCode, 204)
    assert.equal((await people.ada.post('/v1.0/oauth2PermissionGrants', { ...body, consentType: 'Principal', principalId: people.ned.person.id })).statusCode, 201)
    const mine = of(await people.ned.get(`/v1.0/me/oauth2PermissionGrants?$filter=clientId eq '${programs.plain.servicePrincipalId}'`))['value']
    assert.equal(mine.length, 1)
    assert.equal((await people.ned.delete(`/v1.0/oauth2PermissionGrants/${mine[0].id}`)).statusCode, 204, 'one’s own consent may be taken back')
    assert.equal((await people.ned.delete(`/v1.0/oauth2PermissionGrants/${id}`)).statusCode, 403)
    assert.equal((await people.ada.delete(`/v1.0/oAuth2PermissionGrants/${id}`)).statusCode, 204, 'az writes the path so')
    for (const wrong of [{ ...body, clientId: randomUUID() }, { ...body, resourceId: randomUUID() }, { ...body, consentType: 'Principal' }, { ...body, consentType: 'Principal', principalId: randomUUID() }, { ...body, consentType: 'Everyone' }]) {
      assert.equal((await people.ada.post('/v1.0/oauth2PermissionGrants', wrong)).statusCode, 400)
    }
  })

  test('a program rolls its own keys with a proof and no permission; without the proof, or with another’s, nobody does', async () => {
    const roller = await addProgram(t.app, t.tenantId, { name: 'Roller', roles: [] })
    const first = await addCertificate(t.app, roller)
    const client = await actAs(t, roller)
    const seconds = Math.floor(t.app.now() / 1000)
    const proofFor = (objectId: string, key = first.privateKey) => signToken(key, { alg: 'RS256', x5t: first.sha1 }, { aud: legacyDirectoryAppId, iss: objectId, nbf: seconds, exp: seconds + 300 })
    const url = `/v1.0/applications/${roller.applicationId}`
    const next = { keyCredential: { type: 'AsymmetricX509Cert', usage: 'Verify', key: bodyOf(certificate({ name: 'Next' }).certificate) }, passwordCredential: null }
    const missing = await client.post(`${url}/addKey`, next)
    assert.deepEqual([missing.statusCode, of(missing)['error'].code], [403, 'Authorization_RequestDenied'])
    const forged = await client.post(`${url}/addKey`, { ...next, proof: proofFor(roller.applicationId, certificate({ name: 'Other' }).privateKey) })
    assert.deepEqual([forged.statusCode, of(forged)['error'].code], [401, 'Authentication_MissingOrMalformed'])
    const added = await client.post(`${url}/microsoft.graph.addKey`, { ...next, proof: proofFor(roller.applicationId) })
    assert.equal(added.statusCode, 200, added.payload)
    assert.equal(of(added)['displayName'], 'Next')
    const removed = await client.post(`${url}/removeKey`, { keyId: first.keyId, proof: proofFor(roller.applicationId) })
    assert.equal(removed.statusCode, 204, removed.payload)
    assert.equal((await client.post(`${url}/removeKey`, { keyId: of(added)['keyId'], proof: proofFor(roller.applicationId) })).statusCode, 401, 'its key is gone')
    // Another program's keys are no business of a program without a permission, proof or not.
    const stolen = await addCertificate(t.app, programs.plain, { like: first })
    const other = await client.post(`/v1.0/applications/${programs.plain.applicationId}/removeKey`, { keyId: stolen.keyId, proof: proofFor(programs.plain.applicationId) })
    assert.equal(other.statusCode, 403, other.payload)
    const pfx = await client.post(`${url}/addKey`, { keyCredential: { type: 'X509CertAndPassword', usage: 'Sign', key: 'AAAA' }, passwordCredential: { secretText: 'x' }, proof: proofFor(roller.applicationId) })
    assert.deepEqual([pfx.statusCode, code(pfx)], [400, 'LK_PRIVATE_KEY'])
  })

  test('the tenant’s policy limits secrets and certificates, and single applications have their own', async () => {
    const url = `/v1.0/applications/${programs.plain.applicationId}`
    const until = (days: number) => ({ passwordCredential: { endDateTime: new Date(t.app.now() + days * 86_400_000).toISOString() } })
    const restriction = { restrictionType: 'passwordLifetime', state: 'enabled', maxLifetime: 'P90D', restrictForAppsCreatedAfterDateTime: null }
    assert.equal((await people.una.patch('/v1.0/policies/defaultAppManagementPolicy', { isEnabled: true })).statusCode, 403)
    assert.equal((await people.ada.patch('/v1.0/policies/defaultAppManagementPolicy', { isEnabled: true, applicationRestrictions: { passwordCredentials: [restriction] } })).statusCode, 204)
    const long = await people.ada.post(`${url}/addPassword`, until(91))
    assert.deepEqual([long.statusCode, of(long)['error'].code], [400, 'CredentialInvalidLifetimeAsPerAppPolicy'])
    assert.match(of(long)['error'].message, /00000000-0000-0000-0000-000000000000/)
    assert.equal((await people.ada.post(`${url}/addPassword`)).statusCode, 400, 'the usual two years are too long')
    assert.equal((await people.ada.post(`${url}/addPassword`, until(89))).statusCode, 200)
    assert.equal((await people.ada.post(`/v1.0/servicePrincipals/${programs.plain.servicePrincipalId}/addPassword`)).statusCode, 200, 'service principals have restrictions of their own')
    const own = of(await people.ada.post('/v1.0/policies/appManagementPolicies', { displayName: 'No secrets', isEnabled: true, restrictions: { passwordCredentials: [{ restrictionType: 'passwordAddition', state: 'enabled', maxLifetime: null }] } }))
    const reference = { '@odata.id': `https://graph.microsoft.com/v1.0/policies/appManagementPolicies/${own['id']}` }
    assert.equal((await people.ada.post(`${url}/appManagementPolicies/$ref`, reference)).statusCode, 204)
    assert.equal((await people.ada.post(`${url}/appManagementPolicies/$ref`, reference)).statusCode, 400)
    const forbidden = await people.ada.post(`${url}/addPassword`, until(5))
    assert.deepEqual([forbidden.statusCode, of(forbidden)['error'].code], [400, 'CredentialTypeNotAllowedAsPerAppPolicy'])
    assert.deepEqual(of(await people.ada.get(`/v1.0/policies/appManagementPolicies/${own['id']}/appliesTo`))['value'].map((one: { id: string }) => one.id), [programs.plain.applicationId])
    assert.equal(of(await people.ada.get(`${url}/appManagementPolicies`))['value'][0].id, own['id'])
    for (const wrong of [{ restrictionType: 'passwordLifetime', maxLifetime: '90 days' }, { restrictionType: 'passwordLifetime' }, { restrictionType: 'passwordAddition', maxLifetime: 'P1D' }, { restrictionType: 'nonsense' }]) {
      assert.equal((await people.ada.patch(`/v1.0/policies/appManagementPolicies/${own['id']}`, { restrictions: { passwordCredentials: [wrong] } })).statusCode, 400, JSON.stringify(wrong))
    }
    assert.equal((await people.ada.delete(`${url}/appManagementPolicies/${own['id']}/$ref`)).statusCode, 204)
    assert.equal((await people.ada.delete(`/v1.0/policies/appManagementPolicies/${own['id']}`)).statusCode, 204)
    assert.equal((await people.ada.patch('/v1.0/policies/defaultAppManagementPolicy', { isEnabled: false })).statusCode, 204)
    assert.equal((await people.ada.post(`${url}/addPassword`, until(91))).statusCode, 200)
  })

  test('trust in another issuer: made, found by id and by name, changed, taken away', async () => {
    const url = `/v1.0/applications/${programs.plain.applicationId}/federatedIdentityCredentials`
    const body = { name: 'ci-main', issuer: 'https://token.ci.example', subject: 'repo:contoso/shop:ref:refs/heads/main', audiences: ['api://AzureADTokenExchange'], description: null }
    const made = await people.ada.post(url, body)
    assert.equal(made.statusCode, 201, made.payload)
    assert.equal((await people.ada.post(url, body)).statusCode, 400)
    assert.equal((await people.ada.post(url, { ...body, name: 'other' })).statusCode, 400, 'the same issuer and subject')
    for (const path of [`${url}/${of(made)['id']}`, `${url}/ci-main`, `${url}(name='ci-main')`]) assert.equal(of(await people.ada.get(path))['subject'], body.subject, path)
    assert.equal((await people.ada.patch(`${url}/ci-main`, { subject: 'x', description: 'y' })).statusCode, 204)
    assert.deepEqual(of(await people.ada.get(url))['value'].map((one: { subject: string }) => one.subject), ['x'])
    for (const wrong of [{ ...body, name: 'b1', issuer: 'http://plain.example' }, { ...body, name: 'b2', audiences: [] }, { ...body, name: 'b3', audiences: ['a', 'b'] }, { ...body, name: 'a b' }, { ...body, name: 'b4', issuer: 'https://u@x.example' }]) {
      assert.equal((await people.ada.post(url, wrong)).statusCode, 400, JSON.stringify(wrong))
    }
    assert.equal((await people.ada.delete(`${url}/ci-main`)).statusCode, 204)
    assert.equal((await people.ada.get(`${url}/ci-main`)).statusCode, 404)
  })

  test('a program is a member of groups like anybody: by id and by appId, directly and through others', async () => {
    const outer = of(await people.gus.post('/v1.0/groups', { displayName: 'Outer', mailNickname: 'outer', mailEnabled: false, securityEnabled: true }))
    const inner = of(await people.gus.post('/v1.0/groups', { displayName: 'Inner', mailNickname: 'inner', mailEnabled: false, securityEnabled: true }))
    for (const [group, member] of [[outer['id'], inner['id']], [inner['id'], programs.plain.servicePrincipalId]]) {
      assert.equal((await people.gus.post(`/v1.0/groups/${group}/members/$ref`, { '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${member}` })).statusCode, 204)
    }
    const names = async (path: string) => (of(await people.gus.get(`/v1.0/servicePrincipals${path}`))['value'] as { displayName: string }[]).map(one => one.displayName).sort()
    assert.deepEqual(await names(`/${programs.plain.servicePrincipalId}/memberOf`), ['Inner'])
    assert.deepEqual(await names(`(appId='${programs.plain.appId}')/transitiveMemberOf`), ['Inner', 'Outer'])
    const ids = of(await people.gus.post(`/v1.0/servicePrincipals/${programs.plain.servicePrincipalId}/getMemberGroups`, { securityEnabledOnly: false }))['value']
    assert.deepEqual(ids.toSorted(), [outer['id'], inner['id']].toSorted())
  })

  test('T-43: another tenant’s ids are nobody’s, in every path and body', async () => {
    const other = await foundTenant(t.app, { name: 'Northwind', domain: 'northwind.example' })
    const foreign = await addProgram(t.app, other, { name: 'Foreign', roles: ['User.Read.All'] })
    const fay = await signedIn(t, await addPerson(t.app, other, { name: 'ada', domain: 'northwind.example', password: null, roles: [roleIds.globalAdministrator] }))
    const federated = of(await fay.post(`/v1.0/applications/${foreign.applicationId}/federatedIdentityCredentials`, { name: 'abc', issuer: 'https://a.example', subject: 'x', audiences: ['y'] }))
    const policy = of(await fay.post('/v1.0/policies/appManagementPolicies', { displayName: 'x' }))
    const grant = of(await fay.post('/v1.0/oauth2PermissionGrants', { clientId: foreign.servicePrincipalId, consentType: 'AllPrincipals', resourceId: firstPartyId(other, graphAppId), scope: 'User.Read' }))
    const assignment = of(await fay.get(`/v1.0/servicePrincipals/${foreign.servicePrincipalId}/appRoleAssignments`))['value'][0]
    assert.ok(federated['id'] && policy['id'] && grant['id'] && assignment.id)
    const ids: Record<string, string> = { applications: foreign.applicationId, servicePrincipals: foreign.servicePrincipalId, users: fay.person.id, groups: randomUUID(), appManagementPolicies: policy['id'], oauth2PermissionGrants: grant['id'] }
    const members: Record<string, string> = { federatedIdentityCredentials: federated['id'], appRoleAssignedTo: assignment.id, appRoleAssignments: assignment.id, owners: fay.person.id, appManagementPolicies: policy['id'] }
    const bodies: Record<string, unknown> = {
      owners: { '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${people.ned.person.id}` }, appManagementPolicies: { '@odata.id': `https://graph.microsoft.com/v1.0/policies/appManagementPolicies/${policy['id']}` },
      removePassword: { keyId: foreign.secretKeyId }, removeKey: { keyId: foreign.secretKeyId, proof: 'x' }, addKey: { keyCredential: { key: 'x' }, proof: 'x' }, addPassword: {},
      federatedIdentityCredentials: { name: 'abcd', issuer: 'https://a.example', subject: 'z', audiences: ['y'] },
      appRoleAssignedTo: { principalId: programs.clerk.servicePrincipalId, resourceId: foreign.servicePrincipalId, appRoleId: roleId('User.Read.All') },
      appRoleAssignments: { principalId: foreign.servicePrincipalId, resourceId: firstPartyId(t.tenantId, graphAppId), appRoleId: roleId('User.Read.All') },
    }
    const before = await foreignState(other)
    const mine = /^\/(v1\.0|beta)\/(applications|servicePrincipals|oauth2PermissionGrants|policies\/appManagementPolicies|(users|groups)\/:id\/(appRole|oauth2))/
    const plain = (payload: string) => payload.replace(/[0-9a-f-]{36}|[\w-]{43}|[\w-]{22}/g, 'id').replace(/"date":"[^"]*"/, '')
    let asked = 0
    for (const { method, url } of t.routes.filter(one => mine.test(one.url) && one.url.includes(':id') && one.method !== 'HEAD' && !/memberOf|checkMember|getMember/i.test(one.url))) {
      const collection = /(\w+)\/:id/.exec(url)![1]!
      const part = /\/:id\/(\w+)/.exec(url)?.[1] ?? ''
      const at = (id: string, member: string) => url.replace(':id', id).replace(':member', member)
      const body = method === 'GET' || method === 'DELETE' ? undefined : (bodies[part] ?? { displayName: 'taken' })
      const payload = part === '' && collection === 'oauth2PermissionGrants' && body ? { scope: 'User.Read' } : body
      const [swapped, random] = [await people.gus.browser.json(method as Method, at(ids[collection]!, members[part] ?? ''), payload), await people.gus.browser.json(method as Method, at(randomUUID(), randomUUID()), payload)]
      assert.equal(swapped.statusCode, 404, `${method} ${url}: ${swapped.payload}`)
      assert.equal(plain(swapped.payload), plain(random.payload), `${method} ${url}`)
      asked++
    }
    assert.ok(asked > 45, `${asked} routes`)
    const graph = firstPartyId(t.tenantId, graphAppId)
    for (const [url, body] of [
      [`/v1.0/servicePrincipals/${graph}/appRoleAssignedTo`, { principalId: foreign.servicePrincipalId, resourceId: graph, appRoleId: roleId('User.Read.All') }],
      ['/v1.0/oauth2PermissionGrants', { clientId: foreign.servicePrincipalId, consentType: 'AllPrincipals', resourceId: graph, scope: 'User.Read' }],
      ['/v1.0/oauth2PermissionGrants', { clientId: programs.plain.servicePrincipalId, consentType: 'Principal', principalId: fay.person.id, resourceId: graph, scope: 'User.Read' }],
      ['/v1.0/servicePrincipals', { appId: foreign.appId }],
    ] as const) assert.equal((await people.gus.post(url, body)).statusCode, 400, url)
    for (const url of [`/v1.0/applications?$filter=appId eq '${foreign.appId}'`, `/v1.0/servicePrincipals?$filter=appId eq '${foreign.appId}'`, `/v1.0/oauth2PermissionGrants?$filter=clientId eq '${foreign.servicePrincipalId}'`]) {
      assert.deepEqual(of(await people.gus.get(url))['value'], [], url)
    }
    assert.equal(await foreignState(other), before)
    assert.notEqual((await askToken(t, { ...foreign, tenantId: t.tenantId })).statusCode, 200)
    assert.equal((await withToken(t, (await actAs(t, foreign)).token).get(`/v1.0/applications/${programs.plain.applicationId}`)).statusCode, 403)
  })

  const foreignState = async (tenantId: string) => JSON.stringify(await Promise.all(
    (['applications', 'servicePrincipals', 'applicationCredentials', 'applicationOwners', 'federatedCredentials', 'appRoleAssignments', 'permissionGrants', 'appManagementPolicies', 'appManagementPolicyLinks'] as const)
      .map(table => t.app.db.selectFrom(table as 'applications').selectAll().where('tenantId', '=', tenantId).execute()),
  ))
})
