// Bearer tokens at our own doors: of which kind, for whom, when, and until when (T-48, T-51, T-54).
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../src/access.ts'
import { freshCaller, privilegedCaller } from '../src/graph/deciding.ts'
import { bumpDeploymentEpoch } from '../src/store/installation.ts'
import { issueAccessToken } from '../src/oauth/access-token.ts'
import { tokenFacts } from '../src/oauth/known-clients.ts'
import { signJwt } from '../src/oauth/signing-keys.ts'
import { azureCliAppId, graphAppId } from '../src/rules/first-party.ts'
import { noteClientChange } from '../src/store/applications.ts'
import { deploymentEpochOf } from '../src/store/sessions.ts'
import { findUser } from '../src/store/users.ts'
import { makeApp } from './support/make-app.ts'
import type { TestApp } from './support/make-app.ts'
import { graph, graphScope, origin, partsOf, tokenOf } from './support/oauth.ts'
import { addPerson, foundTenant, roleIds } from './support/people.ts'
import { addProgram } from './support/programs.ts'
import type { Program } from './support/programs.ts'

test('a token issued under one of our origins is good at the others, and under no other name (LD-42)', async () => {
  const listener = { origin, host: '127.0.0.1', port: 0 }
  const other = 'https://login.contoso.example:8443'
  const t = await makeApp({ config: { listeners: [listener, { ...listener, origin: other }] } })
  try {
    const program = await addProgram(t.app, t.tenantId, { roles: ['User.Read.All'] })
    const under = async (issuer: string, audience: string) => {
      const facts = await tokenFacts(t.app, { tenantId: t.tenantId, appId: program.appId, identifier: 'https://graph.microsoft.com', origins: [origin] })
      const { token } = await issueAccessToken(t.app, {
        tenantId: t.tenantId, tenant: facts!.tenant, client: facts!.client!, method: 'secret', resource: facts!.reached!.resource, audience, origin: issuer, roles: facts!.reached!.roles,
      })
      return (await graph(t, '/v1.0/users', token)).status
    }
    assert.equal(await under(other, 'https://graph.microsoft.com'), 200)
    assert.equal(await under(other, other), 200)
    assert.equal(await under(other, `${origin}/`), 200)
    assert.equal(await under('https://login.contoso.example', 'https://graph.microsoft.com'), 401)
    assert.equal(await under(other, 'https://login.contoso.example'), 401)
  } finally {
    await t.close()
  }
})

