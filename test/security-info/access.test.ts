import assert from 'node:assert/strict'
import { after, before, describe, test as check } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy } from '../support/people.ts'
import { seed, signedIn, signIn } from './signed-in.ts'

const minute = 60_000
const concrete = (url: string) => url.replace(/:kind/g, 'email').replace(/:[^/]+/g, 'x').replace(/\*/g, 'x')

describe('what a session is good for', () => {
  let test: TestApp
  before(async () => {
    test = await makeApp()
    await changePolicy(test.app, test.tenantId, 'passwordResetPolicy', { enablementType: 2 })
  })
  after(() => test?.close())

  check('T-15: the cookie of a sign-in that is not complete opens nothing but sign-in and the wizard, as cookie, bearer or basic', async () => {
    const ann = await addPerson(test.app, test.tenantId, { name: 'half', totp: seed })
    const browser = test.browser()
    await signIn(browser, ann)
    const id = browser.cookies.get('__Host-latchkey-signin')!
    const token = browser.formToken()
    const sent = test.mail.length + test.texts.length
    let asked = 0
    for (const route of test.routes) {
      const { access, surface, method } = route
      if (typeof access === 'string' && ['public', 'recovery', 'development', 'basic', 'firstFactor'].includes(access)) continue
      asked++
      for (const headers of [
        { cookie: `__Host-latchkey-signin=${id}; __Host-latchkey-form=${browser.cookies.get('__Host-latchkey-form')}` },
        { cookie: `__Host-latchkey-session=${id}` },
        { authorization: `Bearer ${id}` },
        { authorization: `Basic ${Buffer.from(`${ann.userPrincipalName}:${ann.password}`).toString('base64')}` },
      ] as Record<string, string>[]) {
        const form = surface === 'page' && method === 'POST' ? { payload: `_csrf=${encodeURIComponent(token)}`, type: 'application/x-www-form-urlencoded' } : undefined
        const reply = await test.server.inject({
          method: method as 'GET', url: concrete(route.url), authority: 'reset.contoso.example',
          headers: { ...headers, 'x-latchkey': '1', ...(form ? { 'content-type': form.type } : {}) }, ...(form ? { payload: form.payload } : {}),
        })
        const toSignIn = reply.statusCode === 303 && /^\/signin(\?|\/again)/.test(String(reply.headers.location))
        assert.ok(reply.statusCode === 401 || reply.statusCode === 403 || toSignIn, `${method} ${route.url} with ${Object.keys(headers)}: ${reply.statusCode}`)
      }
    }
    assert.ok(asked > 50, `${asked} routes were asked`)
    for (const path of ['/security-info/register/add/email', '/security-info/register/confirm/email', '/security-info/register/review']) {
      const reply = await browser.send(path, { destination: 'weak@mail.example', code: '12345678' }, token)
      assert.equal(reply.statusCode, 303, path)
      assert.match(String(reply.headers.location), /^\/signin/)
    }
    await test.work()
    assert.equal(test.mail.length + test.texts.length, sent)
  })

  check('skipping the wizard is no proof: it makes no session fresh for changes', async () => {
    const ann = await addPerson(test.app, test.tenantId, { name: 'skips', registered: false })
    const browser = test.browser()
    await signIn(browser, ann)
    await test.clock.advance(8 * minute)
    await browser.get('/security-info/register')
    await browser.post('/security-info/register/skip')
    assert.equal(browser.path, '/account')
    await test.clock.advance(3 * minute)
    await browser.get('/security-info/add')
    assert.match(browser.path, /^\/signin\/again/)
  })

  check('a session that proved a password only sees nothing once a second factor is registered elsewhere (T-15)', async () => {
    const ann = await addPerson(test.app, test.tenantId, { name: 'later', email: 'later@mail.example' })
    const old = await signedIn(test, ann)
    await test.app.db
      .insertInto('authenticationMethods')
      .values({
        tenantId: test.tenantId, id: `${ann.id}-app`, userId: ann.id, kind: 'softwareOath', displayName: null, valueSealed: 'never opened here', valueIndex: null,
        oathStepSeconds: 30, lastStep: null, origin: 'self', verifiedAt: test.clock.now(), heldUntil: null, isDefault: false,
        createdDateTime: test.clock.now(), lastUsedAt: null,
      })
      .execute()
    await old.get('/security-info')
    assert.match(old.path, /^\/signin\/again/)
    assert.equal((await old.json('GET', '/api/security-info')).statusCode, 401)
    assert.equal((await old.json('DELETE', `/api/security-info/methods/${ann.id}-app`)).statusCode, 401)
  })
})
