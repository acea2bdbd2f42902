import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { faultInEntitlements, faultInIdentifierUris, faultInRedirectUris } from '../../src/rules/application-checks.ts'
import { emptyApplication } from '../../src/rules/application-document.ts'
import type { AppRole } from '../../src/rules/application-document.ts'

const { web, spa, publicClient, api } = emptyApplication
const asWeb = (uri: string) => faultInRedirectUris({ web: { ...web, redirectUris: [uri] }, spa, publicClient })?.field
const asSpa = (uri: string) => faultInRedirectUris({ web, spa: { redirectUris: [uri] }, publicClient })?.field
const asNative = (uri: string) => faultInRedirectUris({ web, spa, publicClient: { redirectUris: [uri] } })?.field

describe('where an answer may be sent', () => {
  test('for pages: https anywhere, plain http on the reader’s own machine, and nothing that could be read in two ways', () => {
    for (const uri of ['https://shop.example/cb', 'https://shop.example:8443/cb?x=1', 'http://localhost/cb', 'http://localhost:3000', 'http://127.0.0.1:8080/x', 'http://[::1]/x']) {
      assert.deepEqual([asWeb(uri), asSpa(uri), asNative(uri)], [undefined, undefined, undefined], uri)
    }
    for (const uri of [
      '', 'shop.example', '//shop.example', 'https://', 'https:///x', 'http://shop.example/', 'http://localhost.evil.example/', 'http://127.0.0.1.evil.example', 'https://a@evil.example/', 'https://shop.example:99999/', 'https://*.shop.example/',
      'https://shop.example/#x', 'https://shop.example/ x', 'https://shop.example\\@evil.example', 'https://shop.example/\r\nx', 'javascript:alert(1)', 'JAVASCRIPT:alert(1)', 'data:text/html,x', 'file:///etc', 'app://x',
    ]) {
      assert.equal(asWeb(uri), 'web.redirectUris', uri)
      assert.equal(asSpa(uri), 'spa.redirectUris', uri)
    }
  })

  test('for programs that people install: schemes of their own too, but none in which an answer would run or be read', () => {
    for (const uri of ['msal4f1c://auth', 'com.contoso.app:/cb', 'urn:ietf:wg:oauth:2.0:oob', 'ms-appx-web://microsoft.aad.brokerplugin/x']) assert.equal(asNative(uri), undefined, uri)
    for (const uri of ['javascript:x', 'data:x', 'vbscript:x', 'file:///x', 'blob:x', 'about:blank', 'http://evil.example/', 'ftp://x', 'ws://x', 'view-source:https://x', ':x', 'x:', '1x://y', 'x y://z']) {
      assert.equal(asNative(uri), 'publicClient.redirectUris', uri)
    }
  })

  test('a host is a name or a number: one that would say something of its own in a policy is refused, also when it is escaped', () => {
    for (const host of ['a.example;script-src', 'a.example,b.example', 'a.example%3Bx', 'a.example%2cx', '%2a.example', "'self'", 'a.example$x']) {
      const uri = `https://${host}/cb`
      assert.deepEqual([asWeb(uri), asSpa(uri), asNative(uri)], ['web.redirectUris', 'spa.redirectUris', 'publicClient.redirectUris'], uri)
    }
    for (const uri of ['https://bücher.example/cb', 'https://my_app.example/a;b,c', 'https://192.0.2.1/cb', 'https://[2001:db8::1]/cb']) assert.equal(asWeb(uri), undefined, uri)
  })

  test('whatever is typed is taken or refused, and what is taken is one address to every reader', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.webUrl().map(url => url.replace(/^http:/, 'https:'))), uri => {
      if (asWeb(uri) !== undefined) return
      const url = new URL(uri)
      assert.ok(url.protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname), uri)
      assert.equal(url.username + url.password + url.hash, '')
    }))
  })
})

test('identifiers: of a known form, once each, and none of ours (T-49)', () => {
  const origins = ['https://id.contoso.example', 'http://localhost:8080']
  const fault = (...uris: string[]) => faultInIdentifierUris(uris, origins)?.field
  for (const uri of ['api://shop', 'api://4f1c/x', 'https://shop.contoso.example', 'https://shop.contoso.example/', 'urn:shop:1', 'ms-app://s-1-15-2']) assert.equal(fault(uri), undefined, uri)
  for (const uri of [
    '', 'shop', 'api://', 'api:// x', 'https://x/#y', 'https://x/?y', 'https://*.x', 'https://graph.microsoft.com', 'https://GRAPH.microsoft.com/', 'https://management.azure.com/', 'https://graph.windows.net',
    'https://id.contoso.example', 'https://ID.contoso.example/', 'https://id.contoso.example/arm', 'https://id.contoso.example/x/y', 'http://localhost:8080/arm', '00000003-0000-0000-c000-000000000000',
  ]) assert.equal(fault(uri), 'identifierUris', uri)
  assert.equal(fault('api://a', 'API://A'), 'identifierUris')
  assert.equal(fault('https://id.contoso.example.evil.example/'), undefined, 'a longer name is another')
})

describe('roles and scopes', () => {
  const role = (id: string, more: Partial<AppRole> = {}): AppRole => ({ id, value: id, displayName: id, description: null, allowedMemberTypes: ['Application'], isEnabled: true, origin: 'Application', ...more })
  const fault = (before: AppRole[], next: AppRole[]) => faultInEntitlements({ appRoles: before, api }, { appRoles: next, api })?.reason.code

  test('have ids and values once each, which a token can carry', () => {
    assert.equal(fault([], [role('a'), role('b')]), undefined)
    assert.equal(fault([], [role('a'), role('a')]), 'LK_FIELD_INVALID')
    assert.equal(fault([], [role('a'), role('b', { value: 'a' })]), 'LK_FIELD_INVALID')
    for (const value of ['a b', '.a', 'a/', '/a', 'ø', '"', 'x'.repeat(121)]) assert.equal(fault([], [role('a', { value })]), 'LK_FIELD_INVALID', value)
    assert.equal(fault([], [role('a', { value: null }), role('b', { value: null })]), undefined)
    assert.equal(fault([], [role('a', { allowedMemberTypes: [] })]), 'LK_FIELD_INVALID')
  })

  test('go only when they are switched off', () => {
    assert.equal(fault([role('a')], []), 'LK_ENTITLEMENT_ENABLED')
    assert.equal(fault([role('a', { isEnabled: false })], []), undefined)
    assert.equal(fault([role('a')], [role('a', { value: 'c' })]), undefined)
  })
})
