import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { TOTP } from 'otpauth'
import { makeApp } from './support/make-app.ts'
import type { TestApp } from './support/make-app.ts'
import { addPerson, changePolicy, foundTenant } from './support/people.ts'
import type { Person } from './support/people.ts'

const home = 'Fabrikam Latvija'
const accent = '7a1f5c'
const seed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

describe('whose look a page has', () => {
  let t: TestApp
  let ilze: Person
  before(async () => {
    t = await makeApp()
    const fabrikam = await foundTenant(t.app, { name: home, domain: 'fabrikam.example' })
    await t.app.db.updateTable('tenants').set({ defaultLocale: 'lv' }).where('id', '=', fabrikam).execute()
    await changePolicy(t.app, fabrikam, 'branding', { accentColor: `#${accent}` })
    ilze = await addPerson(t.app, fabrikam, { name: 'ilze', domain: 'fabrikam.example', perUserMfaState: 'enforced', totp: seed })
  })
  after(() => t.close())

  const isHome = (page: string) => page.includes(home) && page.toLowerCase().includes(accent)

  test('pages of whoever has proved a password have the look and the language of their own tenant, on every path', async () => {
    const browser = t.browser({ language: '' })
    await browser.get('/signin')
    assert.equal(isHome(browser.page), false)
    await browser.post('/signin', { userName: ilze.userPrincipalName, password: ilze.password })
    assert.match(browser.path, /^\/signin\/second-factor/)
    assert.ok(isHome(browser.page), 'after the password')
    assert.match(browser.page, /<html lang="lv">/)
    const methodId = /name="methodId" value="([^"]+)"/.exec(browser.page)![1]!
    await browser.post('/signin/second-factor', { methodId, code: new TOTP({ secret: seed }).generate({ timestamp: t.clock.now() }) })
    for (const path of ['/account', '/sessions', '/security-info', '/changepassword', '/signin/again?continue=%2Faccount']) {
      assert.equal((await browser.get(path)).statusCode, 200, path)
      assert.ok(isHome(browser.page), path)
      assert.match(browser.page, /<html lang="lv">/, path)
    }
  })

  test('T-01: before that a name changes nothing that a stranger sees: the look is that of the house, or of the domain as it was typed', async () => {
    const looks = new Map<string, boolean[]>()
    for (const name of [ilze.userPrincipalName, 'nobody@fabrikam.example', 'nobody@contoso.example', 'nobody@elsewhere.example']) {
      const browser = t.browser()
      const seen: boolean[] = []
      for (const path of [`/signin?username=${encodeURIComponent(name)}`, `/reset?username=${encodeURIComponent(name)}`, '/help']) {
        await browser.get(path)
        seen.push(browser.page.includes(home))
      }
      await browser.get('/signin')
      await browser.post('/signin', { userName: name, password: 'not the password' })
      seen.push(browser.page.includes(home))
      await browser.get('/reset')
      await browser.post('/reset', { username: name })
      seen.push(browser.page.includes(home))
      looks.set(name, seen)
    }
    assert.deepEqual(looks.get(ilze.userPrincipalName), looks.get('nobody@fabrikam.example'))
    const [signIn, , help, refused] = looks.get(ilze.userPrincipalName)!
    assert.deepEqual([signIn, help, refused], [false, false, false])
    for (const name of ['nobody@contoso.example', 'nobody@elsewhere.example']) assert.ok(!looks.get(name)!.includes(true), name)
  })

  test('signed out again, the browser sees the house’s own look', async () => {
    const browser = t.browser()
    await browser.get('/signin')
    await browser.post('/signin', { userName: ilze.userPrincipalName, password: ilze.password })
    await browser.post('/signout')
    await browser.get('/signin')
    assert.equal(isHome(browser.page), false)
  })
})
