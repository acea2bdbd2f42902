import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { verifyAssertion } from '../../src/oauth/assertion.ts'
import { findClient } from '../../src/store/clients.ts'
import { writePolicy } from '../../src/store/policies.ts'
import { defaultTenantSettings } from '../../src/rules/tenant-settings.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { ask, assertionClaims, graphScope, origin, partsOf, post, signed, withAssertion } from '../support/oauth.ts'
import { addCertificate, addProgram } from '../support/programs.ts'
import type { Program, TestCertificate } from '../support/programs.ts'
import { foundTenant } from '../support/people.ts'

const strict = (t: TestApp, on: boolean) =>
  writePolicy(t.app.db, { tenantId: t.tenantId, name: 'tenantSettings', value: { ...defaultTenantSettings, strictAssertions: on }, by: null, at: t.app.now() })

describe('a client assertion', () => {
  let t: TestApp
  let program: Program
  let own: TestCertificate
  before(async () => {
    t = await makeApp()
    program = await addProgram(t.app, t.tenantId, { withoutSecret: true })
    own = await addCertificate(t.app, program)
  })
  after(() => t.close())
  const send = (assertion: string, changes = {}) => ask(t, program, { ...withAssertion(assertion), ...changes })
  const header = (changes: object = {}) => ({ alg: 'RS256', typ: 'JWT', x5t: own.sha1, ...changes })
  const claims = (changes: object = {}) => assertionClaims(t, program, changes)

  test('is accepted in each of the four shapes that clients send', async () => {
    const now = t.app.now() / 1000
    const { nbf: _, ...withoutNbf } = claims({ iat: now + 0.123, exp: now + 600.456 }) as { nbf: number }
    const shapes: [string, string][] = [
      ['MSAL for Python: padded x5t, fractions of seconds, no nbf', signed({ alg: 'RS256', typ: 'JWT', x5t: `${own.sha1}=` }, withoutNbf, own.privateKey)],
      ['with its chain', signed(header({ x5c: [own.certificate.toString('base64')] }), claims(), own.privateKey)],
      ['MSAL for Node: PS256 and x5t#S256', signed({ alg: 'PS256', typ: 'JWT', 'x5t#S256': own.sha256 }, claims(), own.privateKey, 'PS256')],
      ['openid-client: no typ, a kid, the issuer as audience, a minute', signed({ alg: 'RS256', kid: own.sha256 }, claims({ aud: `${origin}/${t.tenantId}/v2.0`, exp: Math.floor(now) + 60 }), own.privateKey)],
    ]
    for (const [what, assertion] of shapes) {
      const told = await send(assertion)
      assert.equal(told.status, 200, `${what}: ${JSON.stringify(told.body)}`)
      assert.equal(partsOf(told.body['access_token'] as string).claims['appidacr'], '2', what)
    }
  })

  test('names its key by either thumbprint, by key id or by hexadecimal digits; the id of the client may be left out of the form', async () => {
    const hex = Buffer.from(own.sha1, 'base64url').toString('hex')
    for (const hint of [{ kid: own.sha1 }, { kid: own.keyId }, { kid: hex }, { kid: hex.toUpperCase() }, { kid: `${own.sha256}==` }]) {
      assert.equal((await send(signed({ alg: 'RS256', ...hint }, claims(), own.privateKey))).status, 200, JSON.stringify(hint))
    }
    assert.equal((await send(signed(header(), claims(), own.privateKey), { client_id: undefined })).status, 200)
    const other = await addProgram(t.app, t.tenantId)
    assert.equal((await send(signed(header(), claims(), own.privateKey), { client_id: other.appId })).code, 700027, 'another client’s id goes with another client’s keys')
  })

  test('by an elliptic key is accepted with ES256 and nothing else', async () => {
    const elliptic = await addCertificate(t.app, program, { kind: 'ec' })
    const by = (alg: string) => signed({ alg, kid: elliptic.sha1 }, claims(), elliptic.privateKey, 'ES256')
    assert.equal((await send(by('ES256'))).status, 200)
    for (const alg of ['RS256', 'PS256']) assert.equal((await send(by(alg))).code, 700027, alg)
  })

  test('is for us only: the issuer, or a token endpoint of this very tenant under any of its names (T-50, LD-34)', async () => {
    const other = await foundTenant(t.app, { domain: 'fabrikam.example' })
    const endpoint = (segment: string, path = 'oauth2/v2.0/token') => `${origin}/${segment}/${path}`
    const table: [unknown, boolean][] = [
      [endpoint(t.tenantId), true], [endpoint(t.tenantId, 'oauth2/token'), true], [endpoint('contoso.example'), true], [endpoint('common'), true], [endpoint('organizations'), true],
      [endpoint('adfs'), true], [`${origin}/${t.tenantId}/v2.0`, true], [[endpoint(t.tenantId)], true],
      [endpoint(other), false], [endpoint('fabrikam.example'), false], [`${origin}/${other}/v2.0`, false], [endpoint('nobody.example'), false],
      [[endpoint(t.tenantId), 'https://evil.example'], false], [[], false], [[[endpoint(t.tenantId)]], false], [undefined, false], [null, false], [{}, false], ['', false],
      [`https://evil.example/${t.tenantId}/oauth2/v2.0/token`, false], [`${origin}.evil.example/${t.tenantId}/oauth2/v2.0/token`, false], [`${origin}@evil.example/${t.tenantId}/v2.0`, false],
      [`http://reset.contoso.example/${t.tenantId}/v2.0`, false], [`${endpoint(t.tenantId)}?x=1`, false], [`${endpoint(t.tenantId)}/`, false], [`${origin}/${t.tenantId}/v2.0/`, false],
      [`${origin}/${t.tenantId}/oauth2/v2.0/authorize`, false], [program.appId, false], [origin, false], [`${origin}/common/v2.0`, false],
    ]
    for (const [aud, good] of table) {
      const told = await send(signed(header(), claims({ aud }), own.privateKey))
      assert.equal(told.status, good ? 200 : 401, `${JSON.stringify(aud)}: ${JSON.stringify(told.body)}`)
      if (!good) assert.equal(told.code, 700023, JSON.stringify(aud))
    }
    const typed = (aud: string) => send(signed(header({ typ: 'client-authentication+jwt' }), claims({ aud }), own.privateKey))
    assert.equal((await typed(`${origin}/${t.tenantId}/v2.0`)).status, 200)
    assert.equal((await typed(endpoint(t.tenantId))).code, 700023, 'a typed assertion means the issuer')
  })

  test('speaks for its own client alone', async () => {
    const other = await addProgram(t.app, t.tenantId)
    for (const wrong of [{ iss: other.appId }, { sub: other.appId }, { iss: undefined }, { sub: null }, { iss: [program.appId] }]) {
      assert.equal((await send(signed(header(), claims(wrong), own.privateKey))).code, 700021, JSON.stringify(wrong))
    }
    assert.equal((await send(signed(header(), claims({ iss: program.appId.toUpperCase(), sub: program.appId.toUpperCase() }), own.privateKey))).status, 200)
  })

  test('has its time, to the second (T-51)', async () => {
    // A second may pass between the making and the reading, so each bound is tried from the side where that does not matter.
    const now = Math.floor(t.app.now() / 1000)
    const good: object[] = [{ exp: now - 55 }, { exp: now + 655 }, { nbf: now + 60 }, { iat: now + 60 }, { nbf: 0 }, { iat: undefined, nbf: undefined }, { exp: now + 600.999 }]
    const bad: [object, number][] = [
      [{ exp: now - 60 }, 700024], [{ exp: now - 61 }, 700024], [{ exp: now + 665 }, 700024], [{ exp: now + 86_400 }, 700024], [{ nbf: now + 65 }, 700024], [{ iat: now + 65 }, 700024], [{ exp: 0 }, 700024],
      [{ exp: undefined }, 50027], [{ exp: null }, 50027], [{ exp: String(now + 300) }, 50027], [{ exp: -1 }, 50027], [{ exp: 1e308 }, 50027], [{ exp: [now] }, 50027], [{ exp: {} }, 50027], [{ exp: true }, 50027],
      [{ nbf: '1' }, 50027], [{ nbf: -1 }, 50027], [{ iat: 1e18 }, 50027],
    ]
    for (const change of good) assert.equal((await send(signed(header(), claims(change), own.privateKey))).status, 200, JSON.stringify(change))
    for (const [change, code] of bad) {
      const told = await send(signed(header(), claims(change), own.privateKey))
      assert.deepEqual([told.status, told.code], [401, code], JSON.stringify(change))
    }
    const infinite = JSON.stringify(claims({ exp: 0 })).replace('"exp":0', '"exp":1e999')
    assert.equal((await send(signed(header(), infinite, own.privateKey))).code, 50027)
    const late = await send(signed(header(), claims({ nbf: undefined, exp: now - 100 }), own.privateKey))
    assert.match(late.body['error_description'] as string, /valid from 1970-01-01T00:00:00\.000Z, expiry time of assertion \d{4}-/)
  })

  test('needs a registered, valid and strong certificate of this very program (T-53)', async () => {
    const hour = 3_600_000
    const by = async (certificate: TestCertificate, hint: object = { x5t: certificate.sha1 }, from = program) =>
      ask(t, from, withAssertion(signed({ alg: 'RS256', ...hint }, assertionClaims(t, from), certificate.privateKey)))
    const other = await addProgram(t.app, t.tenantId, { withoutSecret: true })
    const theirs = await addCertificate(t.app, other)
    assert.equal((await by(theirs)).code, 700027, 'another program’s')
    assert.match((await by(theirs)).body['error_description'] as string, /The key was not found, thumbprint of key used by client: '[0-9A-F]{40}'/)
    assert.equal((await by(await addCertificate(t.app, program, { until: t.app.now() - hour, from: t.app.now() - 2 * hour }))).code, 700027, 'one that has ended')
    const early = await by(await addCertificate(t.app, program, { from: t.app.now() + hour, until: t.app.now() + 2 * hour }))
    assert.match(early.body['error_description'] as string, /not within its time.*Start=\d{4}-.*End=\d{4}-/)
    assert.equal((await by(await addCertificate(t.app, program, { bits: 1024 }))).code, 700027, 'a weak one')
    // The same thumbprint in both: each program's assertions count for itself.
    const shared = await addCertificate(t.app, other, { like: own })
    assert.equal((await by(shared, { x5t: own.sha1 }, other)).status, 200)
    // A forged hint: another registered key's name over this key's signature.
    assert.match((await by(theirs, { x5t: own.sha1 })).body['error_description'] as string, /The key was found, but use of the key to verify the signature failed/)
    assert.equal((await by(own, { x5t: theirs.sha1, kid: own.sha1 })).code, 700027, 'the thumbprint goes before the key id')
    for (const hint of [{}, { x5t: 1 }, { kid: null }]) assert.equal((await by(own, hint)).code, 50027, JSON.stringify(hint))
  })

  test('may be used again until it ends, as MSAL does, unless the tenant is strict (LD-10)', async () => {
    const assertion = signed(header(), claims(), own.privateKey)
    for (let n = 0; n < 3; n++) assert.equal((await send(assertion)).status, 200)
    for (const jti of [undefined, '', 'x'.repeat(257), 7, null]) assert.equal((await send(signed(header(), claims({ jti }), own.privateKey))).code, 50027, String(jti))
  })

  describe('where the tenant is strict', () => {
    before(() => strict(t, true))
    after(() => strict(t, false))
    const issued = (changes: object = {}) => signed(header(), claims({ aud: `${origin}/${t.tenantId}/v2.0`, ...changes }), own.privateKey)

    test('must name the issuer', async () => {
      assert.equal((await send(signed(header(), claims(), own.privateKey))).code, 700023)
      assert.equal((await send(issued())).status, 200)
    })

    test('of twenty at once one gets a token, and none after it, in another process neither (T-49)', async () => {
      const assertion = issued()
      const told = await Promise.all(Array.from({ length: 20 }, () => send(assertion)))
      assert.equal(told.filter(one => one.status === 200).length, 1)
      assert.ok(told.filter(one => one.status !== 200).every(one => one.status === 401 && one.code === 50027))
      assert.match((await send(assertion)).body['error_description'] as string, /used before/)
      // Another process remembers nothing of it but what is in the database.
      const elsewhere = { ...t.app }
      const place = { tenantId: t.tenantId, origins: [origin] }
      const client = await findClient(elsewhere.db, t.tenantId, program.appId)
      await assert.rejects(verifyAssertion(elsewhere, client, assertion, place), /used before/)
      assert.equal((await verifyAssertion(elsewhere, client, issued(), place)).keyId, own.keyId)
    })

    test('is one client’s own: another may have used the same jti', async () => {
      const jti = randomBytes(12).toString('base64url')
      assert.equal((await send(issued({ jti }))).status, 200)
      const other = await addProgram(t.app, t.tenantId, { withoutSecret: true })
      const theirs = await addCertificate(t.app, other)
      const assertion = signed({ alg: 'RS256', x5t: theirs.sha1 }, assertionClaims(t, other, { jti, aud: `${origin}/${t.tenantId}/v2.0` }), theirs.privateKey)
      assert.equal((await post(t, `/${t.tenantId}/oauth2/v2.0/token`, { grant_type: 'client_credentials', scope: graphScope, client_id: other.appId, ...withAssertion(assertion) })).status, 200)
    })
  })
})
