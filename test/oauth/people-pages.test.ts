/** The pages on the way to a program: under 20 kB with all they load, in four languages, and within the limits of an address. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { reserve } from '../../src/store/limits.ts'
import { firstParty, graphAppId } from '../../src/rules/first-party.ts'
import { locales } from '../../src/text.ts'
import type { Browser } from '../support/browse.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'
import type { Program } from '../support/programs.ts'
import { RelyingParty, callback, documents, press, visit } from '../support/relying-party.ts'
import { signedIn } from '../support/signed-in.ts'

const limit = 20_000
const graph = firstParty(graphAppId)!

describe('the pages on the way to a program', () => {
  let t: TestApp
  let ann: Person
  let gus: Person
  let shop: Program
  before(async () => {
    t = await makeApp()
    ann = await addPerson(t.app, t.tenantId, { name: 'ann', displayName: 'Ānna Ærø-Čakste' })
    gus = await addPerson(t.app, t.tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] })
    const listed = ['openid', 'User.Read', 'User.ReadWrite.All', 'Group.ReadWrite.All', 'Directory.Read.All', 'Directory.AccessAsUser.All']
    const requiredResourceAccess = [{
      resourceAppId: graphAppId,
      resourceAccess: [...listed.map(value => ({ id: graph.scopes.find(one => one.value === value)!.id, type: 'Scope' })), { id: graph.appRoles.find(one => one.value === 'Directory.Read.All')!.id, type: 'Role' }],
    }]
    shop = await addProgram(t.app, t.tenantId, { name: 'An application with a long name that somebody gave it on a Friday', document: { ...documents.confidential, requiredResourceAccess } })
  })
  after(() => t.close())

  const weigh = async (browser: Browser, what: string) => {
    const files = [...new Set([...browser.page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(found => found[1]!))]
    let bytes = Buffer.byteLength(browser.page)
    for (const url of files) bytes += (await browser.request({ method: 'GET', url, headers: { 'accept-encoding': 'gzip, br' } })).rawPayload.length
    assert.ok(files.length > 1 && bytes < limit, `${what} weighs ${bytes} bytes`)
  }
  const everyScope = 'openid profile email offline_access User.Read User.ReadWrite User.ReadBasic.All'

  for (const language of locales)
    test(`weigh less than 20 kB, and say what they say (${language})`, async () => {
      const party = new RelyingParty(t, shop)
      const { browser } = await signedIn(t, ann, { language })
      await visit(browser, party.authorizePath({ scope: everyScope }))
      assert.match(browser.page, new RegExp(`<html lang="${language}"`))
      assert.match(browser.page, /value="agree"/)
      await weigh(browser, 'consent')
      await visit(browser, party.authorizePath({ scope: 'openid Directory.ReadWrite.All' }))
      await weigh(browser, 'approval')
      await visit(browser, party.authorizePath({ more: { prompt: 'select_account' } }))
      await weigh(browser, 'accounts')
      await visit(browser, party.authorizePath({ redirectUri: 'https://evil.example/' }))
      await weigh(browser, 'wrong request')
      await visit(browser, '/oauth2/continue/x')
      await weigh(browser, 'gone')
      await visit(browser, '/common/oauth2/deviceauth')
      await weigh(browser, 'device')
      await press(browser, '/common/oauth2/deviceauth', { code: 'nothing' })
      await weigh(browser, 'device, wrong code')
      const admin = await signedIn(t, gus, { language })
      await visit(admin.browser, `/${t.tenantId}/adminconsent?${new URLSearchParams({ client_id: shop.appId, redirect_uri: callback })}`)
      assert.match(admin.browser.page, /value="agree"/)
      await weigh(admin.browser, 'admin consent')
      await visit(admin.browser, `/${t.tenantId}/oauth2/v2.0/logout`)
      await weigh(admin.browser, 'logout')
    })

  test('are kept for so many requests of one address and no more, so that a flood pushes out nobody else’s', async () => {
    const browser = t.browser({ address: '203.0.113.7' })
    const party = new RelyingParty(t, shop)
    await visit(browser, party.authorizePath())
    const row = await t.app.db.selectFrom('limits').select('key').where('key', 'like', 'authorize:%').execute()
    for (const { key } of row) for (let n = 0; n < 2_000; n++) await reserve(t.app.db, { tenantId: t.tenantId, key, kind: { limit: 2_000, windowMs: 600_000 }, now: t.app.now() })
    const { reply } = await visit(browser, party.authorizePath())
    assert.equal(reply.statusCode, 429)
    assert.ok(Number(reply.headers['retry-after']) > 0)
    const { answer } = await visit((await signedIn(t, ann)).browser, party.authorizePath({ more: { prompt: 'none' } }))
    assert.ok(answer, 'what needs no keeping is answered')
    const other = t.browser({ address: '203.0.114.9' })
    await visit(other, party.authorizePath())
    assert.match(other.path, /^\/signin/)
  })
})
