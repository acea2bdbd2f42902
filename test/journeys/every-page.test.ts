/** Every page that a GET leads to, from the inventory of routes, in a real browser and four languages: axe, 320 pixels, our own origin. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { saveAnswers } from '../../src/credentials/answers.ts'
import { createAppPassword } from '../../src/credentials/app-passwords.ts'
import { Secret } from '../../src/secret.ts'
import { locales, translate } from '../../src/text.ts'
import type { Locale } from '../../src/text.ts'
import { openReset } from '../reset/stage.ts'
import { axe, launch, overflows, problemsOf } from '../support/browser.ts'
import type { TestBrowser } from '../support/browser.ts'
import { makeAppOnSocket } from '../support/on-socket.ts'
import type { OnSocket } from '../support/on-socket.ts'
import { addPerson, changePolicy } from '../support/people.ts'
import type { Person } from '../support/people.ts'

const kinds = ['email', 'phone', 'other-app', 'questions']

describe('every page', () => {
  let house: OnSocket
  let browser: TestBrowser
  before(async () => {
    house = await makeAppOnSocket()
    const { t } = house
    await openReset(t, { methods: { questions: true } })
    await changePolicy(t.app, t.tenantId, 'tenantSettings', { allowAppPasswords: true })
    await changePolicy(t.app, t.tenantId, 'branding', { accentColor: '#7a1f5c', textByLocale: { en: 'Call 1234 if you are stuck.' } })
    browser = await launch()
  })
  after(async () => {
    await browser?.close()
    await house?.close()
  })

  async function person(locale: Locale): Promise<Person> {
    const { t } = house
    const ann = await addPerson(t.app, t.tenantId, { name: `ann-${locale}`, displayName: 'Ānna Ærø-Čakste', language: locale, email: `ann.${locale}@home.example`, office: '+45 33123456' })
    const doing = { tenantId: t.tenantId, userId: ann.id, actor: { kind: 'user' as const, userId: ann.id }, correlationId: 'c' }
    const answers = ['sq.first.car', 'sq.first.pet', 'sq.childhood.toy', 'sq.childhood.food', 'sq.childhood.hero'].map(questionId => ({ questionId, answer: new Secret(`answer ${questionId}`) }))
    await saveAnswers(t.app, { ...doing, answers })
    await t.app.db.updateTable('authenticationMethods').set({ verifiedAt: null }).where('userId', '=', ann.id).where('kind', '=', 'office').execute()
    return ann
  }

  /** Addresses to open: every GET route of a page, with ids that exist. */
  async function addresses(ann: Person, which: (url: string, access: unknown) => boolean): Promise<string[]> {
    const { t } = house
    const method = await t.app.db.selectFrom('authenticationMethods').select('id').where('userId', '=', ann.id).where('kind', '=', 'email').executeTakeFirstOrThrow()
    const apps = await t.app.db.selectFrom('appPasswords').select('id').where('userId', '=', ann.id).executeTakeFirst()
    return t.routes
      .filter(one => one.surface === 'page' && one.method === 'GET' && one.access !== 'development' && one.url !== '/signout' && which(one.url, one.access))
      .flatMap(({ url }) => {
        if (url.includes(':kind')) return kinds.map(kind => url.replace(':kind', kind))
        if (url === '/help/:id') return ['/help/nowhere', '/help/M-09', '/help/LK_CODE_WRONG']
        if (url.startsWith('/app-passwords/')) return apps ? [url.replace(':id', apps.id)] : []
        return [url.replace(':id', method.id)]
      })
  }

  async function look(page: Page, locale: Locale, name: string): Promise<void> {
    assert.equal(await page.evaluate(() => document.documentElement.lang), locale, name)
    assert.deepEqual(await axe(page), [], `${name} in ${locale}`)
    assert.equal(await overflows(page), false, `${name} is wider than 320 pixels in ${locale}`)
  }

  for (const locale of locales) {
    test(`in ${locale}: axe finds nothing, nothing is wider than 320 pixels, everything comes from our own origin (T-37)`, { timeout: 300_000 }, async test => {
      const ann = await person(locale)
      const page = await browser.newPage({ baseURL: house.origin, width: 320, height: 640, locale: locale === 'nb' ? 'nb-NO' : locale })
      page.setDefaultTimeout(15_000)
      const elsewhere: string[] = []
      page.on('request', request => {
        if (!request.url().startsWith(`${house.origin}/`) && !request.url().startsWith('data:')) elsewhere.push(request.url())
      })
      const seen = new Set<string>()
      const visit = async (who: string, path: string) => {
        await page.goto(path)
        // Many addresses lead to a page that was looked at before: the form one is sent to when there is nothing to answer.
        const name = `${who} ${new URL(page.url()).pathname} ${(await page.locator('h1').first().innerText())}`
        if (seen.has(name)) return
        seen.add(name)
        await look(page, locale, `${who} ${path}`)
      }
      const anybody = (_url: string, access: unknown) => access === 'public' || access === 'recovery'
      const wizard = (url: string) => url.startsWith('/security-info/register')
      for (const path of [...(await addresses(ann, anybody)), '/nowhere', '/help?q=x', '/account']) await visit('stranger', path)

      const signIn = async ({ userPrincipalName, password }: Person) => {
        await page.goto('/signin')
        await page.locator('input[name=userName]').fill(userPrincipalName)
        await page.locator('input[name=password]').fill(password)
        await page.keyboard.press('Enter')
        await page.waitForURL(url => url.pathname !== '/signin')
      }
      // Half-way: somebody with an app who has given the password only, and somebody who must register first.
      const bea = await addPerson(house.t.app, house.t.tenantId, { name: `bea-${locale}`, language: locale, totp: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', mobile: `+45 2012345${locales.indexOf(locale)}` })
      await signIn(bea)
      assert.equal(new URL(page.url()).pathname, '/signin/second-factor')
      for (const path of ['/signin/second-factor', '/signin/second-factor?choose=1']) await visit(`half-way ${path}`, path)
      await page.context().clearCookies()
      await signIn(await addPerson(house.t.app, house.t.tenantId, { name: `cai-${locale}`, language: locale, perUserMfaState: 'enabled', registered: false }))
      assert.equal(new URL(page.url()).pathname, '/security-info/register')
      for (const path of await addresses(ann, wizard)) await visit('registering', path)
      await page.context().clearCookies()

      await page.goto('/signin')
      await page.locator('input[name=userName]').fill(ann.userPrincipalName)
      await page.locator('input[name=password]').fill('not the password')
      await page.keyboard.press('Enter')
      await page.locator('[data-code=LK_SIGNIN_FAILED]').waitFor()
      await look(page, locale, 'a refused sign-in')
      await page.locator('input[name=password]').fill(ann.password)
      await page.keyboard.press('Enter')
      await page.waitForURL('**/account')
      for (const path of await addresses(ann, (url, access) => !anybody(url, access) && !wizard(url))) await visit('signed in', path)
      await visit('signed in', '/')

      await house.t.app.db.updateTable('users').set({ perUserMfaState: 'enforced' }).where('id', '=', ann.id).execute()
      await createAppPassword(house.t.app, { tenantId: house.t.tenantId, userId: ann.id, displayName: 'Kalender på telefonen', actor: { kind: 'user', userId: ann.id }, correlationId: 'c' })
      for (const path of ['/app-passwords', ...(await addresses(ann, url => url.startsWith('/app-passwords/')))]) await visit('with an app password', path)
      await page.goto('/sessions')
      await page.getByRole('button', { name: translate(locale, 'page.signOut'), exact: true }).click()
      await page.waitForURL('**/signout')
      await look(page, locale, 'signed out')

      test.diagnostic(`${seen.size} pages in ${locale}`)
      assert.ok(seen.size >= 28, `${seen.size}: ${[...seen].join('\n')}`)
      assert.deepEqual(elsewhere, [])
      // Nobody's page is 404, and a way to a program without what it needs is 400: pages all the same.
      assert.deepEqual(problemsOf(page).filter(one => !/status of 40[04]/.test(one)), [])
      assert.equal(await page.evaluate('localStorage.length + sessionStorage.length'), 0, 'nothing is kept in the browser (T-35)')
      await page.context().close()
    })
  }
})
