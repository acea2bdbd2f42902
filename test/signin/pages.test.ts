import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import type { VNode } from 'preact'
import type { PageContext } from '../../src/page/context.ts'
import { AccountPage, SessionsPage } from '../../src/signin/account-pages.tsx'
import { describeBrowser } from '../../src/signin/describe-browser.ts'
import { ExpiredPasswordPage } from '../../src/signin/new-password-page.tsx'
import { AgainPasswordPage, ChooseFactorPage, FactorCodePage } from '../../src/signin/second-factor-page.tsx'
import { PassPage, SignedOutPage, SignInPage, SignOutPage, StartPage } from '../../src/signin/sign-in-pages.tsx'
import { assets } from '../../src/page/assets.ts'
import { renderPage } from '../../src/page/send-page.ts'
import { reason } from '../../src/rules/verdict.ts'
import { locales } from '../../src/text.ts'
import type { Locale } from '../../src/text.ts'
import { serveAssets, testContext } from '../page/gallery.tsx'
import { axe, launch, overflows, problemsOf, screenshot } from '../support/browser.ts'
import type { TestBrowser } from '../support/browser.ts'

const app = { methodId: 'a', way: 'totp', name: 'My phone', hint: '', isDefault: true } as const
const sms = { methodId: 'b', way: 'sms', name: null, hint: '+371 XXXXXX67', isDefault: false } as const
const at = Date.UTC(2026, 10, 21, 3, 43)
const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0'
const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1'

const pages: Record<string, (context: PageContext) => VNode> = {
  start: context => StartPage({ context }),
  signin: context => SignInPage({ context, continueTo: '/security-info' }),
  'signin-wrong': context => SignInPage({ context, userName: 'ann@contoso.example', reasons: [reason('LK_SIGNIN_FAILED')] }),
  'signin-empty': context => SignInPage({ context, missing: ['userName', 'password'] }),
  pass: context => PassPage({ context, userName: 'ann@contoso.example', reasons: [reason('LK_TAP_EXPIRED')] }),
  out: context => SignedOutPage({ context }),
  'out-ask': context => SignOutPage({ context }),
  choose: context => ChooseFactorPage({ context, base: '/signin/second-factor', factors: [app, sms] }),
  none: context => ChooseFactorPage({ context, base: '/signin/second-factor', factors: [] }),
  totp: context => FactorCodePage({ context, base: '/signin/second-factor', factor: app, sent: false, hasOthers: true, reasons: [reason('LK_CODE_WRONG')] }),
  sms: context => FactorCodePage({ context, base: '/signin/second-factor', factor: sms, sent: true, waitSeconds: 30, hasOthers: true }),
  'sms-before': context => FactorCodePage({ context, base: '/signin/again', factor: sms, sent: false, hasOthers: false }),
  again: context => AgainPasswordPage({ context, userName: 'ann@contoso.example' }),
  'new-password': context => ExpiredPasswordPage({
    context, why: 'expired', userName: 'ann@contoso.example', asksCurrent: true, minimumLength: 8, reasons: [reason('LK_PASSWORD_TOO_SHORT', { min: 8 })],
  }),
  account: context => AccountPage({
    context: { ...context, signedInAs: 'Ann Berg' },
    account: {
      displayName: 'Ann Berg', userPrincipalName: 'ann@contoso.example', canReset: false, methodCount: 1, passwordChangedAt: at, passwordExpiresAt: at, sessionCount: 2, appPasswords: true,
    },
  }),
  sessions: context => SessionsPage({
    context: { ...context, signedInAs: 'Ann Berg' }, current: 's1', ended: true,
    sessions: [
      { publicId: 's1', userAgent: windows, ipAddress: '192.0.2.7', createdAt: at, lastSeenAt: at },
      { publicId: 's2', userAgent: phone, ipAddress: '2001:db8:1:2::/64', createdAt: at, lastSeenAt: at },
      { publicId: 's3', userAgent: null, ipAddress: null, createdAt: at, lastSeenAt: at },
    ],
  }),
}

describe('the pages of signing in', () => {
  let browser: TestBrowser
  let origin: string
  const web = createServer((request, response) => {
    const url = new URL(request.url!, 'http://x')
    if (serveAssets(url.pathname, response)) return
    const page = pages[url.pathname.slice(1)]
    response.statusCode = page ? 200 : 404
    response.setHeader('content-type', 'text/html')
    response.end(page && renderPage(page(testContext((url.searchParams.get('mkt') ?? 'en') as Locale))))
  })

  before(async () => {
    await new Promise<void>(done => web.listen(0, '127.0.0.1', done))
    origin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`
    browser = await launch()
  })
  after(async () => {
    await browser?.close()
    web.close()
  })

  const look = async (page: Page, name: string, locale: Locale, how: string) => {
    await page.goto(`/${name}?mkt=${locale}`)
    await screenshot(page, `signin-${name}-${locale}-${how}`)
    assert.equal(await overflows(page), false, `${name} in ${locale}, ${how}`)
    assert.equal(await page.locator('html').getAttribute('lang'), locale)
    assert.match(await page.title(), / – Contoso$/)
    assert.deepEqual(problemsOf(page), [])
  }

  for (const [how, options] of [['narrow-light', { width: 320 }], ['wide-dark', { width: 1280, dark: true }]] as const) {
    it(`axe finds nothing, ${how}`, async () => {
      const page = await browser.newPage({ ...options, baseURL: origin })
      for (const name of Object.keys(pages)) {
        await look(page, name, 'en', how)
        assert.deepEqual(await axe(page), [], name)
      }
      await page.context().close()
    })
  }

  it('nothing is too wide for 320 pixels in any language', async () => {
    const page = await browser.newPage({ width: 320, dark: true, baseURL: origin })
    for (const name of Object.keys(pages)) for (const locale of locales) await look(page, name, locale, 'narrow-dark')
    await page.context().close()
  })

  it('carry no password, no code and no style or script of their own', () => {
    for (const [name, page] of Object.entries(pages)) {
      const html = renderPage(page(testContext()))
      assert.doesNotMatch(html, /<style|style=|<script(?! src="\/assets\/)|\son[a-z]+=|javascript:/i, name)
      assert.doesNotMatch(html, /type="password"[^>]*\svalue=/, name)
      assert.ok(html.includes(assets.css), name)
    }
  })

  it('say what a password manager needs to know', () => {
    const html = renderPage(pages['signin']!(testContext()))
    assert.match(html, /name="userName"[^>]*autocomplete="username"/)
    assert.match(html, /name="password"[^>]*autocomplete="current-password"/)
    assert.match(renderPage(pages['sms']!(testContext())), /name="code"[^>]*autocomplete="one-time-code"/)
    assert.match(renderPage(pages['new-password']!(testContext())), /name="newPassword"[^>]*autocomplete="new-password"/)
  })

  it('show as text whatever somebody is called', () => {
    const html = renderPage(SignInPage({ context: testContext('en', { branding: { displayName: '<img src=x onerror=alert(1)>' } }), userName: '"><script>alert(1)</script>' }))
    assert.doesNotMatch(html, /<img|<script>/)
  })
})

describe('a session’s browser', () => {
  it('is named by what it says of itself, or not at all', () => {
    assert.equal(describeBrowser(windows), 'Firefox – Windows')
    assert.equal(describeBrowser(phone), 'Safari – iPhone')
    assert.equal(describeBrowser('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0'), 'Edge – Linux')
    assert.equal(describeBrowser('<script>'), undefined)
    assert.equal(describeBrowser(null), undefined)
  })
})
