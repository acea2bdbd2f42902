/**
 * M-26 as a person lives it: stopped at sign-in, sets up an app and a phone, reviews, later adds an address, takes a method away
 * and changes the password. In four languages, in a real browser without script, 320 pixels wide, with the keyboard alone.
 */
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test as check } from 'node:test'
import { TOTP } from 'otpauth'
import type { Page } from 'playwright-core'
import { listen } from '../../src/listen.ts'
import type { Listening } from '../../src/listen.ts'
import { locales, translate } from '../../src/text.ts'
import type { Locale, MessageKey } from '../../src/text.ts'
import { axe, launch, overflows, problemsOf, screenshot, transferred } from '../support/browser.ts'
import type { TestBrowser } from '../support/browser.ts'
import { codeIn } from '../support/capture.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy } from '../support/people.ts'

const newPassword = 'Xylem-Orbit-42-Fjord'

/** Focuses the field or the control of that name by Tab, as somebody without a mouse does. */
async function tabTo(page: Page, name: string, what: 'field' | 'control' = 'control'): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press('Tab')
    const focused = await page.evaluate(() => {
      const element = document.activeElement as HTMLInputElement | null
      const label = [...(element?.labels ?? [])].map(one => one.textContent).join(' ')
      const text = label || element?.getAttribute('aria-label') || element?.textContent || ''
      return { field: label !== '', text: text.replace(/\s+/g, ' ').trim() }
    })
    if (focused.field === (what === 'field') && focused.text.startsWith(name)) return
  }
  throw new Error(`“${name}” is not reached by Tab on ${page.url()}`)
}

const press = async (page: Page, name: string) => {
  await tabTo(page, name)
  const before = page.url()
  await page.keyboard.press('Enter')
  await page.waitForLoadState('load')
  return before
}

const type = async (page: Page, label: string, text: string) => {
  await tabTo(page, label, 'field')
  await page.keyboard.press('Control+A')
  await page.keyboard.type(text)
}

