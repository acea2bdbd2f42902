import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findRedirect, onlyRedirect } from '../../src/rules/redirect-uris.ts'

const registered = {
  webRedirectUris: ['https://app.example/callback', 'https://app.example/with?fixed=1'],
  spaRedirectUris: ['https://spa.example/'],
  publicClientRedirectUris: ['http://localhost', 'http://127.0.0.1/done', 'msal04b0://auth', 'urn:ietf:wg:oauth:2.0:oob'],
}
const kind = (asked: string) => findRedirect(asked, registered)?.kind

describe('a redirect address (oauth §10)', () => {
  test('is one that was registered, letter by letter', () => {
    assert.equal(kind('https://app.example/callback'), 'confidential')
    assert.equal(kind('https://app.example/with?fixed=1'), 'confidential')
    assert.equal(kind('https://spa.example/'), 'spa')
    assert.equal(kind('msal04b0://auth'), 'public')
    assert.equal(kind('urn:ietf:wg:oauth:2.0:oob'), 'public')
  })

  test('may have any port when it leads to the same computer, and keeps the one asked for', () => {
    assert.deepEqual(findRedirect('http://localhost:51234', registered), { uri: 'http://localhost:51234', kind: 'public' })
    assert.equal(kind('http://localhost:8400/'), 'public')
    assert.equal(kind('http://127.0.0.1:7/done'), 'public')
  })

  test('is none of what only looks like it (T-34)', () => {
    for (const asked of [
      'https://app.example/callback/', 'https://app.example/Callback', 'https://app.example/callback?x=1', 'https://app.example/callback#x', 'https://app.example:8443/callback',
      'http://app.example/callback', 'https://app.example.evil.example/callback', 'https://app.example@evil.example/callback', 'https://evil.example/https://app.example/callback',
      'https://app.example/callback/../evil', '//app.example/callback', 'https:/app.example/callback', ' https://app.example/callback', 'https://app.example/callback\n',
      'https://app.example\\@evil.example/callback', 'https://app.example/callback%0d', 'http://localhost.evil.example', 'http://localhost:80.evil.example', 'http://localhost:99999',
      'http://localhost@evil.example', 'http://localhost:1@evil.example/', 'http://localhost:1/other', 'http://127.0.0.1/done/more', 'http://127.0.0.1:1', 'https://localhost',
      'http://[::1]', 'javascript:alert(1)', 'data:text/html,x', '',
    ]) assert.equal(kind(asked), undefined, asked)
  })

  test('is never one in which a browser runs code, nor one with a fragment, whoever registered it', () => {
    for (const uri of ['https://app.example/#here', 'javascript:alert(1)', 'JavaScript:alert(1)', 'data:text/html,x', 'vbscript:x', 'blob:https://a/x', 'file:///etc/passwd', 'view-source:https://a/'])
      assert.equal(findRedirect(uri, { webRedirectUris: [uri], spaRedirectUris: [uri], publicClientRedirectUris: [uri] }), undefined, uri)
  })

  test('need not be named where there is only one', () => {
    assert.equal(onlyRedirect(registered), undefined)
    assert.deepEqual(onlyRedirect({ webRedirectUris: ['https://one.example/'], spaRedirectUris: [], publicClientRedirectUris: [] }), { uri: 'https://one.example/', kind: 'confidential' })
  })
})
