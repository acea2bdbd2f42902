import assert from 'node:assert/strict'
import { after, before, describe, test as check } from 'node:test'
import { setPassword } from '../../src/credentials/set-password.ts'
import { Secret } from '../../src/secret.ts'
import { flushSignIns } from '../../src/store/sign-ins.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy } from '../support/people.ts'
import type { Person, PersonOptions } from '../support/people.ts'
import { auditOf, seed, shownCodes, signedIn, textOf } from './signed-in.ts'

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`app passwords on ${engine}`, () => {
    let test: TestApp
    let count = 0
    const person = (options: Partial<PersonOptions> = {}): Promise<Person> =>
      addPerson(test.app, test.tenantId, { name: `a${++count}`, perUserMfaState: 'enforced', totp: seed, ...options })
    const allow = (on: boolean) => changePolicy(test.app, test.tenantId, 'tenantSettings', { allowAppPasswords: on })
    const ask = (userName: string, secret: string, method: 'GET' | 'HEAD' = 'GET') => test.server.inject({
      method, url: '/auth/basic', authority: 'reset.contoso.example', headers: { authorization: `Basic ${Buffer.from(`${userName}:${secret}`).toString('base64')}` },
    })
    /** Makes one by the page and reads it from there. */
    const make = async (one: Person, name = 'Old mail'): Promise<string> => {
      const browser = await signedIn(test, one)
      await browser.get('/app-passwords')
      await browser.post('/app-passwords', { displayName: name })
      return /<code>([a-z]{4} [a-z]{4} [a-z]{4} [a-z]{4})<\/code>/.exec(browser.page)![1]!
    }

    before(async () => { test = await makeApp({ engine }) })
    after(() => test?.close())

    check('M-08: made with a name, shown once, listed with its last use, deleted', async () => {
      await allow(true)
      const ann = await person()
      const browser = await signedIn(test, ann)
      await browser.get('/security-info')
      assert.match(browser.page, /href="\/app-passwords"/)
      await browser.get('/app-passwords')
      assert.match(textOf(browser.page), /You have no app passwords/)
      await browser.post('/app-passwords', { displayName: 'Mail on the old laptop' })
      const secret = /<code>([a-z]{4} [a-z]{4} [a-z]{4} [a-z]{4})<\/code>/.exec(browser.page)![1]!
      await browser.get('/app-passwords')
      assert.match(textOf(browser.page), /Mail on the old laptop Made .* · Never used/)
      assert.ok(!browser.page.includes(secret))
      const used = await ask(ann.userPrincipalName, secret)
      assert.equal(used.statusCode, 200)
      assert.equal(used.headers['x-latchkey-user'], ann.userPrincipalName)
      assert.equal(used.headers['x-latchkey-user-id'], ann.id)
      await browser.get('/app-passwords')
      assert.match(textOf(browser.page), /Mail on the old laptop Made .* · Last used/)
      const id = /\/app-passwords\/([^/]+)\/delete/.exec(browser.page)![1]!
      await browser.get(`/app-passwords/${id}/delete`)
      await browser.post(`/app-passwords/${id}/delete`)
      assert.match(textOf(browser.page), /The app password has been deleted.*You have no app passwords/)
      assert.equal((await ask(ann.userPrincipalName, secret)).statusCode, 401)
      const activities = await auditOf(test, ann.id)
      assert.ok(activities.includes('Create application password for user') && activities.includes('Delete application password for user'), activities.join())
    })

    check('a name is needed, one of 64 characters at most, and no two are the same', async () => {
      const ann = await person()
      const browser = await signedIn(test, ann)
      await browser.get('/app-passwords')
      for (const [displayName, code] of [['', 'LK_APP_PASSWORD_NAME'], ['x'.repeat(65), 'LK_APP_PASSWORD_NAME']] as const) {
        await browser.post('/app-passwords', { displayName })
        assert.deepEqual(shownCodes(browser.page), [code])
      }
      await browser.post('/app-passwords', { displayName: 'Printer' })
      await browser.get('/app-passwords')
      await browser.post('/app-passwords', { displayName: ' printer ' })
      assert.deepEqual(shownCodes(browser.page), ['LK_APP_PASSWORD_NAME_TAKEN'])
    })

    check('A-24: the 41st is refused; with the switch off the page hides them and they go on working', async () => {
      const ann = await person()
      const secret = await make(ann, 'The first')
      const rows = Array.from({ length: 39 }, (_, index) => ({
        tenantId: test.tenantId, id: `${ann.id}-${index}`, userId: ann.id, displayName: `Filler ${index}`, displayNameLower: `filler ${index}`,
        lookupMac: `${ann.id}-${index}`, hash: 'none', createdDateTime: test.clock.now(), lastUsedAt: null,
      }))
      await test.app.db.insertInto('appPasswords').values(rows).execute()
      const browser = await signedIn(test, ann)
      await browser.get('/app-passwords')
      assert.match(textOf(browser.page), /You have 40 app passwords, which is the most/)
      assert.doesNotMatch(browser.page, /name="displayName"/)
      const over = await browser.json('POST', '/api/security-info/app-passwords', { displayName: 'One too many' })
      assert.equal(over.json().reasons[0].code, 'LK_APP_PASSWORD_MAX')

      await allow(false)
      const reply = await browser.get('/app-passwords')
      assert.equal(reply.statusCode, 403)
      assert.deepEqual(shownCodes(browser.page), ['LK_APP_PASSWORD_OFF'])
      assert.doesNotMatch(browser.page, /The first|Filler/)
      await browser.get('/security-info')
      assert.doesNotMatch(browser.page, /href="\/app-passwords"/)
      for (const [method, url] of [['GET', '/api/security-info/app-passwords'], ['DELETE', `/api/security-info/app-passwords/${ann.id}-0`]] as const) {
        assert.equal((await browser.json(method, url)).statusCode, 403, url)
      }
      assert.equal((await ask(ann.userPrincipalName, secret)).statusCode, 200)
      await allow(true)
    })

    check('A-24, sspr §8.1: a change of password leaves them, and says so', async () => {
      const ann = await person()
      const secret = await make(ann)
      const browser = await signedIn(test, ann)
      await browser.get('/changepassword')
      await browser.post('/changepassword', { newPassword: 'Xylem-Orbit-42-Fjord', confirmPassword: 'Xylem-Orbit-42-Fjord' })
      assert.match(textOf(browser.page), /Your app password goes on working/)
      assert.equal((await ask(ann.userPrincipalName, secret)).statusCode, 200)
    })

    check('LD-09, LD-60: a reset ends them, unless the tenant lets them survive it (A-24)', async () => {
      for (const survive of [false, true]) {
        await changePolicy(test.app, test.tenantId, 'tenantSettings', { appPasswordsSurviveReset: survive })
        const ann = await person()
        const secret = await make(ann)
        await setPassword(test.app, {
          tenantId: test.tenantId, userId: ann.id, newPassword: new Secret('Xylem-Orbit-42-Fjord'), channel: 'sspr-portal',
          actor: { kind: 'user', userId: ann.id }, correlationId: ann.id,
        })
        assert.equal((await ask(ann.userPrincipalName, secret)).statusCode, survive ? 200 : 401)
      }
    })

    check('every asking is a row of the sign-in log', async () => {
      const ann = await person()
      const secret = await make(ann)
      await ask(ann.userPrincipalName, secret)
      await ask(ann.userPrincipalName, 'wrongwrongwrongx')
      await flushSignIns(test.app)
      const rows = await test.app.db.selectFrom('signIns').select(['kind', 'result', 'reasonCode', 'userId']).where('kind', '=', 'appPassword').orderBy('at', 'desc').limit(2).execute()
      assert.deepEqual(rows.map(row => [row.result, row.reasonCode]).sort(), [['failure', 'LK_SIGNIN_FAILED'], ['success', null]])
    })

    check('they are not for people without per-user MFA', async () => {
      const browser = await signedIn(test, await person({ perUserMfaState: 'disabled' }))
      await browser.get('/app-passwords')
      assert.deepEqual(shownCodes(browser.page), ['LK_APP_PASSWORD_NO_MFA'])
      assert.equal((await browser.json('POST', '/api/security-info/app-passwords', { displayName: 'x' })).json().reasons[0].code, 'LK_APP_PASSWORD_NO_MFA')
    })

    check('T-56: an app password opens /auth/basic and nothing else', async () => {
      const ann = await person()
      const secret = (await make(ann)).replaceAll(' ', '')
      const basic = `Basic ${Buffer.from(`${ann.userPrincipalName}:${secret}`).toString('base64')}`
      const concrete = (url: string) => url.replace(/:[^/]+/g, 'x').replace(/\*/g, 'x')
      const authority = 'reset.contoso.example'
      let asked = 0
      for (const route of test.routes) {
        const { access } = route
        if (route.url === '/auth/basic' || (typeof access === 'string' && ['public', 'recovery', 'development'].includes(access))) continue
        asked++
        for (const authorization of [basic, `Bearer ${secret}`]) {
          const reply = await test.server.inject({ method: route.method as 'GET', url: concrete(route.url), authority, headers: { authorization, 'x-latchkey': '1' } })
          assert.ok([401, 403].includes(reply.statusCode) || (reply.statusCode === 303 && String(reply.headers.location).startsWith('/signin?')), `${route.method} ${route.url}: ${reply.statusCode}`)
        }
      }
      assert.ok(asked > 50, `${asked} routes were asked`)

      const browser = test.browser()
      await browser.get('/signin')
      await browser.post('/signin', { userName: ann.userPrincipalName, password: secret })
      assert.deepEqual(shownCodes(browser.page), ['LK_SIGNIN_FAILED'])
      const api = await browser.json('POST', '/api/signin', { userName: ann.userPrincipalName, password: secret })
      assert.equal(api.statusCode, 401)
      const session = await signedIn(test, ann)
      const change = await session.json('POST', '/api/change-password', { currentPassword: secret, newPassword: 'Xylem-Orbit-42-Fjord' })
      assert.notEqual(change.statusCode, 401)
    })

    check('/auth/basic takes app passwords only, sets no cookie, and says the same no to everything else', async () => {
      const ann = await person()
      const secret = await make(ann)
      const nos = [
        await ask(ann.userPrincipalName, ann.password),
        await ask(ann.userPrincipalName, `${secret.slice(0, -1)}${secret.endsWith('a') ? 'b' : 'a'}`),
        await ask('nobody.at.all@contoso.example', secret),
        await ask('ann@unknown.example', secret),
        await test.server.inject({ url: '/auth/basic', authority: 'reset.contoso.example' }),
        await test.server.inject({ url: '/auth/basic', authority: 'reset.contoso.example', headers: { authorization: 'Basic !!!' } }),
        await test.server.inject({ url: '/auth/basic', authority: 'reset.contoso.example', headers: { authorization: `Bearer ${secret}` } }),
      ]
      for (const no of nos) {
        assert.equal(no.statusCode, 401)
        assert.match(String(no.headers['www-authenticate']), /^Basic realm=/)
        assert.equal(no.payload, '')
        assert.deepEqual(no.cookies, [])
        assert.deepEqual(Object.keys(no.headers).filter(name => name.startsWith('x-latchkey-')), [])
      }
      const yes = await ask(` ${ann.userPrincipalName.toUpperCase()}`.trim(), secret, 'HEAD')
      assert.equal(yes.statusCode, 200)
      assert.deepEqual(yes.cookies, [])
      const signed = await signedIn(test, ann)
      const withCookie = await signed.request({ method: 'GET', url: '/auth/basic' })
      assert.equal(withCookie.statusCode, 401, 'a session is no app password')
    })

    check('T-88: guessing app passwords spends the budget of sign-in', async () => {
      const ann = await person()
      const secret = await make(ann)
      let last = 0
      for (let tries = 0; tries < 12; tries++) last = (await ask(ann.userPrincipalName, `wrongwrongwron${String.fromCharCode(97 + tries)}x`)).statusCode
      assert.equal(last, 401)
      const locked = await ask(ann.userPrincipalName, secret)
      assert.equal(locked.statusCode, 401, 'a right one during the lock is not confirmed')
      assert.ok(Number(locked.headers['retry-after']) > 0)
    })
  })
}
