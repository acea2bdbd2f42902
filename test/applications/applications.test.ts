import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { graphAppId } from '../../src/rules/first-party.ts'
import { graphPermissions } from '../../src/rules/graph-permissions.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, roleIds } from '../support/people.ts'
import type { Reply } from '../support/browse.ts'
import { bodyOf, certificate } from '../support/app-certificates.ts'
import { actAs, askToken } from '../support/program-client.ts'
import { addProgram } from '../support/programs.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

const applicationAdministrator = '9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3'
const of = (reply: Reply) => JSON.parse(reply.payload) as Record<string, any>
const error = (reply: Reply) => (JSON.parse(reply.payload) as { error: { code: string; message: string; details?: { code: string; target: string }[]; innerError: { code: string } } }).error

for (const engine of ['sqlite', 'postgres'] as const) describe(`applications over Graph (${engine})`, () => {
  let t: TestApp
  let ada: SignedIn
  before(async () => {
    t = await makeApp({ engine })
    ada = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'ada', password: null, roles: [applicationAdministrator] }))
  })
  after(() => t.close())

  const create = async (body: Record<string, unknown> = {}): Promise<Record<string, any>> => {
    const reply = await ada.post('/v1.0/applications', { displayName: `App ${randomUUID().slice(0, 8)}`, ...body })
    assert.equal(reply.statusCode, 201, reply.payload)
    return of(reply)
  }
  const refused = (reply: Reply, status: number, code: string, message: RegExp, target?: string) => {
    assert.equal(reply.statusCode, status, reply.payload)
    assert.equal(error(reply).code, code, reply.payload)
    assert.match(error(reply).message, message)
    if (target !== undefined) assert.equal(error(reply).details?.[0]?.target, target)
  }

  test('are made with ids of the server’s, found by each of their names, and gone when deleted', async () => {
    const uri = `api://${randomUUID()}`
    const made = await create({ displayName: 'Shop', identifierUris: [uri], keyCredentials: [], uniqueName: 'shop-1' })
    assert.notEqual(made['id'], made['appId'])
    for (const path of [made['id'], `(appId='${made['appId']}')`, `(appId='${made['appId'].toUpperCase()}')`, `(uniqueName='shop-1')`]) {
      assert.equal(of(await ada.get(`/v1.0/applications${path.startsWith('(') ? path : `/${path}`}`))['id'], made['id'], path)
    }
    for (const filter of [
      `appId eq '${made['appId']}'`, `displayName eq 'Shop'`, `startswith(displayName,'sho')`, `identifierUris/any(s:s eq '${uri}')`, `identifierUris/any(s:s eq '${uri.toUpperCase()}')`,
      `appId eq '${made['appId']}' and startswith(displayName,'Shop')`, `displayName in ('Shop','x')`, `id eq '${made['id']}' or displayName eq 'nobody'`,
    ]) {
      const found = of(await ada.get(`/v1.0/applications?$filter=${encodeURIComponent(filter)}`))
      assert.deepEqual(found['value'].map((one: { id: string }) => one.id), [made['id']], filter)
    }
    assert.equal((await ada.delete(`/v1.0/applications/${made['id']}`)).statusCode, 204)
    refused(await ada.get(`/v1.0/applications/${made['id']}`), 404, 'Request_ResourceNotFound', / does not exist or one of its queried reference-property objects are not present/)
    refused(await ada.delete(`/v1.0/applications/${made['id']}`), 404, 'Request_ResourceNotFound', /does not exist/)
    assert.deepEqual(of(await ada.get(`/v1.0/applications?$filter=appId eq '${made['appId']}'`))['value'], [])
  })

  test('are changed part by part: objects are merged, lists replaced, null is the beginning', async () => {
    const { id } = await create({ web: { redirectUris: ['https://shop.example/a'], homePageUrl: 'https://shop.example' }, tags: ['x'] })
    const patch = async (body: unknown) => assert.equal((await ada.patch(`/v1.0/applications/${id}`, body)).statusCode, 204)
    await patch({ web: { implicitGrantSettings: { enableIdTokenIssuance: true } }, description: 'Sells', signInAudience: 'AzureADMultipleOrgs' })
    let now = of(await ada.get(`/v1.0/applications/${id}`))
    assert.deepEqual(now['web'], {
      homePageUrl: 'https://shop.example', logoutUrl: null, redirectUris: ['https://shop.example/a'],
      implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: true }, redirectUriSettings: [],
    })
    await patch({ web: { redirectUris: ['http://localhost:3000/cb'], homePageUrl: null }, tags: [], publicClient: { '@odata.type': '#microsoft.graph.publicClientApplication', redirectUris: ['msal1://auth', 'http://localhost'] } })
    now = of(await ada.get(`/v1.0/applications/${id}`))
    assert.deepEqual([now['web'].redirectUris, now['web'].homePageUrl, now['tags'], now['publicClient'].redirectUris, now['description']], [['http://localhost:3000/cb'], null, [], ['msal1://auth', 'http://localhost'], 'Sells'])
    const access = { resourceAppId: graphAppId, resourceAccess: [{ id: graphPermissions.find(one => one.value === 'User.Read')!.scopeId, type: 'Scope' }] }
    await patch({ requiredResourceAccess: [access], optionalClaims: { idToken: [{ name: 'email' }] } })
    now = of(await ada.get(`/v1.0/applications/${id}?$select=requiredResourceAccess,optionalClaims`))
    assert.deepEqual(now['requiredResourceAccess'], [access])
    assert.deepEqual(now['optionalClaims'].idToken, [{ name: 'email', source: null, essential: false, additionalProperties: [] }])
    await patch({ optionalClaims: null })
    assert.equal(of(await ada.get(`/v1.0/applications/${id}`))['optionalClaims'], null)
  })

  test('with a unique name are made by PATCH where they are missing, and changed where they are not', async () => {
    const name = `u-${randomUUID()}`
    const url = `/v1.0/applications(uniqueName='${name}')`
    const upsert = (body: object) => ada.browser.request({
      method: 'PATCH', url, payload: body, headers: { 'x-latchkey': '1', origin: 'https://reset.contoso.example', prefer: 'create-if-missing' },
    })
    refused(await ada.patch(url, { displayName: 'x' }), 404, 'Request_ResourceNotFound', /does not exist/)
    const made = await upsert({ displayName: 'Upserted' })
    assert.equal(made.statusCode, 201, made.payload)
    assert.equal((await upsert({ displayName: 'Again' })).statusCode, 204)
    const now = of(await ada.get(url))
    assert.deepEqual([now['id'], now['displayName'], now['uniqueName']], [of(made)['id'], 'Again', name])
    refused(await ada.patch(url, { uniqueName: 'other' }), 400, 'Request_BadRequest', /uniqueName/, 'uniqueName')
  })

  test('an identifier or a unique name that another has is 400 with the property named', async () => {
    const uri = `api://${randomUUID()}`
    await create({ identifierUris: [uri], uniqueName: `n-${engine}` })
    refused(await ada.post('/v1.0/applications', { displayName: 'x', identifierUris: [uri.toUpperCase().replace('API', 'api')] }), 400, 'Request_MultipleObjectsWithSameKeyValue', /identifierUris already exists/, 'identifierUris')
    refused(await ada.post('/v1.0/applications', { displayName: 'x', uniqueName: `n-${engine}` }), 400, 'Request_MultipleObjectsWithSameKeyValue', /uniqueName already exists/, 'uniqueName')
    const { id } = await create()
    refused(await ada.patch(`/v1.0/applications/${id}`, { identifierUris: [uri] }), 400, 'Request_MultipleObjectsWithSameKeyValue', /identifierUris already exists/)
  })

  test('nobody takes a name that is Graph’s or our own (T-49)', async () => {
    for (const uri of ['https://graph.microsoft.com', 'https://graph.microsoft.com/', 'https://reset.contoso.example', 'https://reset.contoso.example/', 'https://RESET.contoso.example/arm', 'https://reset.contoso.example/x', `https://management.azure.com/`]) {
      refused(await ada.post('/v1.0/applications', { displayName: 'x', identifierUris: [uri] }), 400, 'Request_BadRequest', /identifierUris/, 'identifierUris')
    }
  })

  test('what cannot be is refused with the property named, and nothing is made', async () => {
    const rows = async () => (await t.app.db.selectFrom('applications').select('id').execute()).length
    const count = await rows()
    const bad: [body: unknown, target: string][] = [
      [{}, 'displayName'], [{ displayName: '' }, 'displayName'], [{ displayName: '\u202e \u2066' }, 'displayName'], [{ displayName: 7 }, 'displayName'], [{ displayName: 'x'.repeat(257) }, 'displayName'],
      [{ displayName: 'x', nonsense: 1 }, 'nonsense'], [{ displayName: 'x', id: randomUUID() }, 'id'], [{ displayName: 'x', appId: randomUUID() }, 'appId'],
      [{ displayName: 'x', createdDateTime: '2020-01-01T00:00:00Z' }, 'createdDateTime'], [{ displayName: 'x', publisherDomain: 'x.example' }, 'publisherDomain'],
      [{ displayName: 'x', web: { redirectUris: ['javascript:alert(1)'] } }, 'web.redirectUris'], [{ displayName: 'x', web: { redirectUris: ['http://shop.example/'] } }, 'web.redirectUris'],
      [{ displayName: 'x', web: { redirectUris: ['https://*.shop.example/'] } }, 'web.redirectUris'], [{ displayName: 'x', web: { redirectUris: ['https://shop.example/#x'] } }, 'web.redirectUris'],
      [{ displayName: 'x', web: { redirectUris: ['https://a@shop.example/'] } }, 'web.redirectUris'], [{ displayName: 'x', publicClient: { redirectUris: ['data:text/html,x'] } }, 'publicClient.redirectUris'],
      [{ displayName: 'x', spa: { redirectUris: ['app://x'] } }, 'spa.redirectUris'], [{ displayName: 'x', web: { logoutUrl: 'ftp://x' } }, 'web.logoutUrl'],
      [{ displayName: 'x', identifierUris: ['not a uri'] }, 'identifierUris'], [{ displayName: 'x', identifierUris: ['api://a', 'API://a'] }, 'identifierUris'],
      [{ displayName: 'x', signInAudience: 'Everyone' }, 'signInAudience'], [{ displayName: 'x', api: { requestedAccessTokenVersion: 3 } }, 'api.requestedAccessTokenVersion'],
      [{ displayName: 'x', appRoles: [{ id: 'x', displayName: 'x', allowedMemberTypes: ['User'] }] }, 'appRoles.0.id'],
      [{ displayName: 'x', appRoles: [{ id: randomUUID(), displayName: 'x', allowedMemberTypes: [], value: 'a' }] }, 'appRoles'],
      [{ displayName: 'x', appRoles: [{ id: randomUUID(), displayName: 'x', allowedMemberTypes: ['User'], value: 'a b' }] }, 'appRoles'],
      [{ displayName: 'x', passwordCredentials: [{ secretText: 'chosen by me, thank you very much' }] }, 'passwordCredentials'],
      [{ displayName: 'x', keyCredentials: [{ key: 'bm90IGEgY2VydGlmaWNhdGU=' }] }, 'keyCredentials[0].key'],
    ]
    for (const [body, target] of bad) {
      const reply = await ada.post('/v1.0/applications', body)
      assert.equal(reply.statusCode, 400, `${JSON.stringify(body)}: ${reply.payload}`)
      assert.equal(error(reply).details?.[0]?.target, target, reply.payload)
    }
    assert.equal(await rows(), count)
  })

  test('T-44: an object sent back whole is refused, each of its read-only properties by name', async () => {
    const made = await create()
    const principal = of(await ada.post('/v1.0/servicePrincipals', { appId: made['appId'] }))
    for (const [url, whole, writable] of [
      [`/v1.0/applications/${made['id']}`, made, /^(addIns|api|appRoles|defaultRedirectUri|description|displayName|groupMembershipClaims|identifierUris|info|is\w+|keyCredentials|nativeAuth\w+|notes|oauth2\w+|optionalClaims|parental\w+|passwordCredentials|publicClient|request\w+|required\w+|saml\w+|service\w+|signInAudience|spa|tags|tokenEncryptionKeyId|uniqueName|web)$/],
      [`/v1.0/servicePrincipals/${principal['id']}`, principal, /^(accountEnabled|alternativeNames|appRoleAssignmentRequired|description|displayName|keyCredentials|loginUrl|notes|notification\w+|passwordCredentials|preferred\w+|samlSingle\w+|servicePrincipalNames|tags|tokenEncryptionKeyId)$/],
    ] as const) {
      assert.equal((await ada.patch(url, whole)).statusCode, 400)
      const readOnly = Object.keys(whole).filter(name => !writable.test(name) && !name.startsWith('@'))
      assert.ok(readOnly.length > 8, readOnly.join())
      for (const name of readOnly) {
        const reply = await ada.patch(url, { [name]: whole[name] })
        assert.deepEqual([reply.statusCode, error(reply).details?.[0]?.target], [400, name], name)
      }
      const { statusCode, payload } = await ada.patch(url, Object.fromEntries(Object.entries(whole).filter(([name]) => writable.test(name))))
      assert.equal(statusCode, 204, `what may be written may be sent back as it is: ${payload}`)
    }
  })

  test('a role or scope is switched off before it goes', async () => {
    const role = { id: randomUUID(), displayName: 'Reads orders', value: 'Orders.Read', allowedMemberTypes: ['Application'], isEnabled: true, description: 'x' }
    const scope = { id: randomUUID(), value: 'orders', type: 'Admin', isEnabled: true, adminConsentDisplayName: 'x', adminConsentDescription: 'x' }
    const { id } = await create({ appRoles: [role], api: { oauth2PermissionScopes: [scope] } })
    refused(await ada.patch(`/v1.0/applications/${id}`, { appRoles: [] }), 400, 'CannotDeleteOrUpdateEnabledEntitlement', /Orders\.Read/, 'appRoles')
    refused(await ada.patch(`/v1.0/applications/${id}`, { api: { oauth2PermissionScopes: [] } }), 400, 'CannotDeleteOrUpdateEnabledEntitlement', /orders/)
    assert.equal((await ada.patch(`/v1.0/applications/${id}`, { appRoles: [{ ...role, isEnabled: false }], api: { oauth2PermissionScopes: [{ ...scope, isEnabled: false }] } })).statusCode, 204)
    assert.equal((await ada.patch(`/v1.0/applications/${id}`, { appRoles: [], api: { oauth2PermissionScopes: [] } })).statusCode, 204)
  })

  test('pages are signed, complete and without repetition, whatever the order', async () => {
    const prefix = `Page ${randomUUID().slice(0, 6)}`
    for (let n = 0; n < 7; n++) await create({ displayName: `${prefix} ${n}` })
    let next: string | undefined = `/v1.0/applications?$filter=startswith(displayName,'${prefix}')&$top=3&$select=displayName`
    const seen: string[] = []
    for (let pages = 0; next !== undefined && pages < 9; pages++) {
      const page: Record<string, any> = of(await ada.get(next.replace('https://reset.contoso.example', '')))
      seen.push(...page['value'].map((one: { displayName: string }) => one.displayName))
      next = page['@odata.nextLink']
    }
    assert.deepEqual(seen.sort(), Array.from({ length: 7 }, (_, n) => `${prefix} ${n}`))
    const counted = await ada.browser.request({ method: 'GET', url: `/v1.0/applications?$filter=startswith(displayName,'${prefix}')&$count=true&$top=1`, headers: { consistencylevel: 'eventual' } })
    assert.equal(of(counted)['@odata.count'], 7)
    refused(await ada.get('/v1.0/applications?$count=true'), 400, 'Request_UnsupportedQuery', /./)
    for (const query of ['$filter=secretHash eq 1', "$filter=passwordCredentials/any(p:p/hint eq 'abc')", '$top=0', '$top=1000', '$skip=1', '$select=nothing', '$filter=displayName', '$skiptoken=x']) {
      assert.equal((await ada.get(`/v1.0/applications?${query}`)).statusCode, 400, query)
    }
  })

  test('what Azure CLI sends for an application and its credentials works as it reads it (real-clients §3.4)', async () => {
    const name = `az ${randomUUID().slice(0, 8)}`
    const found = of(await ada.get(`/v1.0/applications?$filter=startswith%28displayName%2C%27${encodeURIComponent(name)}%27%29`))
    assert.deepEqual(found['value'], [])
    const app = await create({ displayName: name, keyCredentials: [] })
    const principal = of(await ada.post('/v1.0/servicePrincipals', { appId: app['appId'], accountEnabled: true }))
    assert.deepEqual(principal['servicePrincipalNames'], [app['appId']])
    refused(await ada.post('/v1.0/servicePrincipals', { appId: app['appId'], accountEnabled: true }), 409, 'Request_MultipleObjectsWithSameKeyValue', /already in use/)
    refused(await ada.post('/v1.0/servicePrincipals', { appId: randomUUID() }), 400, 'Request_BadRequest', /does not reference a valid application object/)
    const start = new Date(t.app.now() + 3000).toISOString().replace(/\.\d+Z/, 'Z')
    const end = new Date(t.app.now() + 365 * 86_400_000).toISOString().replace(/\.\d+Z/, 'Z')
    const made = of(await ada.post(`/v1.0/applications/${app['id']}/addPassword`, { passwordCredential: { displayName: 'first', endDateTime: end, startDateTime: start } }))
    assert.match(made['secretText'], /^\w[\w-]{39}$/)
    assert.deepEqual([made['hint'], made['endDateTime'], made['startDateTime'], made['displayName']], [made['secretText'].slice(0, 3), end, start, 'first'])
    // The certificate's list goes back and forth as az writes it: with its own keyId, line breaks in the key, and an echo of the old.
    const { certificate: pem } = certificate({ likeAz: true, name: 'CLI-Login' })
    const keyId = randomUUID()
    const entry = { '@odata.type': '#microsoft.graph.keyCredential', displayName: null, endDateTime: end.replace(/^\d+/, year => String(Number(year) - 1)).replace(/.*/, () => new Date(t.app.now() + 300 * 86_400_000).toISOString()), key: pem.replace(/-----[A-Z ]+-----\n/g, ''), keyId, startDateTime: new Date(t.app.now()).toISOString(), type: 'AsymmetricX509Cert', usage: 'Verify' }
    assert.equal((await ada.patch(`/v1.0/applications/${app['id']}`, { keyCredentials: [entry] })).statusCode, 204)
    const [kept] = of(await ada.get(`/v1.0/applications/${app['id']}`))['keyCredentials']
    assert.equal(kept.keyId, keyId)
    assert.equal(kept.key, null)
    assert.match(kept.customKeyIdentifier, /^[0-9A-F]{40}$/)
    const second = { ...entry, keyId: randomUUID(), key: bodyOf(certificate({ name: 'Two' }).certificate) }
    assert.equal((await ada.patch(`/v1.0/applications/${app['id']}`, { keyCredentials: [kept, second] })).statusCode, 204)
    const both = of(await ada.get(`/v1.0/applications/${app['id']}?$select=keyCredentials`))['keyCredentials'] as { keyId: string; key: string }[]
    assert.deepEqual(both.map(one => one.keyId).sort(), [keyId, second.keyId].sort())
    assert.ok(both.every(one => one.key.length > 100), 'asked for by name, of one object, the bytes are there')
    const listed = of(await ada.get(`/v1.0/applications?$filter=id eq '${app['id']}'&$select=keyCredentials`))['value'][0]['keyCredentials'] as { key: null }[]
    assert.ok(listed.every(one => one.key === null))
    assert.equal((await ada.patch(`/v1.0/applications/${app['id']}`, { keyCredentials: [kept] })).statusCode, 204)
    assert.equal(of(await ada.get(`/v1.0/applications/${app['id']}`))['keyCredentials'].length, 1)
    refused(await ada.post(`/v1.0/applications/${app['id']}/removePassword`, { keyId: randomUUID() }), 400, 'Request_BadRequest', /No password credential found with keyId/)
    assert.equal((await ada.post(`/v1.0/applications/${app['id']}/removePassword`, { keyId: made['keyId'] })).statusCode, 204)
    assert.deepEqual(of(await ada.get(`/v1.0/applications/${app['id']}`))['passwordCredentials'], [])
    assert.equal((await ada.delete(`/v1.0/servicePrincipals/${principal['id']}`)).statusCode, 204)
    assert.equal(of(await ada.post('/v1.0/servicePrincipals', { appId: app['appId'] }))['appId'], app['appId'])
  })

  test('a secret is in the answer that made it and nowhere after it', async () => {
    const app = await create()
    const { secretText, keyId } = of(await ada.post(`/v1.0/applications/${app['id']}/addPassword`))
    for (const url of [`/v1.0/applications/${app['id']}`, `/v1.0/applications/${app['id']}?$select=passwordCredentials`, '/v1.0/applications', `/beta/applications/${app['id']}/credentialUsage`, '/v1.0/auditLogs/directoryAudits?$top=50']) {
      assert.ok(!(await ada.get(url)).payload.includes(secretText), url)
    }
    const [kept] = of(await ada.get(`/v1.0/applications/${app['id']}`))['passwordCredentials']
    assert.deepEqual([kept.keyId, kept.secretText, kept.hint], [keyId, null, secretText.slice(0, 3)])
    // Echoed unchanged it is tolerated; a new one is not.
    assert.equal((await ada.patch(`/v1.0/applications/${app['id']}`, { passwordCredentials: [kept] })).statusCode, 204)
    refused(await ada.patch(`/v1.0/applications/${app['id']}`, { passwordCredentials: [kept, { displayName: 'mine', secretText: 'x'.repeat(40) }] }), 400, 'Request_BadRequest', /addPassword/)
    refused(await ada.patch(`/v1.0/applications/${app['id']}`, { passwordCredentials: [] }), 400, 'Request_BadRequest', /addPassword/)
    refused(await ada.post(`/v1.0/applications/${app['id']}/addPassword`, { passwordCredential: { secretText: 'x'.repeat(40) } }), 400, 'Request_BadRequest', /never chosen/)
    const born = of(await ada.post('/v1.0/applications', { displayName: 'Born with one', passwordCredentials: [{ displayName: 'first' }] }))
    assert.match(born['passwordCredentials'][0].secretText, /^\w[\w-]{39}$/)
  })

  test('several secrets sign in side by side, a staged one from its start, and a removed one not once more (M-02)', async () => {
    const program = await addProgram(t.app, t.tenantId, { roles: ['User.Read.All'] })
    const path = `/v1.0/applications/${program.applicationId}`
    const with_ = async (secret: string) => (await askToken(t, { ...program, secret })).statusCode
    const [one, two] = [of(await ada.post(`${path}/addPassword`)), of(await ada.post(`/v1.0/servicePrincipals/${program.servicePrincipalId}/addPassword`))]
    const later = of(await ada.post(`${path}/addPassword`, { passwordCredential: { startDateTime: new Date(t.app.now() + 86_400_000).toISOString() } }))
    assert.deepEqual([await with_(program.secret), await with_(one['secretText']), await with_(two['secretText']), await with_(later['secretText'])], [200, 200, 200, 401])
    await ada.post(`${path}/removePassword`, { keyId: one['keyId'] })
    assert.deepEqual([await with_(one['secretText']), await with_(program.secret)], [401, 200])
    refused(await ada.post(`${path}/removePassword`, { keyId: two['keyId'] }), 400, 'Request_BadRequest', /No password credential found/)
    const usage = of(await ada.get(`/beta/applications/${program.applicationId}/credentialUsage`))['value'] as Record<string, any>[]
    const mine = (keyId: string) => usage.find(row => row['keyId'] === keyId)!
    assert.deepEqual([mine(program.secretKeyId)['useCount'], mine(two['keyId'])['useCount'], mine(later['keyId'])['useCount']], [2, 1, 0])
    assert.deepEqual([mine(program.secretKeyId)['isSafeToRemove'], mine(program.secretKeyId)['reasonCode'], mine(program.secretKeyId)['lastIpAddress']], [false, 'CREDENTIAL_IN_USE', '127.0.0.1'])
    assert.deepEqual([mine(later['keyId'])['state'], mine(two['keyId'])['ownerType']], ['scheduled', 'servicePrincipal'])
  })

  test('of many who do the same at once, one does it and the others are told', async () => {
    const app = await create()
    const url = `/v1.0/applications/${app['id']}`
    const many = (work: () => Promise<Reply>) => Promise.all(Array.from({ length: 8 }, work))
    const made = await many(() => ada.post(`${url}/addPassword`))
    assert.ok(made.every(reply => reply.statusCode === 200))
    assert.equal(of(await ada.get(url))['passwordCredentials'].length, 8)
    const removed = await many(() => ada.post(`${url}/removePassword`, { keyId: of(made[0]!)['keyId'] }))
    assert.deepEqual(removed.map(reply => reply.statusCode).sort(), [204, ...Array(7).fill(400)])
    const principals = await many(() => ada.post('/v1.0/servicePrincipals', { appId: app['appId'] }))
    assert.deepEqual(principals.map(reply => reply.statusCode).sort(), [201, ...Array(7).fill(409)])
    const keys = await many(() => ada.patch(url, { keyCredentials: [{ type: 'AsymmetricX509Cert', usage: 'Verify', key: bodyOf(certificate().certificate) }] }))
    assert.ok(keys.every(reply => reply.statusCode === 204))
    assert.equal(of(await ada.get(url))['keyCredentials'].length, 1, 'each replaced the list of the one before')
    const deleted = await many(() => ada.delete(url))
    assert.deepEqual(deleted.map(reply => reply.statusCode).sort(), [204, ...Array(7).fill(404)])
  })

  test('a service principal is switched off and on, and its program with it', async () => {
    const program = await addProgram(t.app, t.tenantId, { roles: ['User.Read.All'] })
    const client = await actAs(t, program)
    assert.equal((await client.get('/v1.0/users?$top=1')).statusCode, 200)
    assert.equal((await ada.patch(`/v1.0/servicePrincipals(appId='${program.appId}')`, { accountEnabled: false })).statusCode, 204)
    assert.notEqual((await askToken(t, program)).statusCode, 200)
    assert.equal((await client.get('/v1.0/users?$top=1')).statusCode, 401)
    assert.equal((await ada.patch(`/v1.0/servicePrincipals/${program.servicePrincipalId}`, { accountEnabled: true })).statusCode, 204)
    assert.equal((await askToken(t, program)).statusCode, 200)
    assert.equal((await ada.delete(`/v1.0/applications/${program.applicationId}`)).statusCode, 204)
    assert.notEqual((await askToken(t, program)).statusCode, 200)
    assert.equal((await ada.get(`/v1.0/servicePrincipals/${program.servicePrincipalId}`)).statusCode, 404, 'it went with its application')
  })

  test('what is built in is there to be read and given out, and not to be changed or taken over', async () => {
    const graph = of(await ada.get(`/v1.0/servicePrincipals(appId='${graphAppId}')`))
    assert.ok(graph['appRoles'].length > 50 && graph['oauth2PermissionScopes'].length > 50)
    assert.ok(graph['servicePrincipalNames'].includes('https://graph.microsoft.com') && graph['servicePrincipalNames'].includes('https://reset.contoso.example'))
    for (const name of ['https://graph.microsoft.com', 'https://reset.contoso.example/']) {
      assert.equal(of(await ada.get(`/v1.0/servicePrincipals?$filter=servicePrincipalNames/any(c:c eq '${name}')&$select=appId`))['value'][0]?.appId, graphAppId, name)
    }
    const url = `/v1.0/servicePrincipals/${graph['id']}`
    for (const [method, path, body] of [
      ['POST', '/addPassword', {}], ['POST', '/removePassword', { keyId: randomUUID() }], ['PATCH', '', { accountEnabled: false }], ['DELETE', '', undefined],
      ['POST', '/owners/$ref', { '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${ada.person.id}` }], ['POST', '/addKey', { keyCredential: { type: 'AsymmetricX509Cert', usage: 'Verify', key: 'x' }, proof: 'x' }],
    ] as const) {
      const gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: `g${randomUUID().slice(0, 6)}`, password: null, roles: [roleIds.globalAdministrator] }))
      assert.equal((await gus.browser.json(method, url + path, body)).statusCode, 400, `${method} ${path}`)
    }
  })

  test('every change stands in the audit under its name, by whom', async () => {
    const app = await create({ displayName: 'Audited' })
    await ada.patch(`/v1.0/applications/${app['id']}`, { description: 'new' })
    await ada.post(`/v1.0/applications/${app['id']}/addPassword`)
    const principal = of(await ada.post('/v1.0/servicePrincipals', { appId: app['appId'] }))
    await ada.post(`/v1.0/servicePrincipals/${principal['id']}/addPassword`)
    await ada.delete(`/v1.0/applications/${app['id']}`)
    const rows = await t.app.db.selectFrom('audit').select(['activity', 'category', 'initiatedBy']).where('targetId', 'in', [app['id'], principal['id']]).orderBy('sequence').execute()
    assert.deepEqual(rows.map(row => row.activity), [
      'Add application', 'Update application', 'Update application – Certificates and secrets management', 'Add service principal', 'Add service principal credentials', 'Delete application',
    ])
    assert.ok(rows.every(row => row.category === 'ApplicationManagement' && row.initiatedBy.includes(ada.person.id)))
  })
})
