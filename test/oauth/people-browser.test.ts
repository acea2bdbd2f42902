/** A real browser, a real relying party and everything that can be due in between: second factor, new password, registration. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import * as client from 'openid-client'
import { TOTP } from 'otpauth'
import type { Page } from 'playwright-core'
import { newTotpSecret } from '../../src/credentials/totp.ts'
import { firstParty, graphAppId } from '../../src/rules/first-party.ts'
import { axe, launch, overflows, problemsOf, screenshot } from '../support/browser.ts'
import type { TestBrowser } from '../support/browser.ts'
import { makeAppOnSocket } from '../support/on-socket.ts'
import type { OnSocket } from '../support/on-socket.ts'
import { addPerson, changePolicy, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'
import type { Program, ProgramOptions } from '../support/programs.ts'
import { documents } from '../support/relying-party.ts'

const seed = newTotpSecret().reveal()
const scope = 'openid profile email offline_access User.Read'

describe('signing in to a program with a browser', () => {
  let house: OnSocket
  let browser: TestBrowser
  let party: Server
  let callback: string
  /** What the program was sent, newest last: its address with the query, or the form. */
  const arrived: { url: URL; form: URLSearchParams }[] = []

  before(async () => {
    house = await makeAppOnSocket()
    party = createServer((request, response) => {
      let text = ''
      request.on('data', (data: Buffer) => (text += String(data)))
      request.on('end', () => {
        if (request.url?.startsWith('/callback')) arrived.push({ url: new URL(request.url, callback), form: new URLSearchParams(text) })
        response.setHeader('content-type', 'text/html')
        response.end('<!doctype html><title>Shop</title><h1>Welcome to the shop</h1>')
      })
    })
    await new Promise<void>(done => party.listen(0, '127.0.0.1', done))
    callback = `http://localhost:${(party.address() as AddressInfo).port}/callback`
    browser = await launch()
  })
  after(async () => {
    await browser?.close()
    await new Promise(done => party?.close(done))
    await house?.close()
  })

  const program = (name: string, more: ProgramOptions['document'] = {}) => addProgram(house.t.app, house.t.tenantId, {
    name, document: { ...documents.confidential, web: { ...documents.confidential.web!, redirectUris: [callback] }, ...more },
  })
  const discover = (shop: Program) => client.discovery(new URL(`${house.origin}/${house.t.tenantId}/v2.0`), shop.appId, shop.secret, undefined, { execute: [client.allowInsecureRequests] })

  /** What openid-client asks for, and what it makes of the answer. */
  const relyingParty = async (shop: Program, more: Record<string, string> = {}) => {
    const config = await discover(shop)
    const verifier = client.randomPKCECodeVerifier()
    const [state, nonce] = [client.randomState(), client.randomNonce()]
    const url = client.buildAuthorizationUrl(config, { redirect_uri: callback, scope, state, nonce, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...more })
    const finish = async () => {
      const last = arrived.at(-1)!
      const answer = new URL(last.url)
      for (const [name, value] of last.form) answer.searchParams.set(name, value)
      return client.authorizationCodeGrant(config, answer, { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce })
    }
    return { config, url, finish }
  }
  const signIn = async (page: Page, person: Person) => {
    await page.getByLabel('User name').fill(person.userPrincipalName)
    await page.getByLabel('Password', { exact: true }).fill(person.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  const welcome = (page: Page) => page.getByRole('heading', { name: 'Welcome to the shop' }).waitFor()

  for (const script of [true, false])
    it(`asks for password, code of the app and consent, and openid-client gets its tokens (${script ? 'with' : 'without'} script)`, async () => {
      const ann = await addPerson(house.t.app, house.t.tenantId, { name: `ann${script}`, totp: seed, mail: 'ann@contoso.example' })
      const shop = await program(`Shop ${script}`)
      const { config, url, finish } = await relyingParty(shop)
      const page = await browser.newPage({ script, width: 320 })
      await page.goto(url.href)
      await signIn(page, ann)
      await page.waitForURL('**/signin/second-factor')
      await page.getByLabel('Code').fill(new TOTP({ secret: seed }).generate({ timestamp: house.t.clock.now() }))
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.waitForURL('**/oauth2/continue/*')
      await page.getByText('asks for your permission').first().waitFor()
      if (script) assert.deepEqual(await axe(page), [])
      if (script) assert.equal(await overflows(page), false)
      await screenshot(page, `oauth-consent-${script}`)
      await page.getByRole('button', { name: 'I agree', exact: true }).click()
      await welcome(page)
      assert.deepEqual(problemsOf(page), [])
      const tokens = await finish()
      assert.equal(tokens.claims()?.['oid'], ann.id)
      const info = await client.fetchUserInfo(config, tokens.access_token, tokens.claims()!.sub)
      assert.equal(info.email, 'ann@contoso.example')
      const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token!)
      assert.ok(refreshed.access_token)
      assert.notEqual(refreshed.refresh_token, tokens.refresh_token)
    })

  for (const script of [true, false])
    it(`sends the answer as a form when asked to (${script ? 'by itself' : 'by a press, without script'})`, async () => {
      const person = await addPerson(house.t.app, house.t.tenantId, { name: `form${script}` })
      const shop = await program('Form')
      const { url, finish } = await relyingParty(shop, { response_mode: 'form_post' })
      const page = await browser.newPage({ script })
      await page.goto(url.href)
      await signIn(page, person)
      await page.getByRole('button', { name: 'I agree', exact: true }).click()
      if (!script) {
        await page.getByRole('button', { name: 'Go on to Form' }).click()
      }
      await welcome(page)
      assert.deepEqual(problemsOf(page), [])
      assert.equal((await finish()).claims()?.['oid'], person.id)
    })

  it('has a new password chosen first where one is due, and goes on', async () => {
    const must = await addPerson(house.t.app, house.t.tenantId, { name: 'must', mustChange: true })
    const { url, finish } = await relyingParty(await program('Shop'))
    const page = await browser.newPage()
    await page.goto(url.href)
    await signIn(page, must)
    await page.waitForURL('**/signin/new-password')
    await page.locator('#password').fill(must.password)
    await page.locator('#newPassword').fill('Fresh-Kelp-71!')
    await page.locator('#confirmPassword').fill('Fresh-Kelp-71!')
    await page.locator('main form button.primary').click()
    await page.getByRole('button', { name: 'I agree', exact: true }).click()
    await welcome(page)
    assert.equal((await finish()).claims()?.['oid'], must.id)
  })

  it('has security info registered where the organisation asks for it, and goes on also when that is put off', async () => {
    await changePolicy(house.t.app, house.t.tenantId, 'passwordResetPolicy', { enablementType: 2, registrationRequiredOnSignIn: true, emailOptionEnabled: true })
    const rita = await addPerson(house.t.app, house.t.tenantId, { name: 'rita', registered: false })
    const { url, finish } = await relyingParty(await program('Shop'))
    const page = await browser.newPage()
    await page.goto(url.href)
    await signIn(page, rita)
    await page.waitForURL('**/security-info/register**')
    await screenshot(page, 'oauth-register')
    await page.getByRole('button', { name: /later|not now|skip/i }).click()
    await page.getByRole('button', { name: 'I agree', exact: true }).click()
    await welcome(page)
    assert.equal((await finish()).claims()?.['oid'], rita.id)
    await changePolicy(house.t.app, house.t.tenantId, 'passwordResetPolicy', { enablementType: 0 })
  })

  it('shows somebody who came the wrong way why, in any language, and the way to no stranger’s address', async () => {
    const shop = await program('Shop')
    const { url } = await relyingParty(shop, { redirect_uri: 'https://evil.example/' })
    for (const mkt of ['en', 'da', 'nb', 'lv']) {
      const page = await browser.newPage({ width: 320 })
      await page.goto(`${url.href}&mkt=${mkt}`)
      await page.getByText('AADSTS50011').waitFor()
      assert.deepEqual(await axe(page), [], mkt)
      assert.equal(await overflows(page), false, mkt)
    }
  })

  it('lets an administrator agree for everybody, by keyboard', async () => {
    const gus = await addPerson(house.t.app, house.t.tenantId, { name: 'gus', roles: [roleIds.globalAdministrator], totp: seed, email: 'gus@home.example' })
    const graph = firstParty(graphAppId)!
    const shop = await program('Payroll', {
      requiredResourceAccess: [{
        resourceAppId: graphAppId,
        resourceAccess: [
          { id: graph.scopes.find(one => one.value === 'User.Read')!.id, type: 'Scope' }, { id: graph.appRoles.find(one => one.value === 'User.Read.All')!.id, type: 'Role' },
        ],
      }],
    })
    const page = await browser.newPage({ width: 320 })
    await page.goto(`${house.origin}/${house.t.tenantId}/adminconsent?${new URLSearchParams({ client_id: shop.appId, redirect_uri: callback, state: 'x' })}`)
    await signIn(page, gus)
    await page.waitForURL('**/signin/second-factor')
    await page.getByLabel('Code').fill(new TOTP({ secret: seed }).generate({ timestamp: house.t.clock.now() }))
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('By itself, with nobody signed in').waitFor()
    assert.deepEqual(await axe(page), [])
    assert.equal(await overflows(page), false)
    await screenshot(page, 'oauth-admin-consent')
    await page.getByRole('button', { name: /Agree for everybody/ }).focus()
    await page.keyboard.press('Enter')
    await welcome(page)
    assert.equal(arrived.at(-1)!.url.searchParams.get('admin_consent'), 'True')
    assert.deepEqual(problemsOf(page), [])
  })

  it('signs a device in after its code was typed and the warning was read', async () => {
    const dee = await addPerson(house.t.app, house.t.tenantId, { name: 'dee' })
    const tool = await addProgram(house.t.app, house.t.tenantId, { name: 'Tool', document: documents.public, withoutSecret: true })
    const config = await client.discovery(new URL(`${house.origin}/${house.t.tenantId}/v2.0`), tool.appId, undefined, client.None(), { execute: [client.allowInsecureRequests] })
    const device = await client.initiateDeviceAuthorization(config, { scope })
    const page = await browser.newPage({ width: 320 })
    await page.goto(device.verification_uri)
    await signIn(page, dee)
    await page.waitForURL('**/common/oauth2/deviceauth')
    assert.deepEqual(await axe(page), [])
    await page.keyboard.type(device.user_code)
    await page.keyboard.press('Enter')
    await page.getByText('Did you start this yourself?').waitFor()
    assert.deepEqual(await axe(page), [])
    assert.equal(await overflows(page), false)
    await screenshot(page, 'oauth-device')
    await page.getByRole('button', { name: 'Yes, I started this' }).click()
    await page.getByText('is signed in on the device').waitFor()
    assert.deepEqual(problemsOf(page), [])
    const tokens = await client.pollDeviceAuthorizationGrant(config, device)
    assert.equal(tokens.claims()?.['oid'], dee.id)
  })

  it('ends the session by a link of the program, after asking, and goes back there', async () => {
    const lou = await addPerson(house.t.app, house.t.tenantId, { name: 'lou' })
    const shop = await program('Shop')
    const { config, url, finish } = await relyingParty(shop)
    const page = await browser.newPage()
    await page.goto(url.href)
    await signIn(page, lou)
    await page.getByRole('button', { name: 'I agree', exact: true }).click()
    await welcome(page)
    const tokens = await finish()
    await page.goto(client.buildEndSessionUrl(config, { post_logout_redirect_uri: callback, client_id: shop.appId }).href)
    await page.locator('main').getByRole('button', { name: 'Sign out' }).click()
    await welcome(page)
    await page.goto(`${house.origin}/account`)
    assert.match(page.url(), /\/signin\?continue=/)
    assert.ok(tokens.id_token)
    assert.deepEqual(problemsOf(page), [])
  })
})