describe('registering security info with a browser', () => {
  let test: TestApp
  let socket: Listening
  let browser: TestBrowser
  let origin: string
  const sizes = new Map<string, number>()

  before(async () => {
    const probe = createServer()
    await new Promise<void>(done => probe.listen(0, '127.0.0.1', done))
    const { port } = probe.address() as AddressInfo
    await new Promise(done => probe.close(done))
    origin = `http://localhost:${port}`
    const listener = { origin, host: '127.0.0.1', port }
    test = await makeApp({ config: { publicOrigin: origin, listeners: [listener] } })
    socket = await listen(test.server, listener)
    const questions = ['sq.first.pet', 'sq.first.car', 'sq.childhood.hero'].map(id => ({ id, text: null }))
    await changePolicy(test.app, test.tenantId, 'passwordResetPolicy', {
      enablementType: 2, numberOfAuthenticationMethodsRequired: 2, securityQuestionsOptionEnabled: true, securityQuestions: questions,
      numberOfQuestionsToRegister: 3, numberOfQuestionsToReset: 3, officePhoneOptionEnabled: true,
    })
    await changePolicy(test.app, test.tenantId, 'tenantSettings', { allowAppPasswords: true })
    browser = await launch()
  })
  after(async () => {
    await browser?.close()
    await socket?.close()
    await test?.close()
  })

  /** Every page of the way: nothing wider than the screen, nothing axe objects to, and a picture to look at. */
  const look = async (page: Page, locale: Locale, name: string, script: boolean) => {
    assert.equal(await overflows(page), false, `${name} is wider than 320 pixels in ${locale}`)
    if (script) assert.deepEqual(await axe(page), [], `${name} in ${locale}`)
    assert.equal(await page.evaluate(() => document.documentElement.lang), locale)
    await screenshot(page, `security-info-${name}-${locale}`)
  }

  // axe is a script itself: where none may run at all it has nothing to say, so for it only ours are kept out.
  for (const { locale, script } of [...locales.map(locale => ({ locale, script: true })), { locale: 'en' as const, script: false }]) {
    check(`in ${locale}, ${script ? 'without our script' : 'with no script at all'}, 320 pixels, keyboard only`, { timeout: 120_000 }, async () => {
      const see = (what: string) => look(page, locale, what, script)
      const t = (key: MessageKey, values?: Record<string, string | number>) => translate(locale, key, values)
      const name = `kim-${locale}${script ? '' : '-2'}`
      const kim = await addPerson(test.app, test.tenantId, { name, displayName: 'Kim Ozoliņa-Sørensen', registered: false, perUserMfaState: 'enforced', language: locale })
      const page = await browser.newPage({ baseURL: origin, width: 320, height: 640, script, locale: locale === 'nb' ? 'nb-NO' : locale })
      page.setDefaultTimeout(10_000)
      await page.route('**/assets/*.js', route => route.abort())

      await page.goto('/signin?continue=/security-info')
      await type(page, t('field.username'), kim.userPrincipalName)
      await type(page, t('field.password'), kim.password)
      await page.keyboard.press('Enter')
      await page.waitForURL('**/security-info/register**')
      await see('01-stop')

      await press(page, t('security-info.action.next'))
      await page.waitForURL('**/add/other-app')
      await see('02-app')
      const key = (await page.locator('code').first().textContent())!.replaceAll(' ', '')
      await type(page, t('security-info.code.label'), '123456')
      await page.keyboard.press('Enter')
      await page.locator('[data-code=LK_CODE_WRONG]').waitFor()
      await see('03-app-wrong')
      await type(page, t('security-info.code.label'), new TOTP({ secret: key }).generate({ timestamp: test.clock.now() }))
      await page.keyboard.press('Enter')
      await page.waitForURL('**/security-info/register')
      await see('04-second')

      await press(page, t('security-info.wizard.different'))
      await page.waitForURL('**/register/add')
      await see('05-different')
      await press(page, t('security-info.method.mobile'))
      await page.waitForURL('**/add/phone')
      await see('06-phone')
      await type(page, t('security-info.phone.label'), 'twenty')
      await page.keyboard.press('Enter')
      await page.locator('[data-code=LK_METHOD_MALFORMED]').waitFor()
      await see('07-phone-malformed')
      const number = !script ? '+45 20 12 34 57' : { en: '+44 7400 123456', da: '+45 20 12 34 56', nb: '+47 406 12 345', lv: '+371 2612 3456' }[locale]
      await type(page, t('security-info.phone.label'), number)
      await page.keyboard.press('Enter')
      await page.waitForURL('**/confirm/phone')
      await see('08-code')
      await test.work()
      const text = test.texts.findLast(one => one.to === number.replaceAll(' ', ''))!.text
      await type(page, t('security-info.code.label'), codeIn(text).replace(/^(\d{4})/, '$1 '))
      await page.keyboard.press('Enter')
      await page.waitForURL('**/security-info/register')
      await see('09-review')
      await press(page, t('security-info.review.done'))
      await page.waitForURL('**/security-info')
      await see('10-list')

      await press(page, t('security-info.action.add'))
      await page.waitForURL('**/security-info/add')
      await see('11-add')
      await tabTo(page, t('security-info.method.softwareOath'), 'field')
      await page.keyboard.press('ArrowDown') // the group is one stop for Tab, arrows choose in it
      assert.equal(await page.evaluate(() => (document.activeElement as HTMLInputElement).value), 'email')
      await page.keyboard.press('Enter')
      await page.waitForURL('**/add/email')
      await see('12-email')
      await type(page, t('security-info.email.label'), `${name}@mail.example`)
      await page.keyboard.press('Enter')
      await page.waitForURL('**/confirm/email')
      await test.work()
      const mail = test.mail.findLast(one => one.to === `${name}@mail.example` && /\d{4} \d{4}/.test(one.text))!
      await type(page, t('security-info.code.label'), codeIn(mail.text))
      await page.keyboard.press('Enter')
      await page.waitForURL('**/security-info?done=added&method=email')
      await see('13-added')

      await page.goto('/security-info/add/questions')
      await see('14-questions')

      await page.goto('/security-info')
      await press(page, t('security-info.action.delete.named', { method: t('security-info.method.mobile'), value: masked(number) }))
      await page.waitForURL('**/delete')
      await see('15-delete')
      await press(page, t('security-info.delete.confirm'))
      await page.waitForURL('**/security-info?done=deleted&method=mobile')

      await page.goto('/app-passwords')
      await type(page, t('security-info.app-passwords.name'), 'Kalender')
      await see('16-app-passwords')
      await page.keyboard.press('Enter')
      await page.locator('code').waitFor()
      assert.match((await page.locator('code').textContent())!, /^([a-z]{4} ?){4}$/)
      await see('17-app-password')

      await page.goto('/changepassword')
      await see('18-change-password')
      await type(page, t('field.newPassword'), newPassword)
      await type(page, t('field.confirmPassword'), newPassword)
      await page.keyboard.press('Enter')
      await page.waitForURL('**/changepassword/done')
      await see('19-changed')
      assert.deepEqual(problemsOf(page).filter(problem => !problem.includes('ERR_FAILED')), [])
      await page.unroute('**/assets/*.js')

      if (script) for (const path of ['/security-info', '/security-info/add', '/security-info/add/other-app', '/security-info/add/questions', '/changepassword', '/app-passwords']) {
        sizes.set(`${path} ${locale}`, await transferred(page, path))
      }
      await page.context().close()
    })
  }

  check('with our script, dark and wide, every page keeps the content security policy and satisfies axe', { timeout: 120_000 }, async () => {
    const seed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
    const kim = await addPerson(test.app, test.tenantId, {
      name: 'kim-dark', email: 'kim.dark@mail.example', mobile: '+45 20999999', businessPhones: ['+45 33112233'], totp: seed, perUserMfaState: 'enabled',
    })
    const page = await browser.newPage({ baseURL: origin, dark: true })
    await page.goto('/signin?continue=/security-info')
    await type(page, 'User name', kim.userPrincipalName)
    await type(page, 'Password', kim.password)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/signin/second-factor**')
    await page.getByLabel('Code').fill(new TOTP({ secret: seed }).generate({ timestamp: test.clock.now() }))
    await page.keyboard.press('Enter')
    await page.waitForURL('**/security-info')
    for (const [name, path] of [
      ['list', '/security-info'], ['add', '/security-info/add'], ['app', '/security-info/add/other-app'], ['questions', '/security-info/add/questions'],
      ['delete', '/security-info/methods/securityQuestions/delete'], ['change-password', '/changepassword'], ['app-passwords', '/app-passwords'],
    ] as const) {
      await page.goto(path)
      assert.deepEqual(await axe(page), [], name)
      await screenshot(page, `security-info-dark-${name}`)
    }
    await page.getByLabel('Name', { exact: true }).fill('Kalender')
    await page.getByRole('button', { name: 'Make an app password' }).click()
    await page.getByRole('button', { name: 'Copy' }).waitFor()
    await screenshot(page, 'security-info-dark-app-password')
    assert.deepEqual(problemsOf(page).filter(problem => !problem.includes('404')), [])
    await page.context().close()
  })

  check('no page with everything on it weighs 20 kB', () => {
    assert.ok(sizes.size >= 24)
    for (const [page, bytes] of sizes) assert.ok(bytes < 20_000, `${page}: ${bytes} bytes`)
  })
})

/** As the list shows it: all digits after the country code but the last two hidden. */
function masked(number: string): string {
  const [country, ...rest] = number.split(' ')
  const digits = rest.join('')
  return `${country} ${'X'.repeat(digits.length - 2)}${digits.slice(-2)}`
}
