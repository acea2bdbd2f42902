import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { TOTP } from 'otpauth'
import { addPerson, changePolicy } from '../support/people.ts'
import type { Person, PersonOptions } from '../support/people.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import type { Browser, Reply } from '../support/browse.ts'
import { codeIn } from '../support/capture.ts'
import { flushSignIns, listSignIns } from '../../src/store/sign-ins.ts'

const seed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const minute = 60_000

const codesOf = (test: TestApp): string => new TOTP({ secret: seed }).generate({ timestamp: test.clock.now() })
const session = (browser: Browser): string | undefined => browser.cookies.get('__Host-latchkey-session')
const halfWay = (browser: Browser): string | undefined => browser.cookies.get('__Host-latchkey-signin')

async function signIn(browser: Browser, person: Pick<Person, 'userPrincipalName'>, password: string, continueTo?: string): Promise<Reply> {
  await browser.get('/signin')
  return browser.post('/signin', { userName: person.userPrincipalName, password, ...(continueTo ? { continue: continueTo } : {}) })
}

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`signing in (${engine})`, () => {
    let test: TestApp
    let count = 0
    const person = async (options: Partial<PersonOptions> = {}): Promise<Person> =>
      addPerson(test.app, test.tenantId, { name: `p${++count}`, ...options })

    before(async () => { test = await makeApp({ engine }) })
    after(async () => { await test?.close() })

    it('with name and password leads to one’s account, and a wrong one says the same for every name', async () => {
      const ann = await person({ displayName: 'Ann Berg' })
      const browser = test.browser()
      const right = await signIn(browser, ann, ann.password)
      assert.equal(right.statusCode, 200)
      assert.equal(browser.path, '/account')
      assert.match(browser.page, /Ann Berg/)

      const said = async (userName: string) => {
        const other = test.browser()
        await other.get('/signin')
        const reply = await other.send('/signin', { userName, password: 'not the password' })
        assert.equal(reply.statusCode, 422)
        assert.match(reply.payload, new RegExp(`value="${userName}"`))
        assert.equal(session(other) ?? halfWay(other), undefined)
        return reply.payload.replaceAll(userName, 'NAME').replace(/name="_csrf" value="[^"]*"/g, '')
      }
      assert.equal(await said(ann.userPrincipalName), await said('nobody.at.all@contoso.example'))
    })

    it('asks for what is left empty, and keeps what was typed', async () => {
      const browser = test.browser()
      await browser.get('/signin')
      const reply = await browser.send('/signin', { userName: 'ann@contoso.example', password: '' })
      assert.equal(reply.statusCode, 422)
      assert.match(reply.payload, /href="#password"/)
      assert.match(reply.payload, /value="ann@contoso.example"/)
    })

    it('tells that an account is switched off only after the right password (LD-32)', async () => {
      const off = await person({ disabled: true })
      const browser = test.browser()
      assert.match((await signIn(browser, off, 'wrong')).payload, /data-code="LK_SIGNIN_FAILED"/)
      assert.match((await signIn(browser, off, off.password)).payload, /data-code="LK_SIGNIN_DISABLED"/)
      assert.equal(session(browser), undefined)
    })

    it('goes on to where one wanted to go, and never elsewhere (T-34)', async () => {
      const bob = await person()
      const browser = test.browser()
      await browser.get('/sessions')
      assert.match(browser.path, /^\/signin\?continue=%2Fsessions/)
      await browser.post('/signin', { userName: bob.userPrincipalName, password: bob.password, continue: '/sessions' })
      assert.equal(browser.path, '/sessions')
      for (const evil of ['//evil.example', 'https://evil.example/', '/\\evil.example', 'javascript:alert(1)']) {
        const other = test.browser()
        await other.get(`/signin?continue=${encodeURIComponent(evil)}`)
        assert.doesNotMatch(other.page, /name="continue"|(href|action)="[^?"]*(evil|javascript:)/)
        const reply = await other.send('/signin', { userName: bob.userPrincipalName, password: bob.password, continue: evil })
        assert.equal(reply.headers.location, '/account')
      }
    })

    it('begins a session with an id from us, whatever the browser brought (T-30)', async () => {
      const cat = await person()
      const browser = test.browser()
      const planted = 'A'.repeat(43)
      browser.cookies.set('__Host-latchkey-session', planted)
      browser.cookies.set('__Host-latchkey-signin', planted)
      await signIn(browser, cat, cat.password)
      const first = session(browser)
      assert.ok(first && first !== planted)
      assert.equal(halfWay(browser), undefined)

      const thief = test.browser()
      thief.cookies.set('__Host-latchkey-session', planted)
      assert.match((await thief.request({ method: 'GET', url: '/account' })).headers.location as string, /^\/signin/)

      // Somebody else signs in in the same browser: a new id, and the former session is dead.
      const dan = await person({ displayName: 'Dan Holm' })
      browser.page = (await test.browser().get('/signin')).payload
      browser.cookies.delete('__Host-latchkey-form')
      browser.page = (await browser.request({ method: 'GET', url: '/signout' })).payload
      await browser.post('/signin', { userName: dan.userPrincipalName, password: dan.password })
      assert.notEqual(session(browser), first)
      thief.cookies.set('__Host-latchkey-session', first)
      assert.equal((await thief.request({ method: 'GET', url: '/account' })).statusCode, 303)
    })

    it('does not lock out a person in a place of theirs, however much strangers guess (T-22)', async () => {
      const eve = await person({ displayName: 'Eve Lund' })
      const own = test.browser({ address: '192.0.2.10' })
      await signIn(own, eve, eve.password)
      await own.post('/signout')
      const device = own.cookies.get('__Host-latchkey-device')
      assert.ok(device)

      let locked = 0
      const stranger = test.browser()
      await stranger.get('/signin')
      for (let i = 0; i < 500; i++) {
        const reply = await stranger.request({
          method: 'POST', url: '/api/signin', remoteAddress: `10.${i % 200}.${i >> 4}.9`, headers: { 'x-latchkey': '1' },
          payload: { userName: eve.userPrincipalName, password: `guess ${i}` },
        })
        if (reply.statusCode === 429) locked++
        else assert.equal(reply.statusCode, 401)
      }
      assert.ok(locked >= 480, `${locked} of 500 were refused without a look`)

      // At home with another browser: the network is known. Elsewhere with the own browser: the device is.
      const athome = test.browser({ address: '192.0.2.10' })
      await signIn(athome, eve, eve.password)
      assert.equal(athome.path, '/account')
      const away = test.browser({ address: '203.0.113.77' })
      away.cookies.set('__Host-latchkey-device', device)
      await signIn(away, eve, eve.password)
      assert.equal(away.path, '/account')

      // A place nobody knows is locked, for the right password too, and says nothing of its being right.
      const strange = test.browser({ address: '198.51.100.200' })
      const refusal = await signIn(strange, eve, eve.password)
      assert.match(refusal.payload, /data-code="LK_LOCKED_SIGNIN"/)
      assert.ok(Number(refusal.headers['retry-after']) > 0)
    })

    it('takes no device cookie that is not ours (T-22)', async () => {
      const finn = await person()
      const browser = test.browser()
      browser.cookies.set('__Host-latchkey-device', `${'B'.repeat(22)}~k1.${'C'.repeat(43)}`)
      await signIn(browser, finn, finn.password)
      assert.doesNotMatch(browser.cookies.get('__Host-latchkey-device') ?? '', /^B{22}/)
    })

    it('asks for the app’s code where one is registered, once for each code', async () => {
      const gus = await person({ totp: seed })
      const browser = test.browser()
      await signIn(browser, gus, gus.password)
      assert.equal(browser.path, '/signin/second-factor')
      assert.equal(session(browser), undefined)
      const pending = halfWay(browser)
      const methodId = /name="methodId" value="([^"]+)"/.exec(browser.page)![1]!

      const wrong = await browser.send('/signin/second-factor', { methodId, code: '000000' })
      assert.equal(wrong.statusCode, 422)
      assert.match(wrong.payload, /data-code="LK_CODE_WRONG"/)

      const code = codesOf(test)
      await browser.post('/signin/second-factor', { methodId, code: `${code.slice(0, 3)} ${code.slice(3)}` })
      assert.equal(browser.path, '/account')
      assert.equal(halfWay(browser), undefined)
      assert.notEqual(session(browser), pending)

      const again = test.browser()
      await signIn(again, gus, gus.password)
      const replay = await again.send('/signin/second-factor', { methodId, code })
      assert.equal(replay.statusCode, 422, 'the same code a second time (T-05)')
    })

    it('texts a code to the phone, lets one choose another way, and waits before the next text', async () => {
      const hana = await person({ totp: seed, mobile: '+45 33123467' })
      const browser = test.browser()
      await signIn(browser, hana, hana.password)
      await browser.get('/signin/second-factor?choose=1')
      const ids = [...browser.page.matchAll(/type="radio"[^>]*value="([^"]+)"/g)].map(match => match[1]!)
      assert.equal(ids.length, 2)
      assert.match(browser.page, /\+45 XXXXXX67/)
      assert.doesNotMatch(browser.page, /33123467/)
      const phone = ids[1]!
      await browser.get(`/signin/second-factor?methodId=${phone}`)
      assert.doesNotMatch(browser.page, /name="code"/)
      await browser.post('/signin/second-factor/send', { methodId: phone })
      assert.match(browser.page, /name="code"/)
      await test.work()
      const text = test.texts.at(-1)!
      const early = await browser.send('/signin/second-factor/send', { methodId: phone })
      assert.equal(early.statusCode, 429)
      assert.match(early.payload, /data-code="LK_RESEND_TOO_SOON"/)
      await browser.get(`/signin/second-factor?methodId=${phone}`)
      await browser.post('/signin/second-factor', { methodId: phone, code: codeIn(text.text) })
      assert.equal(browser.path, '/account')
    })

    it('has a code for one sign-in only (T-06)', async () => {
      const ida = await person({ mobile: '+45 33123468' })
      const one = test.browser()
      await signIn(one, ida, ida.password)
      const methodId = /name="methodId" value="([^"]+)"/.exec(one.page)![1]!
      await one.post('/signin/second-factor/send', { methodId })
      await test.work()
      const code = codeIn(test.texts.at(-1)!.text)
      const other = test.browser()
      await signIn(other, ida, ida.password)
      assert.equal((await other.send('/signin/second-factor', { methodId, code })).statusCode, 422)
      await one.post('/signin/second-factor', { methodId, code })
      assert.equal(one.path, '/account')
    })

    it('makes a given password be changed first, asks for it again, and goes on (sspr §8.1)', async () => {
      const jon = await person({ mustChange: true })
      const browser = test.browser()
      await signIn(browser, jon, jon.password)
      assert.equal(browser.path, '/signin/new-password')
      assert.match((await browser.request({ method: 'GET', url: '/account' })).headers.location as string, /^\/signin/)
      const fresh = 'Quiet-Harbour-52-Lamps'
      const fields = { password: jon.password, newPassword: fresh, confirmPassword: fresh }
      for (const [change, code] of [
        [{ confirmPassword: 'Different-Harbour-52' }, 'LK_PASSWORD_MISMATCH'],
        [{ password: 'not it' }, 'LK_PASSWORD_CURRENT_WRONG'],
        [{ newPassword: 'short', confirmPassword: 'short' }, 'LK_PASSWORD_TOO_SHORT'],
      ] as const) {
        const reply = await browser.send('/signin/new-password', { ...fields, ...change })
        assert.equal(reply.statusCode, 422, code)
        assert.match(reply.payload, new RegExp(`data-code="${code}"`))
        assert.doesNotMatch(reply.payload, /Harbour|value="short"/)
      }
      await browser.post('/signin/new-password', fields)
      assert.equal(browser.path, '/account', browser.page)
      const later = test.browser()
      assert.match((await signIn(later, jon, jon.password)).payload, /data-code="LK_SIGNIN_FAILED"/)
      await signIn(later, jon, fresh)
      assert.equal(later.path, '/account')
    })

    it('makes an expired password be changed (A-22)', async () => {
      const kim = await person()
      await test.app.db.updateTable('domains').set({ passwordValidityPeriodInDays: 90 }).where('id', '=', 'contoso.example').execute()
      await test.app.db.updateTable('passwords').set({ changedAt: test.clock.now() - 91 * 86_400_000 }).where('userId', '=', kim.id).execute()
      try {
        const browser = test.browser()
        await signIn(browser, kim, kim.password)
        assert.equal(browser.path, '/signin/new-password')
        assert.match(browser.page, /has expired/)

        await test.app.db.updateTable('passwords').set({ changedAt: test.clock.now() - 80 * 86_400_000 }).where('userId', '=', kim.id).execute()
        const soon = test.browser()
        await signIn(soon, kim, kim.password)
        assert.equal(soon.path, '/account')
        assert.match(soon.page, /Your password expires/)
      } finally {
        await test.app.db.updateTable('domains').set({ passwordValidityPeriodInDays: 2147483647 }).where('id', '=', 'contoso.example').execute()
      }
    })

    it('stops at registration where the policy wants it, and again after it was skipped (A-26)', async () => {
      const lea = await person({ registered: false })
      await changePolicy(test.app, test.tenantId, 'passwordResetPolicy', { enablementType: 2 })
      try {
        for (let round = 0; round < 2; round++) {
          const browser = test.browser()
          await signIn(browser, lea, lea.password, '/sessions')
          assert.equal(browser.path, '/security-info/register?interrupt')
          assert.equal(session(browser), undefined)
          await browser.post('/security-info/register/skip')
          assert.equal(browser.path, '/sessions')
          assert.ok(session(browser))
        }
      } finally {
        await changePolicy(test.app, test.tenantId, 'passwordResetPolicy', { enablementType: 0 })
      }
    })

    it('offers app passwords to those who may have them, and to nobody else (M-08)', async () => {
      await changePolicy(test.app, test.tenantId, 'tenantSettings', { allowAppPasswords: true })
      try {
        for (const [perUserMfaState, offered] of [['enforced', true], ['disabled', false]] as const) {
          const one = await person({ perUserMfaState, totp: seed })
          const browser = test.browser()
          await signIn(browser, one, one.password)
          await browser.post('/signin/second-factor', { code: codesOf(test), methodId: /name="methodId" value="([^"]+)"/.exec(browser.page)![1]! })
          assert.equal(browser.path, '/account')
          assert.equal(browser.page.includes('href="/app-passwords"'), offered, perUserMfaState)
        }
      } finally {
        await changePolicy(test.app, test.tenantId, 'tenantSettings', { allowAppPasswords: false })
      }
    })

    it('lists the browsers that are signed in, ends one of them, and all', async () => {
      const mia = await person()
      const [here, there] = [test.browser(), test.browser()]
      await signIn(here, mia, mia.password)
      await signIn(there, mia, mia.password)
      await here.get('/sessions')
      const ids = [...here.page.matchAll(/name="session" value="([^"]+)"/g)].map(match => match[1]!)
      assert.equal(ids.length, 1, 'this browser has no button of its own')
      const other = await person()
      const stranger = test.browser()
      await signIn(stranger, other, other.password)
      await stranger.get('/sessions')
      assert.equal((await stranger.send('/sessions/end', { session: ids[0]! })).statusCode, 404, 'nobody ends another’s session')
      await here.post('/sessions/end', { session: ids[0]! })
      assert.equal((await there.request({ method: 'GET', url: '/account' })).statusCode, 303)
      assert.equal((await here.request({ method: 'GET', url: '/account' })).statusCode, 200)
      await signIn(there, mia, mia.password)
      await here.get('/sessions')
      const out = await here.send('/sessions/end-all')
      assert.equal(out.headers['clear-site-data'], '"cache", "storage"')
      for (const browser of [here, there]) assert.equal((await browser.request({ method: 'GET', url: '/account' })).statusCode, 303)
    })

    it('signs out by a post only, and leaves nothing behind (T-35)', async () => {
      const nils = await person()
      const browser = test.browser()
      await signIn(browser, nils, nils.password)
      const id = session(browser)!
      await browser.get('/signout')
      assert.equal((await browser.request({ method: 'GET', url: '/account' })).statusCode, 200)
      await browser.get('/account')
      const out = await browser.send('/signout')
      assert.equal(out.statusCode, 303)
      assert.ok(out.headers['clear-site-data'])
      assert.equal(session(browser), undefined)
      browser.cookies.set('__Host-latchkey-session', id)
      assert.equal((await browser.request({ method: 'GET', url: '/account' })).statusCode, 303)
    })

    it('proves again with the password, under a new id, and back to the page (N-STEP)', async () => {
      const ole = await person()
      const browser = test.browser()
      await signIn(browser, ole, ole.password)
      const before = session(browser)
      await test.clock.advance(11 * minute)
      await browser.get('/signin/again?continue=%2Fsessions')
      assert.match(browser.page, /Confirm that it is you/)
      await browser.post('/signin/again', { userName: ole.userPrincipalName, password: ole.password })
      assert.equal(browser.path, '/sessions')
      assert.notEqual(session(browser), before)
      await browser.get('/signin/again?continue=%2Fsessions')
      assert.equal(browser.path, '/sessions', 'just proved: not asked twice')
    })

    it('ends a session in which five wrong proofs were given (T-86)', async () => {
      const pia = await person()
      const browser = test.browser()
      await signIn(browser, pia, pia.password)
      await test.clock.advance(11 * minute)
      await browser.get('/signin/again')
      for (let i = 0; i < 4; i++) assert.equal((await browser.send('/signin/again', { password: `wrong ${i}` })).statusCode, 422)
      const last = await browser.send('/signin/again', { password: 'wrong 5' })
      assert.notEqual(last.statusCode, 422)
      assert.equal((await browser.request({ method: 'GET', url: '/account' })).statusCode, 303)
    })

    it('proves again with the app where there is one: the password is not enough', async () => {
      const rut = await person({ totp: seed })
      const browser = test.browser()
      await signIn(browser, rut, rut.password)
      const methodId = /name="methodId" value="([^"]+)"/.exec(browser.page)![1]!
      await browser.post('/signin/second-factor', { methodId, code: codesOf(test) })
      await test.clock.advance(11 * minute)
      await browser.get('/signin/again?continue=%2Fsessions')
      assert.doesNotMatch(browser.page, /name="password"/)
      assert.equal((await browser.send('/signin/again', { password: rut.password })).statusCode, 422)
      await browser.post('/signin/again', { methodId, code: codesOf(test) })
      assert.equal(browser.path, '/sessions')
    })

    it('serves programs with the same functions', async () => {
      const sia = await person({ totp: seed })
      const browser = test.browser()
      const wrong = await browser.json('POST', '/api/signin', { userName: sia.userPrincipalName, password: 'no' })
      assert.equal(wrong.statusCode, 401)
      assert.equal(wrong.json().reasons[0].code, 'LK_SIGNIN_FAILED')
      const first = await browser.json('POST', '/api/signin', { userName: sia.userPrincipalName, password: sia.password })
      assert.deepEqual(first.json(), { next: 'secondFactor' })
      const who = (await browser.json('GET', '/api/signin')).json()
      assert.equal(who.userPrincipalName, sia.userPrincipalName)
      assert.equal(who.methods[0].way, 'totp')
      const second = await browser.json('POST', '/api/signin/second-factor', { methodId: who.methods[0].methodId, code: codesOf(test) })
      assert.deepEqual(second.json(), { next: 'done' })
      const listed = (await browser.json('GET', '/api/sessions')).json()
      assert.equal(listed.value.length, 1)
      assert.equal(listed.value[0].current, true)
      assert.equal((await browser.json('POST', '/api/signout')).statusCode, 204)
      assert.equal((await browser.json('GET', '/api/sessions')).statusCode, 401)
    })

    it('notes every try, and not the whole of a name nobody has (T-78)', async () => {
      const tom = await person()
      const browser = test.browser()
      await signIn(browser, tom, 'wrong')
      await signIn(browser, tom, tom.password)
      await signIn(test.browser(), { userPrincipalName: 'Secret-Typed-Here' }, 'x')
      await flushSignIns(test.app)
      const own = await listSignIns(test.app.db, { tenantId: test.tenantId, userId: tom.id })
      assert.deepEqual(own.map(row => [row.result, row.reasonCode]).toReversed(), [['failure', 'LK_SIGNIN_FAILED'], ['success', null]])
      const all = await listSignIns(test.app.db, { tenantId: test.tenantId })
      assert.ok(!JSON.stringify(all).includes('Secret-Typed'), 'perhaps a password in the wrong field')
    })

    it('opens nothing to a half signed-in browser but the way on (T-15)', async () => {
      const una = await person({ totp: seed, displayName: 'Una Vik' })
      const browser = test.browser()
      await signIn(browser, una, una.password)
      const pending = halfWay(browser)!
      const methodId = /name="methodId" value="([^"]+)"/.exec(browser.page)![1]!
      const own = new Set(['/signin/second-factor', '/signin/second-factor/send', '/signin/continue', '/signin/interrupt', '/signin/again', '/signin/again/send',
        '/signin/new-password', '/api/signin', '/api/signin/continue', '/api/signin/second-factor', '/api/signin/second-factor/challenges', '/api/signin/new-password'])
      // What the registration asks for, so that it is the level that refuses and not the schema.
      const bodies: [string, object][] = [
        ['/codes', { kind: 'email', destination: 'thief@evil.example' }], ['/codes/confirm', { kind: 'email', code: '12345678' }],
        ['/authenticators', { kind: 'softwareOath' }], ['/authenticators/confirm', { kind: 'softwareOath', registration: 'x', code: '123456' }],
        ['/questions', { answers: [] }],
      ]
      const guarded = test.routes.filter(one => !['public', 'recovery', 'basic', 'development'].includes(one.access as string) && one.method !== 'HEAD')
      assert.ok(guarded.length > 40, `only ${guarded.length} routes`)
      for (const as of ['__Host-latchkey-signin', '__Host-latchkey-session', 'bearer', 'basic'] as const) {
        for (const route of guarded) {
          const name = `${route.method} ${route.url} as ${as}`
          const other = test.browser()
          other.page = browser.page
          for (const [key, value] of browser.cookies) if (key !== '__Host-latchkey-signin') other.cookies.set(key, value)
          if (as.startsWith('__Host')) other.cookies.set(as, pending)
          const id = route.surface === 'page' || route.url.startsWith('/api/security-info') ? methodId : una.id
          const url = route.url.replace(/:kind/g, 'email').replace(/:[^/]+/g, id).replaceAll('*', id)
          const headers = as === 'bearer' ? { authorization: `Bearer ${pending}` } : as === 'basic' ? { authorization: `Basic ${btoa(`${una.userPrincipalName}:${una.password}`)}` } : {}
          // With the very token of the browser's form, so that it is the level that refuses and not the form.
          const reply = route.surface === 'page' && route.method === 'POST' && as.startsWith('__Host')
            ? await other.send(url)
            : await other.request({
              method: route.method as 'GET', url, headers: { 'x-latchkey': '1', ...headers, ...(/GET|DELETE/.test(route.method) ? {} : { 'content-type': 'application/json' }) },
              ...(/GET|DELETE/.test(route.method) ? {} : { payload: bodies.find(([end]) => route.url.endsWith(end))?.[1] ?? {} }),
            })
          if (as === '__Host-latchkey-signin' && own.has(route.url)) continue
          assert.doesNotMatch(reply.payload, new RegExp(una.id), name)
          assert.doesNotMatch(reply.payload, /LK_CSRF/, name)
          const away = reply.statusCode === 303 && /^\/(signin|security-info\/register)/.test(String(reply.headers.location))
          assert.ok([401, 403].includes(reply.statusCode) || away, `${name}: ${reply.statusCode} ${reply.headers.location ?? ''} ${reply.payload.slice(0, 200)}`)
        }
      }
      assert.equal((await test.app.db.selectFrom('authenticationMethods').select('id').where('userId', '=', una.id).execute()).length, 1)
    })
  })
}

