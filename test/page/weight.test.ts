/**
 * A page with everything it loads, as it travels: the page itself is never packed (BREACH), its files come as brotli. An end-user page
 * stays under 20 kB in all, also in the language with the longest sentences.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { locales } from '../../src/text.ts'
import { openReset } from '../reset/stage.ts'
import { seed, signedIn } from '../security-info/signed-in.ts'
import type { Browser } from '../support/browse.ts'
import { type TestApp, makeApp } from '../support/make-app.ts'
import { type Person, addPerson, changePolicy } from '../support/people.ts'

const limit = 20_000

let house: TestApp
let ann: Person
before(async () => {
  house = await makeApp()
  await openReset(house, { methods: { questions: true } })
  await changePolicy(house.app, house.tenantId, 'tenantSettings', { allowAppPasswords: true })
  await changePolicy(house.app, house.tenantId, 'branding', { accentColor: '#7a1f5c', textByLocale: { en: 'Call 1234 if you are stuck.' } })
  ann = await addPerson(house.app, house.tenantId, { name: 'ann', displayName: 'Ānna Ærø-Čakste', email: 'ann@home.example', office: '+45 33123456', totp: seed })
})
after(() => house.close())

/** Bytes of the open page and of every file that it names. */
async function weightOf(browser: Browser): Promise<{ bytes: number; files: string[] }> {
  const files = [...new Set([...browser.page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(found => found[1]!))]
  let bytes = Buffer.byteLength(browser.page)
  for (const url of files) {
    const reply = await browser.request({ method: 'GET', url, headers: { 'accept-encoding': 'gzip, br' } })
    assert.equal(reply.statusCode, 200, url)
    if (!/accent-/.test(url)) assert.equal(reply.headers['content-encoding'], 'br', url)
    bytes += reply.rawPayload.length
  }
  return { bytes, files }
}

async function assertLight(browser: Browser, what: string): Promise<void> {
  const { bytes, files } = await weightOf(browser)
  assert.ok(files.some(one => one.endsWith('.css')) && files.some(one => one.endsWith('.js')), `${what} loads its style sheet and script: ${files.join(' ')}`)
  assert.ok(bytes < limit, `${what} weighs ${bytes} bytes`)
}

/** Opens the paths and whatever their links lead to, except the way out and the admin centre, which is no end-user page. */
async function openAll(browser: Browser, from: readonly string[], language: string): Promise<Set<string>> {
  const opened = new Set<string>()
  const ahead = [...from]
  for (let path = ahead.shift(); path !== undefined; path = ahead.shift()) {
    if (opened.has(path)) continue
    opened.add(path)
    // App passwords are closed to this person: the page that says so is a page too.
    const { statusCode } = await browser.get(path)
    assert.equal(statusCode, browser.path === '/app-passwords' ? 403 : 200, path)
    await assertLight(browser, `${browser.path} in ${language}`)
    for (const [, link] of browser.page.matchAll(/<a[^>]* href="(\/[^"?#]*)/g)) if (!/^\/(signout|admin|assets|v1\.0|api)\b/.test(link!)) ahead.push(link!)
  }
  return opened
}

describe('an end-user page with all it loads is under 20 kB', () => {
  for (const [index, language] of locales.entries()) {
    const open = (group: number) => house.browser({ language, address: `192.0.${group}.${10 + index}` })

    test(`before signing in and in the help, in ${language}`, async () => {
      const opened = await openAll(open(2), ['/signin', '/reset', '/help'], language)
      for (const path of ['/signin/pass', '/reset/know-password', '/help/M-09']) assert.ok(opened.has(path), path)
    })

    test(`when something was refused, in ${language}`, async () => {
      const browser = open(3)
      await browser.get('/signin')
      await browser.post('/signin', { userName: 'nobody@contoso.example', password: 'wrong' })
      assert.match(browser.page, /data-code=/)
      await assertLight(browser, `the refusal in ${language}`)
    })

    test(`while resetting, in ${language}`, async () => {
      const browser = open(4)
      await browser.get('/reset')
      await browser.post('/reset', { username: ann.userPrincipalName })
      const [, first] = /<input[^>]* name="method"[^>]* value="([^"]+)"/.exec(browser.page) ?? []
      assert.ok(first, 'the choice of a way')
      await assertLight(browser, `the ways in ${language}`)
      await browser.post('/reset/method', { method: first })
      await assertLight(browser, `the step after them in ${language}`)
    })

    test(`signed in, in ${language}`, async () => {
      const browser = await signedIn(house, ann, { language, address: `192.0.5.${10 + index}` })
      const heaviest = ['/security-info/add/authenticator-app', '/security-info/add/questions']
      const opened = await openAll(browser, ['/account', '/security-info', ...heaviest], language)
      for (const path of ['/changepassword', '/sessions', '/security-info/add']) assert.ok(opened.has(path), path)
    })
  }
})
