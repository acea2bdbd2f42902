// T-47: whatever is not exactly a token of ours, or an assertion by a registered key, opens nothing, costs no more than a refusal and breaks nothing.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { JwtInvalid, readJwt, timeFault } from '../../src/oauth/jwt.ts'
import { publishedKeys } from '../../src/oauth/signing-keys.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { forgeries } from '../support/forgeries.ts'
import { ask, assertionClaims, encoded, graph, signed, tokenOf, withAssertion } from '../support/oauth.ts'
import { addCertificate, addProgram } from '../support/programs.ts'
import type { Program, TestCertificate } from '../support/programs.ts'

describe('forged tokens', () => {
  let t: TestApp
  let program: Program
  let own: TestCertificate
  before(async () => {
    t = await makeApp()
    program = await addProgram(t.app, t.tenantId, { roles: ['User.Read.All'] })
    own = await addCertificate(t.app, program)
  })
  after(() => t.close())

  test('at Graph: more than a hundred kinds, each 401 in Graph’s own words; the good one opens', async () => {
    const good = await tokenOf(t, program)
    const key = (await publishedKeys(t.app, t.tenantId)).find(one => one.use === 'access')!
    const all = forgeries(good, Buffer.from(key.row.certificate, 'base64'))
    assert.ok(all.length > 100, `${all.length}`)
    for (const [what, token] of all) {
      if (/ with a (blank|line break)$/.test(what)) continue // around a header's value they mean nothing
      const told = await graph(t, '/v1.0/users', token.replace(/[^\x20-\x7e]/g, '?'))
      assert.equal(told.status, 401, what)
      assert.equal((told.body['error'] as { code: string }).code, 'InvalidAuthenticationToken', what)
      assert.match(String(told.headers['www-authenticate']), /^Bearer realm="", authorization_uri="https:\/\/reset\.contoso\.example\/common\/oauth2\/authorize", client_id="/, what)
    }
    assert.equal((await graph(t, '/v1.0/users', good)).status, 200)
  })

  test('at the token endpoint: each 401 invalid_client; the good one is accepted', async () => {
    const good = signed({ alg: 'RS256', typ: 'JWT', x5t: own.sha1 }, assertionClaims(t, program), own.privateKey)
    const all = forgeries(good, own.certificate)
    assert.ok(all.length > 100, `${all.length}`)
    for (const [what, token] of all) {
      const told = await ask(t, program, withAssertion(token))
      if (what === 'the payload: too large') {
        assert.equal(told.status, 413)
        continue
      }
      assert.equal(told.status, 401, `${what}: ${JSON.stringify(told.body)}`)
      assert.equal(told.body['error'], 'invalid_client', what)
      assert.ok([50027, 700027].includes(told.code), `${what}: ${told.code}`)
    }
    assert.equal((await ask(t, program, withAssertion(good))).status, 200)
  })

  test('anything at all is read as a token or refused as none: nothing else is thrown', () => {
    const part = fc.oneof(fc.base64String(), fc.string(), fc.json().map(encoded), fc.jsonValue().map(value => encoded(JSON.stringify(value) ?? '')))
    const token = fc.oneof(fc.string(), fc.array(part, { maxLength: 6 }).map(parts => parts.join('.')))
    fc.assert(fc.property(token, text => {
      try {
        const { header, claims } = readJwt(text)
        assert.equal(typeof header === 'object' && typeof claims === 'object', true)
      } catch (error) {
        assert.ok(error instanceof JwtInvalid, String(error))
      }
    }), { numRuns: 3000 })
  })

  test('times of any kind are judged or refused, and none is good for ever', () => {
    const any = fc.oneof(fc.double(), fc.integer(), fc.string(), fc.constant(null), fc.constant(undefined), fc.boolean(), fc.array(fc.integer()), fc.object())
    fc.assert(fc.property(any, any, any, fc.integer({ min: 0, max: 4_000_000_000 }), (exp, nbf, iat, seconds) => {
      let fault: unknown
      try {
        fault = timeFault({ exp, nbf, iat }, seconds * 1000)
      } catch (error) {
        assert.ok(error instanceof JwtInvalid)
        return
      }
      if (fault !== undefined) return
      assert.ok(typeof exp === 'number' && seconds < exp + 60)
      for (const from of [nbf, iat]) assert.ok(from === undefined || (typeof from === 'number' && from <= seconds + 60))
    }), { numRuns: 3000 })
  })

  test('a mutation of any one character of a good token makes it none', async () => {
    const good = await tokenOf(t, program)
    const places = [...good].map((_, at) => at).filter(at => at % 17 === 3)
    for (const at of places) {
      const changed = good.slice(0, at) + (good[at] === 'A' ? 'B' : 'A') + good.slice(at + 1)
      assert.equal((await graph(t, '/v1.0/users', changed)).status, 401, `character ${at}`)
    }
  })
})
