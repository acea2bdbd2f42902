import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { TOTP } from 'otpauth'
import type { Page } from 'playwright-core'
import { newTotpSecret } from '../../src/credentials/totp.ts'
import { listen } from '../../src/listen.ts'
import type { Listening } from '../../src/listen.ts'
import { axe, launch, problemsOf, screenshot, transferred } from '../support/browser.ts'
import type { TestBrowser } from '../support/browser.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'

const seed = newTotpSecret().reveal()

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise(done => server.close(done))
  return port
}

describe('signing in with a browser', () => {
  let test: TestApp
  let socket: Listening
  let browser: TestBrowser
  let origin: string
  let ann: Person

  before(async () => {
    const port = await freePort()
    origin = `http://localhost:${port}`
    const listener = { origin, host: '127.0.0.1', port }
    test = await makeApp({ config: { publicOrigin: origin, listeners: [listener] } })
    socket = await listen(test.server, listener)
    ann = await addPerson(test.app, test.tenantId, { name: 'ann', displayName: 'Ann <b>Berg</b>', totp: seed })
    browser = await launch()
  })
  after(async () => {
    await browser?.close()
    await socket?.close()
    await test?.close()
  })

  const journey = async (page: Page, words: { signIn: RegExp; user: string; password: string; code: string; go: string; out: string }) => {
    await page.goto('/')
    await page.getByRole('link', { name: words.signIn }).click()
    await page.getByLabel(words.user).fill(ann.userPrincipalName)
    await page.getByLabel(words.password, { exact: true }).fill('not the password')
    await page.keyboard.press('Enter')
    await page.locator('.notice.error').waitFor()
    assert.equal(await page.getByLabel(words.user).inputValue(), ann.userPrincipalName, 'what was typed stays')
    assert.deepEqual(await axe(page), [])
    await page.getByLabel(words.password, { exact: true }).fill(ann.password)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/signin/second-factor')
    // A step counts once: each sign-in of this file needs the next one.
    await test.clock.advance(31_000)
    await page.getByLabel(words.code).fill(new TOTP({ secret: seed }).generate({ timestamp: test.clock.now() }))
    await page.getByRole('button', { name: words.go }).click()
    await page.waitForURL('**/account')
    await screenshot(page, `journey-account-${words.go}`)
    assert.match(await page.locator('main').innerText(), /Ann <b>Berg<\/b>/)
    await page.getByRole('button', { name: words.out }).click()
    await page.waitForURL('**/signout')
  }

  const english = { signIn: /Sign in to my account/, user: 'User name', password: 'Password', code: 'Code', go: 'Continue', out: 'Sign out' }
  const latvian = { signIn: /Pierakstīties savā kontā/, user: 'Lietotājvārds', password: 'Parole', code: 'Kods', go: 'Turpināt', out: 'Izrakstīties' }

  it('works with script, and breaks no rule of the content security policy', async () => {
    const page = await browser.newPage({ baseURL: origin })
    const elsewhere: string[] = []
    page.on('request', request => { if (!request.url().startsWith(`${origin}/`)) elsewhere.push(request.url()) })
    await journey(page, english)
    assert.deepEqual(problemsOf(page), [])
    assert.deepEqual(elsewhere, [], 'nothing is loaded from elsewhere (T-37)')
    assert.equal(await page.evaluate('localStorage.length + sessionStorage.length'), 0)
    await page.context().close()
  })

  it('works without script, at 320 pixels, in Latvian', async () => {
    const page = await browser.newPage({ baseURL: origin, script: false, width: 320, locale: 'lv-LV' })
    // axe is a script: with none allowed it has nothing to say.
    await page.goto('/')
    await page.getByRole('link', { name: latvian.signIn }).click()
    await page.getByLabel(latvian.user).fill(ann.userPrincipalName)
    await page.getByLabel(latvian.password, { exact: true }).fill(ann.password)
    await page.getByRole('button', { name: 'Pierakstīties' }).click()
    await page.waitForURL('**/signin/second-factor')
    await test.clock.advance(31_000)
    await page.getByLabel(latvian.code).fill(new TOTP({ secret: seed }).generate({ timestamp: test.clock.now() }))
    await page.getByRole('button', { name: latvian.go }).click()
    await page.waitForURL('**/account')
    await page.getByRole('button', { name: latvian.out }).click()
    await page.waitForURL('**/signout')
    await page.context().close()
  })

  it('shows no page of the former person after signing out and going back (T-35)', async () => {
    const page = await browser.newPage({ baseURL: origin })
    await journey(page, english)
    await page.goBack()
    await page.waitForLoadState()
    assert.doesNotMatch(await page.locator('body').innerText(), /Ann <b>Berg/)
    await page.context().close()
  })

  it('changes its language in place and remembers it', async () => {
    const page = await browser.newPage({ baseURL: origin })
    await page.goto('/signin?continue=%2Fsessions')
    await page.getByRole('link', { name: 'Dansk' }).click()
    assert.equal(await page.locator('html').getAttribute('lang'), 'da')
    assert.match(page.url(), /\/signin\?mkt=da&continue=%2Fsessions$/)
    await page.goto('/')
    assert.equal(await page.locator('html').getAttribute('lang'), 'da')
    await page.context().close()
  })

  it('cannot be put in a frame of another page (T-32)', async () => {
    const page = await browser.newPage({ baseURL: origin })
    const other = await freePort()
    await page.route(`http://localhost:${other}/**`, route => route.fulfill({ contentType: 'text/html', body: `<iframe src="${origin}/signin"></iframe>` }))
    await page.goto(`http://localhost:${other}/`)
    await page.waitForTimeout(300)
    const texts = await Promise.all(page.frames().slice(1).map(frame => frame.locator('body').innerText().catch(() => '')))
    assert.ok(texts.every(text => !/User name/.test(text)))
    await page.context().close()
  })

  it('takes less than 20 kB for each of its pages', async () => {
    for (const path of ['/', '/signin', '/signin/pass', '/signout']) {
      const page = await browser.newPage({ baseURL: origin })
      const bytes = await transferred(page, path)
      assert.ok(bytes > 3000 && bytes < 20_000, `${path}: ${bytes} bytes`)
      await page.context().close()
    }
  })
})
