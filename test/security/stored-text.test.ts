/** T-33: what people, administrators and operators wrote is text on every page and in every mail, whatever it looks like. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { createAppPassword } from '../../src/credentials/app-passwords.ts'
import { openReset } from '../reset/stage.ts'
import { launch, problemsOf } from '../support/browser.ts'
import type { TestBrowser } from '../support/browser.ts'
import { makeAppOnSocket } from '../support/on-socket.ts'
import type { OnSocket } from '../support/on-socket.ts'
import { addMethodRow, addPerson, changePolicy, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'

const corpus = [
  '<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "'-alert(1)-'", '</title><svg onload=alert(1)>', '<iframe srcdoc="<script>alert(1)</script>">', '{{constructor.constructor("alert(1)")()}}',
  '${alert(1)}', 'javascript:alert(1)', '<a href="javascript:alert(1)">x</a>', '<style>*{display:none}</style>', '&lt;script&gt;alert(1)&lt;/script&gt;', '<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
  '<base href=//evil.example>', '<meta http-equiv=refresh content=0;url=//evil.example>', '--><script>alert(1)</script>', ']]><script>alert(1)</script>', '<input autofocus onfocus=alert(1)>', '\u2028<script>alert(1)</script>',
]

describe('T-33: stored text', () => {
  let house: OnSocket
  let browser: TestBrowser
  before(async () => {
    house = await makeAppOnSocket()
    const { t } = house
    await openReset(t)
    await changePolicy(t.app, t.tenantId, 'tenantSettings', { allowAppPasswords: true, disclosure: 'standard' })
    browser = await launch()
  })
  after(async () => {
    await browser?.close()
    await house?.close()
  })

  /** Everything that can be written, written with this. */
  async function writeEverywhere(text: string, at: number): Promise<Person> {
    const { t } = house
    await t.app.db.updateTable('tenants').set({ displayName: `Contoso ${text}` }).where('id', '=', t.tenantId).execute()
    await changePolicy(t.app, t.tenantId, 'branding', { accentColor: text, textByLocale: { en: text } })
    await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', {
      customizeHelpdeskLink: true, customHelpdeskEmailOrUrl: text, securityQuestionsOptionEnabled: true, numberOfQuestionsToRegister: 3, numberOfQuestionsToReset: 3,
      securityQuestions: [1, 2, 3].map(n => ({ id: `custom.${n}`, text: `${n} ${text}`.slice(0, 200) })),
    })
    const ann = await addPerson(t.app, t.tenantId, { name: `ann${at}`, displayName: text, email: `ann${at}@home.example`, mobilePhone: text, otherMails: [`${text}@x.example`], perUserMfaState: 'disabled' })
    await t.app.db.updateTable('users').set({ department: text, jobTitle: text, givenName: text, surname: text }).where('id', '=', ann.id).execute()
    const app = await addMethodRow(t.app, t.tenantId, ann.id, 'hardwareOath', 'JBSWY3DPEHPK3PXP')
    await t.app.db.updateTable('authenticationMethods').set({ displayName: text, verifiedAt: null }).where('id', '=', app).execute()
    return ann
  }

  /** Nothing of it became an element, a script, a style or an address. */
  const elementsOf = (page: Page) => page.evaluate(() => ({
    scripts: [...document.querySelectorAll('script')].filter(one => !one.src.startsWith(`${location.origin}/assets/`)).length,
    strange: document.querySelectorAll('iframe, object, embed, base, math, style, svg[onload], meta[http-equiv]').length,
    handlers: [...document.querySelectorAll('*')].filter(one => [...one.attributes].some(attribute => attribute.name.startsWith('on'))).length,
    addresses: ['href', 'src', 'action', 'formaction']
      .flatMap(name => [...document.querySelectorAll(`[${name}]`)].map(one => one.getAttribute(name)!))
      .filter(address => !address.startsWith('data:image/') && new URL(address, location.href).origin !== location.origin),
  }))
  const nothing = { scripts: 0, strange: 0, handlers: 0, addresses: [] }

  test('is shown as text on every page: no dialog, no violated policy, no element of its own', { timeout: 300_000 }, async () => {
    let pages = 0
    let shown = 0
    // Two at a time: what the first opens the second might close.
    const pairs = corpus.filter((_, at) => at % 2 === 0).map((text, at) => `${text} ${corpus[2 * at + 1]}`)
    for (const [at, text] of pairs.entries()) {
      const { t } = house
      const ann = await writeEverywhere(text, at)
      const page = await browser.newPage({ baseURL: house.origin })
      const look = async (path: string) => {
        await page.goto(path)
        pages++
        if ((await page.locator('body').innerText()).includes(text.replace('\u2028', '').trim().slice(0, 8))) shown++
        assert.deepEqual(await elementsOf(page), nothing, `${path} with ${text}`)
      }
      for (const path of ['/', `/signin?continue=${encodeURIComponent(text)}`, `/reset?username=${encodeURIComponent(text)}`, `/help?q=${encodeURIComponent(text)}`, `/help/${encodeURIComponent(text)}`, `/${encodeURIComponent(text)}`]) await look(path)
      // What was typed and refused comes back as text.
      await page.goto('/signin')
      await page.locator('input[name=userName]').fill(text.replace('\u2028', ''))
      await page.locator('input[name=password]').fill('x')
      await page.keyboard.press('Enter')
      await page.locator('.notice.error').waitFor()
      assert.deepEqual(await elementsOf(page), nothing, `refused sign-in with ${text}`)
      await page.locator('input[name=userName]').fill(ann.userPrincipalName)
      await page.locator('input[name=password]').fill(ann.password)
      await page.keyboard.press('Enter')
      await page.waitForURL(url => url.pathname !== '/signin')
      await t.app.db.updateTable('users').set({ perUserMfaState: 'enforced' }).where('id', '=', ann.id).execute()
      await createAppPassword(t.app, { tenantId: t.tenantId, userId: ann.id, displayName: text.slice(0, 64), actor: { kind: 'user', userId: ann.id, displayName: text, userPrincipalName: ann.userPrincipalName }, correlationId: 'c' })
      const own = await t.app.db.selectFrom('appPasswords').select('id').where('userId', '=', ann.id).executeTakeFirstOrThrow()
      for (const path of ['/account', '/sessions', '/security-info', '/security-info/add', '/security-info/add/questions', '/changepassword', '/app-passwords', `/app-passwords/${own.id}/delete`]) await look(path)
      // The way to the help desk, which the tenant may set.
      await page.goto('/reset')
      assert.deepEqual(await elementsOf(page), nothing)
      assert.deepEqual(problemsOf(page).filter(one => !/status of 4\d\d/.test(one)), [], text)
      await page.context().close()
    }
    assert.ok(pages > 120, `${pages} pages`)
    assert.ok(shown > 60, `the text is really there: on ${shown} of ${pages} pages`)
  })

  test('is text in every mail: the browser that opens it runs nothing and loads nothing', { timeout: 120_000 }, async () => {
    const { t } = house
    t.mail.length = 0
    await addPerson(t.app, t.tenantId, { name: 'hal', displayName: corpus.join(' '), mail: 'hal@contoso.example', roles: [roleIds.helpdeskAdministrator] })
    for (const [at, text] of corpus.entries()) {
      await writeEverywhere(text, 100 + at)
      const visitor = t.browser({ address: `10.5.${at}.1` })
      const started = await visitor.json('POST', '/api/resets', { username: `ann${100 + at}@contoso.example` })
      const work = started.json().work as { token: string; puzzle: string; bits: number } | undefined
      if (work) {
        const { solved } = await import('../reset/stage.ts')
        const { solution } = await solved(`name="work" value="${work.token}" data-puzzle="${work.puzzle}" data-bits="${work.bits}"`)
        const again = await visitor.json('POST', '/api/resets', { username: `ann${100 + at}@contoso.example`, work: { token: work.token, solution } })
        await visitor.json('POST', `/api/resets/${again.json().id}/challenges`, { method: 'email' })
        await visitor.json('POST', `/api/resets/${again.json().id}/contact`)
      }
      await t.work()
      await t.clock.advance(61 * 60_000)
    }
    assert.ok(t.mail.length >= corpus.length, `${t.mail.length} mails`)
    const page = await browser.newPage()
    const asked: string[] = []
    await page.route('**/*', route => (asked.push(route.request().url()), route.abort()))
    for (const mail of t.mail) {
      assert.doesNotMatch(mail.subject, /[\r\n]/)
      await page.setContent(mail.html)
      const strange = await page.evaluate(() => [...document.querySelectorAll('script, iframe, object, embed, base, math, img, svg, form, input, link')].map(one => one.outerHTML.slice(0, 80)))
      assert.deepEqual(strange, [], mail.name)
      assert.equal(await page.evaluate(() => [...document.querySelectorAll('*')].filter(one => [...one.attributes].some(attribute => attribute.name.startsWith('on'))).length), 0)
    }
    assert.deepEqual(asked, [])
    assert.deepEqual(problemsOf(page), [])
    await page.context().close()
  })
})