describe('a bearer token', () => {
  let t: TestApp
  let program: Program
  let gus: string
  before(async () => {
    t = await makeApp()
    program = await addProgram(t.app, t.tenantId, { roles: ['User.Read.All'] })
    gus = (await addPerson(t.app, t.tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] })).id
  })
  after(() => t.close())

  const codeOf = (told: Awaited<ReturnType<typeof graph>>) => (told.body['error'] as { innerError: { code: string } } | undefined)?.innerError.code

  /** A delegated token as the grants of people make them. */
  async function delegated(userId: string, scopes: string[], more: { authTime?: number; amr?: string[]; identifier?: string } = {}): Promise<string> {
    const facts = await tokenFacts(t.app, { tenantId: t.tenantId, appId: azureCliAppId, identifier: more.identifier ?? 'https://graph.microsoft.com', origins: [origin] })
    const user = (await findUser(t.app.db, t.tenantId, userId))!
    const { token } = await issueAccessToken(t.app, {
      tenantId: t.tenantId, tenant: facts!.tenant, client: facts!.client!, method: 'none', resource: facts!.reached!.resource, audience: more.identifier ?? 'https://graph.microsoft.com', origin, scopes,
      user: {
        id: userId, subject: 'pairwise', userPrincipalName: user.userPrincipalName, displayName: user.displayName, amr: more.amr ?? ['pwd', 'mfa'], authTime: more.authTime ?? t.app.now(),
        epochs: { credentialEpoch: user.credentialEpoch, deploymentEpoch: await deploymentEpochOf(t.app.db, t.tenantId) },
      },
    })
    return token
  }

  /** A token of ours with other claims: signed by our own key, so that nothing but the claims can be what is wrong. */
  async function altered(changes: object, use: 'access' | 'id' = 'access', tenantId = t.tenantId): Promise<string> {
    const { claims } = partsOf(await tokenOf(t, program))
    return signJwt(t.app, tenantId, use, { ...claims, ...changes })
  }

  test('for Graph under any of its names opens Graph, on either endpoint', async () => {
    for (const scope of [graphScope, `${graphAppId}/.default`, `${origin}/.default`, `${origin}//.default`]) {
      const token = await tokenOf(t, program, { scope })
      for (const url of ['/v1.0/users', '/V1.0/Users', '/beta/users']) assert.notEqual((await graph(t, url, token)).status, 401, `${scope} at ${url}`)
    }
  })

  test('of another kind, tenant, audience or issuer opens nothing (T-48)', async () => {
    const other = await foundTenant(t.app, { domain: 'fabrikam.example' })
    const warehouse = await addProgram(t.app, t.tenantId, { name: 'Warehouse', identifierUris: ['api://warehouse'] })
    const good = await tokenOf(t, program)
    const table: [string, string][] = [
      ['for another resource', await tokenOf(t, program, { scope: 'api://warehouse/.default' })],
      ['for the resource manager', await tokenOf(t, program, { scope: `${origin}/arm/.default` })],
      ['for the directory before Graph', await tokenOf(t, program, { scope: '00000002-0000-0000-c000-000000000000/.default' })],
      ['signed by the key of id tokens', await altered({}, 'id')],
      ['an id token', await signJwt(t.app, t.tenantId, 'id', { aud: program.appId, iss: `${origin}/${t.tenantId}/v2.0`, tid: t.tenantId, exp: 4_000_000_000, ver: '2.0' })],
      ['signed by another tenant’s key for itself, naming this one’s program', await altered({ tid: other, iss: `${origin}/${other}/` }, 'access', other)],
      ['signed by another tenant’s key', await altered({}, 'access', other)],
      ['of another issuer', await altered({ iss: 'https://sts.windows.net/x/' })],
      ['of another tenant’s issuer', await altered({ iss: `${origin}/${other}/` })],
      ['of the issuer of the other version', await altered({ iss: `${origin}/${t.tenantId}/v2.0` })],
      ['of no version', await altered({ ver: undefined })],
      ['of version 3', await altered({ ver: '3.0' })],
      ['with a list of audiences', await altered({ aud: ['https://graph.microsoft.com'] })],
      ['for a name like Graph’s', await altered({ aud: 'https://graph.microsoft.com.evil.example' })],
      ['for nobody', await altered({ aud: undefined })],
      ['of a program nobody has', await altered({ appid: '11111111-2222-3333-4444-555555555555' })],
      ['of another program, for this one', await altered({ appid: warehouse.appId })],
      ['of no kind', await altered({ idtyp: undefined })],
      ['of a person that says nothing of them', await altered({ idtyp: 'user', scp: 'User.Read' })],
      ['of a program that says it is a person’s too', await altered({ scp: 'User.Read' })],
      ['our session cookie’s value', 'A'.repeat(43)],
      ['a form token', t.app.keys.mac('csrf', 'x')],
    ]
    for (const [what, token] of table) {
      const told = await graph(t, '/v1.0/users', token)
      assert.deepEqual([told.status, codeOf(told)], [401, 'LK_TOKEN_INVALID'], what)
    }
    assert.equal((await graph(t, '/v1.0/users', good)).status, 200)
  })

  test('opens what it is for: the resource manager takes its own and no other', async () => {
    const arm = await tokenOf(t, program, { scope: `${origin}/arm/.default` })
    assert.deepEqual((await graph(t, '/arm/subscriptions?api-version=2019-11-01', arm)).body, { value: [] })
    assert.deepEqual((await graph(t, '/arm/tenants', arm)).body, { value: [{ id: `/tenants/${t.tenantId}`, tenantId: t.tenantId, displayName: 'Contoso' }] })
    for (const token of [await tokenOf(t, program), 'x']) assert.equal((await graph(t, '/arm/subscriptions', token)).status, 401)
    const bare = await t.server.inject({ url: '/arm/subscriptions', authority: 'reset.contoso.example' })
    assert.equal(bare.statusCode, 401)
    assert.equal((bare.json() as { error: { code: string } }).error.code, 'InvalidAuthenticationToken')
  })

  test('has its time, a minute of doubt on either side (T-51)', async () => {
    const now = Math.floor(t.app.now() / 1000)
    for (const good of [{ exp: now - 55 }, { nbf: now + 60 }, { iat: now + 60 }]) assert.equal((await graph(t, '/v1.0/users', await altered(good))).status, 200, JSON.stringify(good))
    for (const [bad, code] of [
      [{ exp: now - 60 }, 'LK_TOKEN_EXPIRED'], [{ exp: now - 4000 }, 'LK_TOKEN_EXPIRED'], [{ nbf: now + 65 }, 'LK_TOKEN_INVALID'], [{ exp: undefined }, 'LK_TOKEN_INVALID'],
      [{ exp: 'x' }, 'LK_TOKEN_INVALID'], [{ exp: 1e308 }, 'LK_TOKEN_INVALID'], [{ nbf: -1 }, 'LK_TOKEN_INVALID'],
    ] as const) {
      const told = await graph(t, '/v1.0/users', await altered(bad))
      assert.deepEqual([told.status, codeOf(told)], [401, code], JSON.stringify(bad))
    }
  })

  test('of a program lets it do what its roles say, and tells it what it lacks in words that clients look for', async () => {
    const token = await tokenOf(t, program)
    assert.equal((await graph(t, '/v1.0/users', token)).status, 200)
    const refused = await graph(t, `/v1.0/users/${gus}`, token, 'DELETE')
    assert.equal(refused.status, 403)
    assert.deepEqual([(refused.body['error'] as { code: string }).code, (refused.body['error'] as { message: string }).message], ['Authorization_RequestDenied', 'Insufficient privileges to complete the operation.'])
    const me = await graph(t, '/v1.0/me', token)
    assert.deepEqual([me.status, (me.body['error'] as { code: string }).code, (me.body['error'] as { message: string }).message], [400, 'BadRequest', '/me request is only valid with delegated authentication flow.'])
  })

  test('is told in the language it asks for, and in English when it asks for none, whatever the tenant speaks', async () => {
    const latvian = await makeApp()
    // Before the first request: what a tenant's pages look like is kept for a while.
    await latvian.app.db.updateTable('tenants').set({ defaultLocale: 'lv' }).where('id', '=', latvian.tenantId).execute()
    const ask = (url: string, headers: Record<string, string> = {}) => latvian.server.inject({ url, authority: 'reset.contoso.example', headers })
    assert.match((await ask('/signin')).payload, /<html lang="lv">/)
    const token = await tokenOf(latvian, await addProgram(latvian.app, latvian.tenantId))
    const messageOf = async (headers: Record<string, string>) => {
      const reply = await ask('/v1.0/me', { authorization: `Bearer ${token}`, ...headers })
      return (reply.json() as { error: { message: string } }).error.message
    }
    assert.match(await messageOf({}), /only valid with delegated/)
    // What fetch sends by itself, and a language that is none of ours: both leave it English.
    for (const language of ['*', 'fr-FR']) assert.match(await messageOf({ 'accept-language': language }), /only valid with delegated/, language)
    assert.match(await messageOf({ 'accept-language': 'da' }), /på en persons vegne/)
    const withoutToken = async (url: string) => ((await ask(url)).json() as { error: { message: string } }).error.message
    assert.match(await withoutToken('/v1.0/users'), /sign in/i)
    assert.match(await withoutToken('/arm/tenants'), /token/i)
    assert.match(await withoutToken('/v1.0/sites/root'), /does not offer this part/)
    assert.match(await withoutToken('/beta/nothing'), /Resource not found for the segment/)
    await latvian.close()
  })

  test('of a person lets the program do what both may: its scopes, and the person’s roles', async () => {
    const ann = (await addPerson(t.app, t.tenantId, { name: 'ann' })).id
    const me = await graph(t, '/v1.0/me', await delegated(ann, ['User.Read']))
    assert.deepEqual([me.status, me.body['id']], [200, ann])
    assert.equal((await graph(t, '/v1.0/me', await delegated(ann, ['Group.Read.All']))).status, 403)
    assert.equal((await graph(t, `/v1.0/users/${gus}`, await delegated(ann, ['User.ReadWrite.All']), 'DELETE')).status, 403, 'a scope is no role')
    const bob = (await addPerson(t.app, t.tenantId, { name: 'bob' })).id
    assert.equal((await graph(t, `/v1.0/users/${bob}`, await delegated(gus, ['User.Read.All']), 'DELETE')).status, 403, 'a role is no scope')
    assert.equal((await graph(t, `/v1.0/users/${bob}`, await delegated(gus, ['User.ReadWrite.All']), 'DELETE')).status, 204)
  })

  test('of a person who proved themself long ago is asked for a new proof only where Graph itself asks', () => {
    const session = { idHash: '', publicId: '', proofs: [{ method: 'mfa', at: 0 }], createdAt: 0, continueTo: null, locale: null }
    const caller = { kind: 'user', tenantId: 't', userId: 'u', level: 'complete', isAdministrator: true, session, token: { appId: 'a', servicePrincipalId: 's', scopes: [] } } as const
    const request = (who: Caller) => ({ caller: who, routeOptions: { config: {} } }) as unknown as FastifyRequest
    const at = (minutes: number) => ({ ...t.app, now: () => minutes * 60_000 })
    assert.equal(privilegedCaller(at(11), request(caller)), caller, 'an administrator’s own work through a program goes on')
    assert.throws(() => freshCaller(at(11), request(caller)), { message: 'LK_STEP_UP' })
    assert.equal(freshCaller(at(9), request(caller)), caller)
    const password = { ...caller, session: { ...session, proofs: [{ method: 'password', at: 10 * 60_000 }, { method: 'mfa', at: 0 }] } }
    assert.throws(() => freshCaller(at(11), request(password)), { message: 'LK_STEP_UP' }, 'the password alone is not it')
    assert.throws(() => privilegedCaller(at(11), request({ ...caller, token: undefined } as unknown as Caller)), { message: 'LK_STEP_UP' }, 'a browser is asked')
  })

  test('ends with what it stands for: at the next request, in this process and in another (T-54)', async () => {
    const elsewhere = { ...t.app } // another process remembers nothing of what this one changed
    const ends = async (what: string, token: string, change: () => Promise<unknown>, back: () => Promise<unknown>) => {
      assert.equal((await graph(t, '/v1.0/me', token)).status === 401, false, `${what}: before`)
      await change()
      const told = await graph(t, '/v1.0/me', token)
      assert.deepEqual([told.status, codeOf(told)], [401, 'LK_TOKEN_INVALID'], what)
      await back()
    }
    const users = (changes: object) => () => t.app.db.updateTable('users').set(changes).where('id', '=', gus).execute()
    const ofProgram = (table: 'servicePrincipals' | 'applications', changes: object) => async () => {
      await t.app.db.updateTable(table).set(changes).where('appId', '=', program.appId).execute()
      await noteClientChange(elsewhere, elsewhere.db, t.tenantId, program.appId)
    }
    const ofTenant = (changes: object) => () => t.app.db.updateTable('tenants').set(changes).where('id', '=', t.tenantId).execute()
    const nothing = async () => {}
    const own = () => tokenOf(t, program)
    const person = () => delegated(gus, ['User.Read'])
    await ends('a disabled service principal', await own(), ofProgram('servicePrincipals', { accountEnabled: false }), ofProgram('servicePrincipals', { accountEnabled: true }))
    await ends('a disabled application', await own(), ofProgram('applications', { isDisabled: true }), ofProgram('applications', { isDisabled: false }))
    await ends('a deleted application', await own(), ofProgram('applications', { deletedDateTime: 1 }), ofProgram('applications', { deletedDateTime: null }))
    await ends('a suspended tenant', await own(), ofTenant({ suspendedAt: 1 }), ofTenant({ suspendedAt: null }))
    await ends('a suspended tenant, a person', await person(), ofTenant({ suspendedAt: 1 }), ofTenant({ suspendedAt: null }))
    await ends('a disabled person', await person(), users({ accountEnabled: false }), users({ accountEnabled: true }))
    await ends('a deleted person', await person(), users({ deletedDateTime: 1 }), users({ deletedDateTime: null }))
    await ends('a changed password, or "sign out everywhere"', await person(), users({ credentialEpoch: 77 }), nothing)
    await ends('"sign out everybody"', await person(), ofTenant({ sessionEpoch: 5 }), nothing)
    await ends('a restored backup', await person(), () => bumpDeploymentEpoch(t.app.db), nothing)
    assert.equal((await graph(t, '/v1.0/me', await person())).status, 200)
  })
})
