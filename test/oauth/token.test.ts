import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { noteClientChange } from '../../src/store/applications.ts'
import { listProgramSignIns } from '../../src/store/program-sign-ins.ts'
import { flushCredentialUses } from '../../src/credentials/credential-use.ts'
import { listCredentialUses } from '../../src/store/application-credentials.ts'
import { findServicePrincipalByAppId } from '../../src/store/service-principals.ts'
import { writePolicy } from '../../src/store/policies.ts'
import { defaultTenantSettings } from '../../src/rules/tenant-settings.ts'
import { graphAppId } from '../../src/rules/first-party.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { ask, authority, graphScope, origin, partsOf, post, tokenOf } from '../support/oauth.ts'
import type { Fields } from '../support/oauth.ts'
import { addProgram, giveGraphRole } from '../support/programs.ts'
import type { Program } from '../support/programs.ts'
import { foundTenant } from '../support/people.ts'

const api = (version: number | null) => ({ acceptMappedClaims: null, knownClientApplications: [], oauth2PermissionScopes: [], preAuthorizedApplications: [], requestedAccessTokenVersion: version })

describe('a program asks for its own token', () => {
  let t: TestApp
  let payroll: Program
  let warehouse: Program
  let v2: string
  let v1: string
  before(async () => {
    t = await makeApp()
    payroll = await addProgram(t.app, t.tenantId, { roles: ['User.Read.All', 'Group.Read.All'] })
    warehouse = await addProgram(t.app, t.tenantId, { name: 'Warehouse', identifierUris: ['https://warehouse.contoso.example/'], document: { api: api(2) } })
    v2 = `/${t.tenantId}/oauth2/v2.0/token`
    v1 = `/${t.tenantId}/oauth2/token`
  })
  after(() => t.close())
  const basic = (id: string, secret: string) => ({ authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` })

  test('with its secret in the body: an answer with numbers as numbers, kept by nobody', async () => {
    const { status, headers, body } = await ask(t, payroll)
    assert.equal(status, 200)
    assert.deepEqual(Object.keys(body), ['token_type', 'expires_in', 'ext_expires_in', 'access_token'])
    assert.deepEqual([body['token_type'], body['expires_in'], body['ext_expires_in']], ['Bearer', 3599, 3599])
    assert.equal(headers['cache-control'], 'no-store')
    assert.match(String(headers['content-type']), /^application\/json/)
    assert.match(String(headers['x-ms-request-id']), /^[0-9a-f-]{36}$/)
  })

  test('with HTTP Basic, id and secret form-encoded inside it', async () => {
    const without = { client_id: undefined, client_secret: undefined }
    assert.equal((await ask(t, payroll, without, basic(payroll.appId, payroll.secret))).status, 200)
    const percent = (text: string) => [...text].map(one => `%${one.codePointAt(0)!.toString(16).padStart(2, '0')}`).join('')
    assert.equal((await ask(t, payroll, without, basic(percent(payroll.appId), percent(payroll.secret)))).status, 200)
    assert.equal((await ask(t, payroll, without, basic(payroll.appId, `${payroll.secret}x`))).code, 7000215)
    assert.equal((await ask(t, payroll, without, basic(payroll.appId, '%zz'))).code, 9002313)
    assert.equal((await ask(t, payroll, without, { authorization: 'Bearer x' })).code, 9002313)
    assert.equal((await ask(t, payroll, { client_secret: undefined }, basic(payroll.appId, payroll.secret))).status, 200, 'the id may stand in the body as well')
    assert.equal((await ask(t, payroll, { client_secret: undefined }, basic(warehouse.appId, payroll.secret))).code, 9002313, 'but not another one')
    assert.equal((await ask(t, payroll, {}, basic(payroll.appId, payroll.secret))).code, 9002313, 'nor two proofs at once')
  })

  test('with what MSAL adds to the address and the body, in any case of the path', async () => {
    const id = 'A2C5F7B0-1111-2222-3333-444455556666'
    const extra = { client_info: '1', 'x-client-SKU': 'msal.js.node', 'x-client-current-telemetry': '5|771,2,,,|,', claims: '{"access_token":{"xms_cc":{"values":["CP1"]}}}', nonce: 'n', response_type: 'token' }
    const url = `/${t.tenantId.toUpperCase()}/OAuth2/V2.0/Token?client-request-id=${id}&foo=bar`
    const told = await post(t, url, { grant_type: 'client_credentials', client_id: payroll.appId.toUpperCase(), client_secret: payroll.secret, scope: graphScope, ...extra })
    assert.equal(told.status, 200)
    assert.equal(told.headers['client-request-id'], id)
    assert.equal(partsOf(told.body['access_token'] as string).claims['appid'], payroll.appId, 'ids go out in small letters')
  })

  test('for Graph under each of its names, and the token says which was meant', async () => {
    for (const [scope, aud] of [
      [graphScope, 'https://graph.microsoft.com'], ['https://graph.microsoft.com//.default', 'https://graph.microsoft.com/'], [`${graphAppId}/.default`, graphAppId],
      [`${origin}/.default`, origin], [`${origin}//.default`, `${origin}/`], ['.default', 'https://graph.microsoft.com'], [`openid offline_access ${graphScope}`, 'https://graph.microsoft.com'],
      [`${origin}/arm/.default`, `${origin}/arm`],
    ] as const) {
      const { claims } = partsOf(await tokenOf(t, payroll, { scope }))
      assert.equal(claims['aud'], aud, scope)
      assert.deepEqual(claims['roles'], scope.includes('/arm') ? undefined : ['Group.Read.All', 'User.Read.All'], scope)
    }
  })

  test('and gets version 1 for Graph, with every claim of it', async () => {
    const { header, claims } = partsOf(await tokenOf(t, payroll))
    const now = Math.floor(t.app.now() / 1000)
    const { aio, rh, uti, iat, nbf, exp, ...rest } = claims as Record<string, number>
    assert.deepEqual([header['typ'], header['alg'], header['x5t']], ['JWT', 'RS256', header['kid']])
    assert.ok(aio && rh && uti)
    assert.ok(Math.abs(iat! - now) <= 1 && nbf === iat && exp === iat! + 3600)
    assert.deepEqual(rest, {
      aud: 'https://graph.microsoft.com', iss: `${origin}/${t.tenantId}/`, app_displayname: 'Payroll', appid: payroll.appId, appidacr: '1', idp: `${origin}/${t.tenantId}/`, idtyp: 'app',
      oid: payroll.servicePrincipalId, roles: ['Group.Read.All', 'User.Read.All'], sub: payroll.servicePrincipalId, tid: t.tenantId, ver: '1.0',
    })
  })

  test('and gets version 2 where the resource wants it, whichever endpoint it asked', async () => {
    const scope = 'https://warehouse.contoso.example//.default'
    for (const told of [
      await ask(t, payroll, { scope }),
      await post(t, v1, { grant_type: 'client_credentials', client_id: payroll.appId, client_secret: payroll.secret, resource: 'https://warehouse.contoso.example/' }),
    ]) {
      const { header, claims } = partsOf(told.body['access_token'] as string)
      assert.deepEqual([claims['ver'], claims['aud'], claims['iss'], claims['azp'], claims['azpacr']], ['2.0', warehouse.appId, `${origin}/${t.tenantId}/v2.0`, payroll.appId, '1'])
      assert.equal('appid' in claims || 'x5t' in header || 'roles' in claims, false, 'no claim of version 1, and no roles where none were given')
    }
  })

  test('at the elder endpoint: a resource instead of scopes, and numbers as text', async () => {
    const told = await post(t, v1, { grant_type: 'client_credentials', client_id: payroll.appId, client_secret: payroll.secret, resource: 'https://graph.microsoft.com/' })
    const { access_token, ...rest } = told.body
    const { claims } = partsOf(access_token as string)
    assert.equal(claims['aud'], 'https://graph.microsoft.com/')
    assert.deepEqual(rest, {
      token_type: 'Bearer', expires_in: '3599', ext_expires_in: '3599', expires_on: String(claims['exp']), not_before: String(claims['nbf']), resource: 'https://graph.microsoft.com/',
    })
  })

  test('at the tenant by its domain, and as AD FS, but not at /common, which names nobody', async () => {
    const fields: Fields = { grant_type: 'client_credentials', client_id: payroll.appId, client_secret: payroll.secret, scope: graphScope }
    for (const segment of ['contoso.example', 'Contoso.Example', 'contoso.onlatchkey.example', 'adfs', 'organizations']) {
      assert.equal((await post(t, `/${segment}/oauth2/v2.0/token`, fields)).status, 200, segment)
    }
    assert.equal((await post(t, '/common/oauth2/v2.0/token', fields)).code, 50059)
    for (const segment of ['nobody.example', 'consumers', '00000000-0000-0000-0000-00000000abcd', "x'--", '%00']) {
      const told = await post(t, `/${encodeURIComponent(segment)}/oauth2/v2.0/token`, fields)
      assert.equal(told.status, 400, segment)
      assert.ok([90002, 9002313].includes(told.code), `${segment}: ${told.code}`)
    }
  })

  test('every refusal has its status, class and code, and is JSON that no client keeps too long (LD-32)', async () => {
    const expired = await addProgram(t.app, t.tenantId, { secretUntil: t.app.now() - 1000 })
    const bare = await addProgram(t.app, t.tenantId, { withoutSecret: true })
    const installed = await addProgram(t.app, t.tenantId, { withoutSecret: true, document: { isFallbackPublicClient: true } })
    const demanding = await addProgram(t.app, t.tenantId, { identifierUris: ['api://demanding'] })
    await t.app.db.updateTable('servicePrincipals').set({ document: JSON.stringify({ appRoleAssignmentRequired: true }) }).where('id', '=', demanding.servicePrincipalId).execute()
    const nobody = { appId: '11111111-2222-3333-4444-555555555555', secret: 'x' }
    const table: [string, Promise<Awaited<ReturnType<typeof ask>>>, number, string, number][] = [
      ['a wrong secret', ask(t, payroll, { client_secret: 'wrong' }), 401, 'invalid_client', 7000215],
      ['the id of the secret in its place', ask(t, payroll, { client_secret: payroll.secretKeyId }), 401, 'invalid_client', 7000215],
      ['a secret that has ended', ask(t, expired), 401, 'invalid_client', 7000222],
      ['a wrong secret where one has ended', ask(t, expired, { client_secret: 'wrong' }), 401, 'invalid_client', 7000215],
      ['a secret where there is none', ask(t, bare, { client_secret: 'wrong' }), 401, 'invalid_client', 7000215],
      ['no proof at all', ask(t, payroll, { client_secret: undefined }), 401, 'invalid_client', 7000216],
      ['an empty secret', ask(t, payroll, { client_secret: '' }), 401, 'invalid_client', 7000216],
      ['a public client with a secret', ask(t, installed, { client_secret: 'x' }), 401, 'invalid_client', 700025],
      ['an application nobody has', ask(t, nobody), 400, 'unauthorized_client', 700016],
      ['an id that is none', ask(t, { appId: "' or 1=1", secret: 'x' }), 400, 'unauthorized_client', 700016],
      ['no client id', ask(t, payroll, { client_id: undefined }), 400, 'invalid_request', 900144],
      ['no grant type', ask(t, payroll, { grant_type: undefined }), 400, 'invalid_request', 900144],
      ['a grant type nobody knows', ask(t, payroll, { grant_type: 'magic' }), 400, 'unsupported_grant_type', 70003],
      ['a grant type every object knows', ask(t, payroll, { grant_type: 'toString' }), 400, 'unsupported_grant_type', 70003],
      ['no scope', ask(t, payroll, { scope: undefined }), 400, 'invalid_request', 900144],
      ['a permission by name', ask(t, payroll, { scope: 'https://graph.microsoft.com/User.Read.All' }), 400, 'invalid_scope', 1002012],
      ['only scopes of OpenID', ask(t, payroll, { scope: 'openid profile' }), 400, 'invalid_scope', 1002012],
      ['.default and a name', ask(t, payroll, { scope: `${graphScope} https://graph.microsoft.com/User.Read` }), 400, 'invalid_scope', 70011],
      ['two resources', ask(t, payroll, { scope: `${graphScope} ${origin}/arm/.default` }), 400, 'invalid_scope', 700022],
      ['a scope that is none', ask(t, payroll, { scope: 'https://graph.microsoft.com/"/.default' }), 400, 'invalid_scope', 70011],
      ['a resource nobody has', ask(t, payroll, { scope: 'api://nobody/.default' }), 400, 'invalid_resource', 500011],
      ['a resource that demands an assignment', ask(t, payroll, { scope: 'api://demanding/.default' }), 400, 'invalid_grant', 501051],
      ['a resource at the newer endpoint', ask(t, payroll, { resource: 'https://graph.microsoft.com' }), 400, 'invalid_request', 901002],
      ['no resource at the elder one', post(t, v1, { grant_type: 'client_credentials', client_id: payroll.appId, client_secret: payroll.secret }), 400, 'invalid_request', 900144],
      ['a secret in the address', post(t, `${v2}?client_secret=${payroll.secret}`, { grant_type: 'client_credentials', client_id: payroll.appId, scope: graphScope }), 400, 'invalid_request', 9002346],
      ['a secret from a browser', ask(t, payroll, {}, { origin: 'https://evil.example' }), 400, 'invalid_request', 9002326],
      ['a secret from a page of ours', ask(t, payroll, {}, { origin }), 400, 'invalid_request', 9002326],
      ['an assertion of another type', ask(t, payroll, { client_secret: undefined, client_assertion: 'x', client_assertion_type: 'saml' }), 400, 'invalid_request', 900144],
      ['an assertion that is none', ask(t, payroll, { client_secret: undefined, client_assertion: 'x', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' }), 401, 'invalid_client', 50027],
    ]
    for (const [what, asked, status, error, code] of table) {
      const { status: told, body, headers, code: toldCode } = await asked
      assert.deepEqual([told, body['error'], toldCode], [status, error, code], what)
      assert.match(body['error_description'] as string, new RegExp(`^AADSTS${code}: .* Trace ID: [0-9a-f-]{36} Correlation ID: [0-9a-f-]{36} Timestamp: \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ$`), what)
      assert.deepEqual([body['trace_id'], body['error_uri']], [headers['x-ms-request-id'], `${origin}/error?code=${code}`], what)
      assert.equal(headers['www-authenticate'] ?? headers['retry-after'], undefined, what)
      assert.equal(headers['cache-control'], 'no-store', what)
      assert.ok(!JSON.stringify(body).includes(payroll.secret), what)
    }
  })

  test('a body or an address it cannot read is an error of its own kind, not a page', async () => {
    const send = (payload: string, headers: Record<string, string>) => t.server.inject({ method: 'POST', url: v2, authority, headers, payload })
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    for (const [what, reply, status] of [
      ['JSON', await send('{}', { 'content-type': 'application/json' }), 415],
      ['a field twice', await send('grant_type=a&grant_type=b', form), 400],
      ['__proto__', await send('__proto__=a', form), 400],
      ['too large', await send(`a=${'x'.repeat(70_000)}`, form), 413],
      ['compressed', await send('a=b', { ...form, 'content-encoding': 'gzip' }), 415],
      ['nothing', await t.server.inject({ method: 'POST', url: v2, authority }), 400],
      ['GET', await t.server.inject({ method: 'GET', url: v2, authority }), 405],
      ['a path beside it', await t.server.inject({ method: 'POST', url: `/${t.tenantId}/oauth2/v2.0/tokens`, authority, headers: form, payload: 'a=b' }), 404],
    ] as const) {
      assert.equal(reply.statusCode, status, what)
      const body = reply.json() as { error: string; error_description: string }
      assert.match(body.error_description, /^AADSTS\d+: /, what)
    }
  })

  test('what is changed counts for the next token: a role, a secret, the program itself (T-54)', async () => {
    const program = await addProgram(t.app, t.tenantId)
    assert.equal(partsOf(await tokenOf(t, program)).claims['roles'], undefined)
    await giveGraphRole(t.app, program, 'User.Read.All')
    assert.deepEqual(partsOf(await tokenOf(t, program)).claims['roles'], ['User.Read.All'])
    const change = async (work: () => Promise<unknown>) => {
      await work()
      await noteClientChange(t.app, t.app.db, t.tenantId, program.appId)
    }
    await change(() => t.app.db.updateTable('servicePrincipals').set({ accountEnabled: false }).where('id', '=', program.servicePrincipalId).execute())
    assert.equal((await ask(t, program)).code, 7000112)
    assert.equal((await ask(t, program, { client_secret: 'wrong' })).code, 7000215, 'only who has the secret is told so')
    await change(() => t.app.db.updateTable('servicePrincipals').set({ accountEnabled: true }).where('id', '=', program.servicePrincipalId).execute())
    await change(() => t.app.db.deleteFrom('applicationCredentials').where('keyId', '=', program.secretKeyId).execute())
    assert.equal((await ask(t, program)).code, 7000215)
    const graph = await findServicePrincipalByAppId(t.app.db, t.tenantId, graphAppId)
    assert.ok(graph)
  })

  test('another tenant gives it nothing, whatever it knows', async () => {
    const other = await foundTenant(t.app, { domain: 'fabrikam.example' })
    for (const segment of [other, 'fabrikam.example']) {
      const told = await post(t, `/${segment}/oauth2/v2.0/token`, { grant_type: 'client_credentials', client_id: payroll.appId, client_secret: payroll.secret, scope: graphScope })
      assert.equal(told.code, 700016, segment)
    }
  })

  test('a tenant decides how long a token lasts, and a suspended one gives none', async () => {
    const id = await foundTenant(t.app, { domain: 'tailspin.example' })
    const program = await addProgram(t.app, id)
    const fields = { grant_type: 'client_credentials', client_id: program.appId, client_secret: program.secret, scope: graphScope }
    const first = await post(t, `/${id}/oauth2/v2.0/token`, fields)
    assert.equal(first.body['expires_in'], 3599)
    await writePolicy(t.app.db, { tenantId: id, name: 'tenantSettings', value: { ...defaultTenantSettings, accessTokenLifetimeInSeconds: 600 }, by: null, at: t.app.now() })
    const { claims } = partsOf((await post(t, `/${id}/oauth2/v2.0/token`, fields)).body['access_token'] as string)
    assert.equal((claims['exp'] as number) - (claims['iat'] as number), 600)
    await t.app.db.updateTable('tenants').set({ suspendedAt: t.app.now() }).where('id', '=', id).execute()
    assert.equal((await post(t, `/${id}/oauth2/v2.0/token`, fields)).code, 90002)
  })

  test('when the answer is there, its sign-in is in the log, and so is every refusal; no secret is', async () => {
    const program = await addProgram(t.app, t.tenantId, { name: 'Bakery' })
    const token = await tokenOf(t, program)
    const [success] = await listProgramSignIns(t.app.db, { tenantId: t.tenantId, servicePrincipalId: program.servicePrincipalId })
    assert.deepEqual(
      [success?.appId, success?.displayName, success?.resourceId, success?.method, success?.credentialKeyId, success?.tokenId, success?.errorCode],
      [program.appId, 'Bakery', graphAppId, 'clientSecret', program.secretKeyId, partsOf(token).claims['uti'], null],
    )
    const refused = await ask(t, program, { client_secret: 'not-the-secret' })
    const [failure] = await listProgramSignIns(t.app.db, { tenantId: t.tenantId, servicePrincipalId: program.servicePrincipalId })
    assert.deepEqual([failure?.errorCode, failure?.tokenId, failure?.correlationId], [7000215, null, refused.body['trace_id']])
    await ask(t, { appId: 'hunter2-typed-here', secret: 'x' })
    const all = await listProgramSignIns(t.app.db, { tenantId: t.tenantId })
    assert.deepEqual([all[0]?.servicePrincipalId, all[0]?.displayName, all[0]?.errorCode], [null, 'h…', 700016])
    assert.ok(!JSON.stringify(all).includes('hunter2') && !JSON.stringify(all).includes('not-the-secret') && !JSON.stringify(all).includes(program.secret))
  })

  test('an answer waits for its own line to be on disk and for nobody else’s commit; a refusal waits as everything does (decision 014)', async () => {
    const program = await addProgram(t.app, t.tenantId)
    await tokenOf(t, program)
    const { settled } = t.store
    const others = Promise.withResolvers<void>()
    t.store.settled = () => others.promise
    try {
      assert.equal((await ask(t, program)).status, 200)
      let answered = false
      const refused = ask(t, program, { client_secret: 'wrong' }).finally(() => (answered = true))
      await ask(t, program)
      assert.equal(answered, false)
      others.resolve()
      assert.equal((await refused).status, 401)
    } finally {
      t.store.settled = settled
    }
  })

  test('hundreds at once each have their own row and their own id', async () => {
    const program = await addProgram(t.app, t.tenantId)
    const tokens = await Promise.all(Array.from({ length: 300 }, () => tokenOf(t, program)))
    const ids = new Set(tokens.map(token => partsOf(token).claims['uti']))
    const rows = await listProgramSignIns(t.app.db, { tenantId: t.tenantId, servicePrincipalId: program.servicePrincipalId, top: 999 })
    assert.equal(ids.size, 300)
    assert.deepEqual(new Set(rows.map(row => row.tokenId)), ids)
    assert.deepEqual(rows.map(row => row.id), rows.map(row => row.id).toSorted().toReversed())
    await flushCredentialUses(t.app)
    const [use] = await listCredentialUses(t.app.db, t.tenantId, [program.applicationId])
    assert.deepEqual([use?.keyId, use?.useCount], [program.secretKeyId, 300])
    assert.match(String(use?.lastIpAddress), /^10\./)
  })

  test('wrong proofs are throttled by client and address, and the right one is let in all the same (T-52)', async () => {
    const program = await addProgram(t.app, t.tenantId)
    const from = (address: string) => ({ remoteAddress: address })
    const send = async (fields: Fields, address: string) => {
      const payload = new URLSearchParams({ grant_type: 'client_credentials', client_id: program.appId, scope: graphScope, ...fields } as Record<string, string>).toString()
      const reply = await t.server.inject({ method: 'POST', url: v2, authority, headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload, ...from(address) })
      return { status: reply.statusCode, retryAfter: reply.headers['retry-after'] }
    }
    for (let n = 0; n < 30; n++) assert.equal((await send({ client_secret: `guess ${n}` }, '192.0.2.1')).status, 401)
    const throttled = await send({ client_secret: 'guess' }, '192.0.2.1')
    assert.equal(throttled.status, 429)
    assert.ok(Number(throttled.retryAfter) >= 1 && Number(throttled.retryAfter) <= 60)
    const logged = async () => (await listProgramSignIns(t.app.db, { tenantId: t.tenantId, servicePrincipalId: program.servicePrincipalId })).length
    assert.equal(await logged(), 30, 'the log is not filled by a flood')
    assert.deepEqual(await send({ client_secret: 'guess' }, '192.0.2.2'), { status: 401, retryAfter: undefined })
    assert.equal((await send({ client_secret: program.secret }, '192.0.2.1')).status, 200, 'nobody locks another’s program out')
    // Whoever has one IPv6 address has all of its /64.
    const six = (n: number) => `2001:db8:1:2::${n.toString(16)}`
    for (let n = 0; n < 30; n++) assert.equal((await send({ client_secret: `guess ${n}` }, six(n))).status, 401)
    assert.equal((await send({ client_secret: 'guess' }, six(99))).status, 429)
    assert.equal((await send({ client_secret: 'guess' }, '2001:db8:1:3::1')).status, 401)
  })
})

test('a client id with characters that no id has is refused before the database sees it, wherever it is written (T-64)', async () => {
  const t = await makeApp({ engine: 'postgres' })
  const url = `/${t.tenantId}/oauth2/v2.0/token`
  const fields = { grant_type: 'client_credentials', scope: graphScope }
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const assertion = `${part({ alg: 'RS256' })}.${part({ sub: '\u0000a' })}.AAAA`
  for (const told of [
    await post(t, url, fields, basic('%00a:b')), await post(t, url, fields, basic('\u0000a:b')),
    await post(t, url, { ...fields, client_assertion: assertion, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' }),
  ]) assert.deepEqual([told.status, told.code], [400, 9002313])
  await t.close()
})

test('nothing of what a program shows or is given stands in the log (T-52, T-75)', async () => {
  const lines: string[] = []
  const write = (message: string, fields: unknown) => void lines.push(`${message} ${JSON.stringify(fields)} ${inspect(fields)}`)
  const t = await makeApp({ log: { info: write, warn: write, error: write } })
  try {
    const program = await addProgram(t.app, t.tenantId)
    const assertion = `${'x'.repeat(30)}.CANARYASSERTION.y`
    const token = await tokenOf(t, program)
    await ask(t, program, { client_secret: 'CANARYSECRET' })
    await ask(t, program, { client_secret: undefined, client_assertion: assertion, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' })
    await ask(t, program, { client_secret: undefined }, { authorization: `Basic ${Buffer.from(`${program.appId}:CANARYBASIC`).toString('base64')}` })
    await post(t, `/${t.tenantId}/oauth2/v2.0/token?client_secret=CANARYADDRESS`, { grant_type: 'client_credentials' })
    await t.server.inject({ url: '/v1.0/users', authority, headers: { authorization: `Bearer ${token}` } })
    await t.server.inject({ url: '/v1.0/users', authority, headers: { authorization: `Bearer ${token}CANARYBEARER` } })
    assert.ok(lines.length >= 7, `${lines.length} lines`)
    const all = lines.join('\n')
    for (const secret of [program.secret, token, token.split('.')[2]!, 'CANARY', Buffer.from('CANARYBASIC').toString('base64').slice(0, 10)]) assert.ok(!all.includes(secret), secret)
  } finally {
    await t.close()
  }
})
