import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { authorizeChecks, checkAuthorize } from '../../src/rules/authorize-checks.ts'
import type { AuthorizeClient, AuthorizeParameters } from '../../src/rules/authorize-checks.ts'

const client: AuthorizeClient = {
  appId: 'app', disabled: false, implicitIdToken: false, webRedirectUris: ['https://app.example/cb'], spaRedirectUris: ['https://spa.example/cb'], publicClientRedirectUris: ['http://localhost'],
}
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const good: AuthorizeParameters = {
  client_id: 'app', response_type: 'code', redirect_uri: 'https://app.example/cb', scope: 'openid User.Read', state: 's', code_challenge: challenge, code_challenge_method: 'S256',
}
const check = (change: AuthorizeParameters = {}, more: Partial<AuthorizeClient> = {}) =>
  checkAuthorize({ parameters: { ...good, ...change }, repeated: undefined, client: { ...client, ...more } })
const code = (...args: Parameters<typeof check>) => {
  const verdict = check(...args)
  return verdict.accepted ? undefined : `${verdict.no.code}${verdict.redirect ? ' redirect' : ' page'}`
}

describe('a request to /authorize', () => {
  test('is accepted with what the answer will need', () => {
    assert.deepEqual(check(), {
      accepted: true,
      request: {
        redirect: { uri: 'https://app.example/cb', kind: 'confidential' }, responseTypes: ['code'], responseMode: 'query', scope: 'openid User.Read', state: 's', nonce: null,
        challenge, challengeMethod: 'S256', prompt: null, loginHint: null, maxAge: null,
      },
    })
  })

  test('stays on our page until the address to answer to is known (T-34)', () => {
    assert.equal(code({ client_id: undefined }), '900144 page')
    assert.equal(code({ redirect_uri: 'https://evil.example/' }), '50011 page')
    assert.equal(code({ redirect_uri: undefined }), '50011 page', 'three are registered: which one?')
    assert.equal(code({}, { disabled: true }), '7000112 page')
    assert.equal(code({ state: 'x'.repeat(8193) }), '9002313 page')
    const unknown = checkAuthorize({ parameters: good, repeated: undefined, client: undefined })
    assert.ok(!unknown.accepted && unknown.no.code === 700016 && !unknown.redirect)
    const twice = checkAuthorize({ parameters: good, repeated: 'state', client })
    assert.ok(!twice.accepted && !twice.redirect)
  })

  test('never gets a redirect to an address that is not registered, whatever else it holds', () => {
    const names = ['client_id', 'response_type', 'scope', 'state', 'nonce', 'prompt', 'response_mode', 'code_challenge', 'code_challenge_method', 'max_age', 'request', 'login_hint']
    fc.assert(fc.property(
      fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.string(), fc.constantFrom('code', 'id_token', 'none', 'form_post', 'openid'))),
      fc.oneof(fc.webUrl(), fc.string()).filter(uri => uri !== 'https://app.example/cb' && uri !== 'https://spa.example/cb' && !uri.startsWith('http://localhost')),
      (parameters, uri) => {
        const verdict = checkAuthorize({ parameters: { ...good, ...parameters, redirect_uri: uri }, repeated: undefined, client })
        assert.ok(!verdict.accepted && verdict.redirect === undefined)
      },
    ))
  })

  test('gets an id token only where the application allows it, with a nonce, and never in a query', () => {
    assert.equal(code({ response_type: 'id_token', nonce: 'n' }), '700054 redirect')
    const on = { implicitIdToken: true }
    assert.equal(code({ response_type: 'id_token' }, on), '90014 redirect')
    assert.equal(code({ response_type: 'id_token', nonce: 'n', response_mode: 'query' }, on), '9002313 redirect')
    assert.equal(code({ response_type: 'id_token', nonce: 'n', scope: 'User.Read' }, on), '70011 redirect')
    const verdict = check({ response_type: 'id_token code', nonce: 'n' }, on)
    assert.ok(verdict.accepted && verdict.request.responseMode === 'fragment' && verdict.request.nonce === 'n')
  })

  test('is answered by a form only at an address of the web; what a form cannot reach hears it on our page', () => {
    const native = { publicClientRedirectUris: ['msal04b0://auth', 'urn:ietf:wg:oauth:2.0:oob', 'http://localhost', 'https://a.example;script-src/'] }
    for (const redirect_uri of ['msal04b0://auth', 'urn:ietf:wg:oauth:2.0:oob', 'https://a.example;script-src/']) {
      assert.equal(code({ redirect_uri, response_mode: 'form_post' }, native), '9002313 page', redirect_uri)
      assert.equal(code({ redirect_uri, response_mode: 'query' }, native), undefined, redirect_uri)
    }
    const verdict = check({ redirect_uri: 'msal04b0://auth', response_mode: 'form_post' }, native)
    assert.ok(!verdict.accepted && /form_post.*redirect_uri/.test(verdict.no.values['reason']!))
    assert.equal(code({ redirect_uri: 'http://localhost:8400', response_mode: 'form_post' }, native), undefined)
    assert.equal(code({ response_mode: 'form_post' }), undefined)
  })

  test('gets no access token at the front, whatever is switched on (T-55)', () => {
    for (const type of ['token', 'id_token token', 'code token', 'none', 'password']) assert.equal(code({ response_type: type, nonce: 'n' }, { implicitIdToken: true }), '700054 redirect', type)
    assert.equal(code({ response_type: '' }), '900144 redirect')
  })

  test('needs a challenge from whoever cannot keep a secret', () => {
    const none = { code_challenge: undefined, code_challenge_method: undefined }
    assert.equal(code(none), undefined)
    assert.equal(code({ ...none, redirect_uri: 'https://spa.example/cb' }), '9002325 redirect')
    assert.equal(code({ ...none, redirect_uri: 'http://localhost:8400' }), '9002325 redirect')
  })

  test('has a challenge of 43 to 128 letters, S256 or plain; without a method it is plain', () => {
    assert.equal(code({ code_challenge: 'short' }), '50147 redirect')
    assert.equal(code({ code_challenge: 'x'.repeat(129) }), '50147 redirect')
    assert.equal(code({ code_challenge: `${'x'.repeat(43)}=` }), '50147 redirect')
    assert.equal(code({ code_challenge_method: 'S512' }), '501491 redirect')
    assert.equal(code({ code_challenge: undefined }), '50147 redirect')
    const verdict = check({ code_challenge_method: undefined })
    assert.ok(verdict.accepted && verdict.request.challengeMethod === 'plain')
  })

  test('knows the prompts of the specification, and none stands alone', () => {
    for (const prompt of ['none', 'login', 'consent', 'select_account']) {
      const verdict = check({ prompt })
      assert.ok(verdict.accepted && verdict.request.prompt === prompt)
    }
    assert.equal(code({ prompt: 'create' }), undefined)
    assert.equal(code({ prompt: 'none login' }), '90023 redirect')
    assert.equal(code({ prompt: 'sometimes' }), '90023 redirect')
  })

  test('is told that request objects are not read, instead of having them passed over', () => {
    for (const name of ['request', 'request_uri']) {
      const verdict = check({ [name]: 'x' })
      assert.ok(!verdict.accepted && verdict.no.error === `${name}_not_supported`)
    }
  })

  test('is judged by checks that each have a name of their own', () => {
    assert.equal(new Set(authorizeChecks).size, authorizeChecks.length)
  })
})
