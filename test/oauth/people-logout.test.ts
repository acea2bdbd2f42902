/** A program ends the browser's session (oauth §1): not unasked (T-31), and to registered addresses only (T-34). */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { graphAppId } from '../../src/rules/first-party.ts'
import { firstPartyId } from '../../src/store/first-party.ts'
import { addGrant } from '../../src/store/grants.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'
import type { Program } from '../support/programs.ts'
import { RelyingParty, bodyOf, callback, documents, press, visit } from '../support/relying-party.ts'
import { signedIn } from '../support/signed-in.ts'

describe('logging out by a program', () => {
  let t: TestApp
  let ann: Person
  let shop: Program
  before(async () => {
    t = await makeApp()
    ann = await addPerson(t.app, t.tenantId, { name: 'ann' })
    shop = await addProgram(t.app, t.tenantId, { name: 'Shop', document: documents.confidential, secretUntil: t.app.now() + 100 * 86_400_000 })
    await addGrant(t.app.db, { tenantId: t.tenantId, clientId: shop.servicePrincipalId, resourceId: firstPartyId(t.tenantId, graphAppId), principalId: null, scopes: ['openid'], at: t.app.now() })
  })
  after(() => t.close())
  const path = (query: Record<string, string>) => `/${t.tenantId}/oauth2/v2.0/logout?${new URLSearchParams(query)}`
  const isSignedIn = async (browser: Awaited<ReturnType<typeof signedIn>>['browser']) => (await browser.request({ method: 'GET', url: '/account' })).statusCode === 200
  const idToken = async (person: Person) => {
    const party = new RelyingParty(t, shop)
    const { browser } = await signedIn(t, person)
    const { answer } = await visit(browser, party.authorizePath({ scope: 'openid' }))
    return bodyOf(await party.redeem(answer!.get('code')!)).id_token
  }

  test('asks first, and ends the session when told to', async () => {
    const { browser } = await signedIn(t, ann)
    const { reply, answer } = await visit(browser, path({ client_id: shop.appId, post_logout_redirect_uri: callback, state: 's' }))
    assert.equal(answer, undefined)
    assert.match(reply.payload, /Sign out\?/)
    assert.ok(await isSignedIn(browser))
    const left = await press(browser, `/${t.tenantId}/oauth2/v2.0/logout`, { client_id: shop.appId, post_logout_redirect_uri: callback, state: 's' })
    assert.equal(left.answer?.get('state'), 's')
    assert.ok(!(await isSignedIn(browser)))
  })

  test('does it at once for an id token of the very person, however old', async () => {
    const token = await idToken(ann)
    await t.clock.advance(2 * 86_400_000)
    const { browser } = await signedIn(t, ann)
    const { answer } = await visit(browser, path({ id_token_hint: token, post_logout_redirect_uri: callback }))
    assert.ok(answer)
    assert.ok(!(await isSignedIn(browser)))
  })

  test('asks when the id token is somebody else’s, or nobody made it', async () => {
    const other = await idToken(await addPerson(t.app, t.tenantId, { name: 'bob' }))
    for (const hint of [other, `${other}x`, 'x.y.z', other.replace(/\.[^.]*$/, '.AAAA')]) {
      const { browser } = await signedIn(t, ann)
      await visit(browser, path({ id_token_hint: hint }))
      assert.ok(await isSignedIn(browser), hint.slice(-10))
    }
  })

  test('leads nowhere that the program has not registered (T-34)', async () => {
    for (const query of [
      { client_id: shop.appId, post_logout_redirect_uri: 'https://evil.example/' }, { post_logout_redirect_uri: callback }, { client_id: 'x', post_logout_redirect_uri: callback },
      { client_id: shop.appId, post_logout_redirect_uri: 'javascript:alert(1)' }, { client_id: shop.appId, post_logout_redirect_uri: `${callback}/../evil` },
    ] as Record<string, string>[]) {
      const { answer, reply } = await visit(t.browser(), path(query))
      assert.equal(answer, undefined, JSON.stringify(query))
      assert.equal(reply.headers['refresh'], undefined)
      assert.doesNotMatch(/<main.*<\/main>/s.exec(reply.payload)![0], /evil|javascript:/)
    }
  })
})
