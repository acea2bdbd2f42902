import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { writePolicy } from '../../src/store/policies.ts'
import { defaultTenantSettings } from '../../src/rules/tenant-settings.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { authority, origin } from '../support/oauth.ts'
import { addPerson, foundTenant } from '../support/people.ts'

describe('what clients read before anything else', () => {
  let t: TestApp
  before(async () => {
    t = await makeApp()
  })
  after(() => t.close())
  const get = async (url: string, headers: Record<string, string> = {}) => {
    const reply = await t.server.inject({ url, authority, headers })
    return { status: reply.statusCode, headers: reply.headers, body: reply.json() as Record<string, unknown> }
  }

  test('the metadata name the tenant by its id, under whatever name it was asked for, in any case', async () => {
    const at = `${origin}/${t.tenantId}`
    for (const segment of [t.tenantId, t.tenantId.toUpperCase(), 'contoso.example', 'CONTOSO.EXAMPLE', 'contoso.onlatchkey.example', 'common', 'Organizations', 'adfs']) {
      const { status, headers, body } = await get(`/${segment}/v2.0/.well-known/openid-configuration`)
      assert.equal(status, 200, segment)
      assert.deepEqual(
        [body['issuer'], body['token_endpoint'], body['authorization_endpoint'], body['device_authorization_endpoint'], body['end_session_endpoint'], body['jwks_uri'], body['userinfo_endpoint']],
        [`${at}/v2.0`, `${at}/oauth2/v2.0/token`, `${at}/oauth2/v2.0/authorize`, `${at}/oauth2/v2.0/devicecode`, `${at}/oauth2/v2.0/logout`, `${at}/discovery/v2.0/keys`, `${origin}/oidc/userinfo`],
        segment,
      )
      assert.deepEqual(body['token_endpoint_auth_methods_supported'], ['client_secret_post', 'private_key_jwt', 'client_secret_basic'])
      assert.deepEqual(body['id_token_signing_alg_values_supported'], ['RS256'])
      assert.match(String(headers['content-type']), /^application\/json/)
      assert.equal(headers['access-control-allow-origin'], '*', 'pages of others may read what is public')
    }
  })

  test('the elder metadata name the elder endpoints and an issuer that ends in a slash; AD FS speaks the newer ones', async () => {
    const { body } = await get(`/${t.tenantId}/.well-known/openid-configuration`)
    assert.deepEqual([body['issuer'], body['token_endpoint'], body['jwks_uri']], [`${origin}/${t.tenantId}/`, `${origin}/${t.tenantId}/oauth2/token`, `${origin}/${t.tenantId}/discovery/keys`])
    const adfs = await get('/adfs/.well-known/openid-configuration')
    assert.deepEqual([adfs.body['issuer'], adfs.body['token_endpoint']], [`${origin}/${t.tenantId}/v2.0`, `${origin}/${t.tenantId}/oauth2/v2.0/token`])
  })

  test('every address the metadata name is a route of this server', async () => {
    const declared = new Set(t.routes.map(route => route.url))
    for (const path of ['v2.0/.well-known/openid-configuration', '.well-known/openid-configuration']) {
      const { body } = await get(`/${t.tenantId}/${path}`)
      for (const name of ['token_endpoint', 'jwks_uri', 'userinfo_endpoint', 'authorization_endpoint', 'device_authorization_endpoint', 'end_session_endpoint']) {
        const route = new URL(body[name] as string).pathname.replace(t.tenantId, ':tenant')
        assert.ok(declared.has(route), `${path} ${name}: ${route}`)
      }
    }
  })

  test('a tenant nobody has is 400, with the words that clients show', async () => {
    await t.app.db.updateTable('tenants').set({ suspendedAt: 1 }).where('id', '=', await foundTenant(t.app, { domain: 'suspended.example' })).execute()
    for (const segment of ['nobody.example', 'consumers', '00000000-1111-2222-3333-444444444444', 'suspended.example', '%F0%9F%94%91', '..%2f', "a'b"]) {
      for (const path of ['v2.0/.well-known/openid-configuration', '.well-known/openid-configuration', 'discovery/v2.0/keys', 'discovery/keys']) {
        const { status, body } = await get(`/${segment}/${path}`)
        assert.equal(status, 400, `${segment}/${path}`)
        assert.deepEqual([body['error'], body['error_codes']], ['invalid_request', [90002]], segment)
        assert.match(body['error_description'] as string, /^AADSTS90002: Tenant /)
      }
    }
  })

  test('the keys are the tenant’s own: the newer set names the issuer, both hold the same', async () => {
    const newer = (await get(`/${t.tenantId}/discovery/v2.0/keys`)).body['keys'] as Record<string, unknown>[]
    const elder = (await get('/contoso.example/discovery/keys')).body['keys'] as Record<string, unknown>[]
    assert.deepEqual(newer.map(key => key['kid']), elder.map(key => key['kid']))
    for (const key of newer) {
      assert.deepEqual(Object.keys(key).toSorted(), ['alg', 'e', 'issuer', 'kid', 'kty', 'n', 'use', 'x5c', 'x5t'])
      assert.deepEqual([key['kty'], key['use'], key['alg'], key['x5t'], key['issuer']], ['RSA', 'sig', 'RS256', key['kid'], `${origin}/${t.tenantId}/v2.0`])
    }
    assert.ok(elder.every(key => !('issuer' in key)))
    const other = await foundTenant(t.app, { domain: 'fabrikam.example' })
    const theirs = (await get(`/${other}/discovery/v2.0/keys`)).body['keys'] as Record<string, unknown>[]
    assert.ok(theirs.every(key => !newer.some(one => one['kid'] === key['kid'])))
  })

  test('the algorithm is the tenant’s choice', async () => {
    const id = await foundTenant(t.app, { domain: 'tailspin.example' })
    await writePolicy(t.app.db, { tenantId: id, name: 'tenantSettings', value: { ...defaultTenantSettings, signingAlgorithm: 'ES256' }, by: null, at: t.app.now() })
    const keys = (await get(`/${id}/discovery/v2.0/keys`)).body['keys'] as Record<string, unknown>[]
    assert.deepEqual([keys[0]!['kty'], keys[0]!['crv'], keys[0]!['alg']], ['EC', 'P-256', 'ES256'])
  })

  test('instance discovery answers for our own host, with or without its port, and for no other', async () => {
    const ask = (endpoint: string, version = '1.1') => get(`/common/discovery/instance?api-version=${version}&authorization_endpoint=${encodeURIComponent(endpoint)}`)
    for (const endpoint of [`${origin}/${t.tenantId}/oauth2/v2.0/authorize`, `${origin}:8443/contoso.example/oauth2/v2.0/authorize`, `${origin}/`, `${origin}/common/oauth2/authorize`]) {
      const { status, body } = await ask(endpoint)
      assert.equal(status, 200, endpoint)
      assert.deepEqual(body, {
        tenant_discovery_endpoint: `${origin}/${t.tenantId}/v2.0/.well-known/openid-configuration`, 'api-version': '1.1',
        metadata: [{ preferred_network: authority, preferred_cache: authority, aliases: [authority] }],
      })
    }
    assert.equal((await ask(`${origin}/${t.tenantId}/x`, '1.0')).body['api-version'], '1.0')
    for (const endpoint of ['https://login.evil.example/common', 'x', '', 'https://reset.contoso.example.evil.example/x', 'javascript:alert(1)']) {
      const { status, body } = await ask(endpoint)
      assert.deepEqual([status, body['error'], body['error_codes']], [400, 'invalid_instance', [50049]], endpoint)
    }
    assert.equal((await ask(`${origin}/nobody.example/x`)).status, 400)
  })

  test('the realm of a name is its domain’s, whether anybody has the name or not (T-01)', async () => {
    await addPerson(t.app, t.tenantId, { name: 'ann' })
    const realm = (name: string) => get(`/common/userrealm/${encodeURIComponent(name)}?api-version=1.0`)
    const known = await realm('ann@contoso.example')
    assert.deepEqual(known.body, { ver: '1.0', account_type: 'Managed', domain_name: 'contoso.example', cloud_instance_name: authority, cloud_audience_urn: 'urn:federation:MicrosoftOnline' })
    assert.deepEqual((await realm('nobody@Contoso.Example')).body, known.body)
    for (const name of ['ann@elsewhere.example', 'ann', '@', "x'@x", `a@${'x'.repeat(300)}`]) {
      const { status, body } = await realm(name)
      assert.deepEqual([status, body['account_type'], 'domain_name' in body], [200, 'Unknown', false], name)
    }
  })
})
