/** Ways to make somebody's account one's own for good, played to their end; and what a reset leaves alive. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createAppPassword } from '../../src/credentials/app-passwords.ts'
import { addMethod } from '../../src/credentials/methods.ts'
import { soonAfterChange } from '../../src/credentials/password-records.ts'
import { engines, isPassword, minute, openReset, Visitor } from '../reset/stage.ts'
import { appCode, seed, signIn, signedIn, textOf } from '../security-info/signed-in.ts'
import { codeIn } from '../support/capture.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'

const hour = 60 * minute
const chosen = 'Brand-new Kelp 42'

for (const engine of engines) {
  describe(`taking an account over, on ${engine}`, () => {
    let t: TestApp
    before(async () => {
      t = await makeApp({ engine })
      await openReset(t)
      await changePolicy(t.app, t.tenantId, 'tenantSettings', { allowAppPasswords: true })
    })
    after(() => t.close())

    /** A reset by mail, from the first page to the last. */
    const reset = async (person: Person, address: string, password = chosen) => {
      const visitor = new Visitor(t)
      await visitor.start(person.userPrincipalName)
      await visitor.choose('email')
      if (!t.mail.some(one => one.to === address && one.name === 'resetCode')) return visitor
      await visitor.enter('email', codeIn(t.mail.findLast(one => one.to === address && one.name === 'resetCode')!.text))
      await visitor.newPassword(password)
      return visitor
    }
    const activities = async (person: Person) => (await t.app.db.selectFrom('audit').select('activity').where('targetId', '=', person.id).execute()).map(row => row.activity)

    test('T-13: a stolen session older than ten minutes adds no way in: a fresh proof is asked for, and what is sent with the request counts for nothing', async () => {
      const ann = await addPerson(t.app, t.tenantId, { name: 'ann', email: 'ann@home.example' })
      const thief = await signedIn(t, ann)
      await thief.get('/security-info')
      const token = thief.formToken()
      await t.clock.advance(11 * minute)
      const from = t.mail.length
      for (const [url, fields] of [['/security-info/add/email', { destination: 'thief@evil.example' }], ['/security-info/confirm/email', { code: '12345678' }], ['/security-info/add/phone', { destination: '+45 20202020' }]] as const) {
        const reply = await thief.send(url, fields, token)
        assert.match(`${reply.statusCode} ${reply.headers.location}`, /^303 \/signin\/again/, url)
      }
      for (const [method, url, body] of [
        ['POST', '/api/security-info/codes', { kind: 'email', destination: 'thief@evil.example' }], ['POST', '/api/security-info/authenticators', { kind: 'softwareOath' }],
        ['POST', '/api/security-info/app-passwords', { displayName: 'x' }],
      ] as const) assert.equal((await thief.json(method, url, body)).json().reasons[0].code, 'LK_STEP_UP', url)
      await t.work()
      assert.equal(t.mail.length, from)
      const stolen = await reset(ann, 'thief@evil.example')
      assert.ok(await isPassword(t.app, ann, ann.password))
      assert.notEqual(stolen.title, 'Your password is changed')
    })

    test('T-13: whoever got in by a reset and then adds an address cannot use it for the next reset that day, and its owner has heard of both', async () => {
      const bea = await addPerson(t.app, t.tenantId, { name: 'bea', email: 'bea@home.example' })
      await reset(bea, 'bea@home.example')
      const thief = await signedIn(t, { ...bea, password: chosen })
      const method = (await t.app.db.selectFrom('authenticationMethods').select('id').where('userId', '=', bea.id).executeTakeFirstOrThrow()).id
      await thief.get(`/security-info/methods/${method}/change`)
      await t.clock.advance(31_000)
      await thief.post(`/security-info/methods/${method}/change`, { destination: 'thief@evil.example' })
      await t.work()
      await thief.post('/security-info/confirm/email', { code: codeIn(t.mail.findLast(one => one.to === 'thief@evil.example')!.text) })
      await t.work()
      for (const name of ['passwordReset', 'methodChanged']) assert.ok(t.mail.some(one => one.to === 'bea@home.example' && one.name === name), name)
      await t.clock.advance(2 * minute)
      await reset(bea, 'thief@evil.example', 'Stolen for good 4711')
      assert.ok(await isPassword(t.app, bea, chosen), 'held for a day')
      assert.ok(!t.mail.some(one => one.to === 'thief@evil.example' && one.name === 'resetCode'))
    })

    test('T-11: after a reset the app is asked for at sign-in as before', async () => {
      const cai = await addPerson(t.app, t.tenantId, { name: 'cai', email: 'cai@home.example', totp: seed })
      const visitor = await reset(cai, 'cai@home.example')
      assert.equal(visitor.title, 'Your password is changed')
      assert.equal((await visitor.browser.request({ method: 'GET', url: '/account' })).statusCode, 303)
      const browser = t.browser()
      await signIn(browser, { ...cai, password: chosen })
      assert.match(browser.path, /^\/signin\/second-factor/)
      assert.equal((await browser.request({ method: 'GET', url: '/account' })).statusCode, 303)
      const methodId = /name="methodId" value="([^"]+)"/.exec(browser.page)![1]!
      await t.clock.advance(31_000)
      await browser.post('/signin/second-factor', { methodId, code: appCode(t) })
      assert.equal((await browser.request({ method: 'GET', url: '/account' })).statusCode, 200)
    })

    test('T-19: two browsers, one half signed in, an app password and a reset under way are all dead after a reset', async () => {
      const dan = await addPerson(t.app, t.tenantId, { name: 'dan', email: 'dan@home.example', perUserMfaState: 'enforced', totp: seed })
      const [here, there] = [await signedIn(t, dan), await signedIn(t, dan)]
      const half = t.browser()
      await signIn(half, dan)
      const { appPassword } = await createAppPassword(t.app, { tenantId: t.tenantId, userId: dan.id, displayName: 'Mail', actor: { kind: 'user', userId: dan.id }, correlationId: 'c' })
      const basic = () => t.server.inject({
        method: 'GET', url: '/auth/basic', authority: 'reset.contoso.example', headers: { authorization: `Basic ${Buffer.from(`${dan.userPrincipalName}:${appPassword.reveal()}`).toString('base64')}` },
      })
      const states = async () => [
        (await here.json('GET', '/v1.0/me')).statusCode, (await there.json('GET', '/api/sessions')).statusCode, (await there.request({ method: 'GET', url: '/account' })).statusCode,
        (await half.request({ method: 'GET', url: '/signin/second-factor' })).statusCode, (await basic()).statusCode,
      ]
      assert.deepEqual(await states(), [200, 200, 200, 200, 200])
      assert.equal((await reset(dan, 'dan@home.example')).title, 'Your password is changed')
      assert.deepEqual(await states(), [401, 401, 303, 303, 401])
    })

    test('T-84: a reset an hour after a method changed leaves an alert in the audit and tells the Global Administrators; one without does not, nor one a day later', async () => {
      await addPerson(t.app, t.tenantId, { name: 'gus', mail: 'gus@contoso.example', language: 'da', roles: [roleIds.globalAdministrator] })
      const told = () => t.mail.filter(one => one.name === 'resetAfterChange')
      const eve = await addPerson(t.app, t.tenantId, { name: 'eve', email: 'eve@home.example' })
      const idOf = async (kind: string) => (await t.app.db.selectFrom('authenticationMethods').select('id').where('userId', '=', eve.id).where('kind', '=', kind).executeTakeFirstOrThrow()).id
      await reset(eve, 'eve@home.example')
      assert.ok(!(await activities(eve)).includes(soonAfterChange))
      await t.clock.advance(48 * hour)
      const browser = await signedIn(t, { ...eve, password: chosen })
      await browser.get(`/security-info/methods/${await idOf('email')}/change`)
      await browser.post(`/security-info/methods/${await idOf('email')}/change`, { destination: 'eve@new.example' })
      await t.work()
      await browser.post('/security-info/confirm/email', { code: codeIn(t.mail.findLast(one => one.to === 'eve@new.example')!.text) })
      assert.match(browser.path, /done=changed/)
      await t.clock.advance(25 * hour)
      assert.equal((await reset(eve, 'eve@new.example', 'Brand-new Kelp 43')).title, 'Your password is changed')
      assert.ok(!(await activities(eve)).includes(soonAfterChange), 'a day later it is nothing')
      await addMethod(t.app, {
        tenantId: t.tenantId, userId: eve.id, kind: 'office', value: '+45 33123456', origin: 'administrator', verified: true, actor: { kind: 'user', userId: 'helpdesk' }, correlationId: 'c',
      })
      await t.clock.advance(hour)
      assert.equal((await reset(eve, 'eve@new.example', 'Brand-new Kelp 44')).title, 'Your password is changed')
      const alerts = await t.app.db.selectFrom('audit').select(['additionalDetails']).where('targetId', '=', eve.id).where('activity', '=', soonAfterChange).execute()
      assert.equal(alerts.length, 1)
      assert.match(alerts[0]!.additionalDetails, /securityInfoChanged/)
      await t.work()
      assert.deepEqual(told().map(one => [one.to, one.locale]), [['gus@contoso.example', 'da']])
      const code = await t.app.db.selectFrom('audit').select('correlationId').where('targetId', '=', eve.id).where('activity', '=', soonAfterChange).executeTakeFirstOrThrow()
      assert.match(told()[0]!.text, new RegExp(`eve@contoso\\.example.*supportkoden ${code.correlationId}`, 's'))
      await t.clock.advance(hour)
      await reset(eve, 'eve@new.example', 'Brand-new Kelp 45')
      await t.work()
      assert.equal(told().length, 1, 'of one person once a day')
    })

    test('T-84: whoever looks around with nothing but names learns nothing that differs, and is sent nothing', async () => {
      await changePolicy(t.app, t.tenantId, 'authenticationMethodsPolicy', { policyMigrationState: 'preMigration' })
      const people = [
        await addPerson(t.app, t.tenantId, { name: 'fay', email: 'fay@home.example', mobile: '+45 31111111', totp: seed }), await addPerson(t.app, t.tenantId, { name: 'gil' }),
        await addPerson(t.app, t.tenantId, { name: 'hal', disabled: true, email: 'hal@home.example' }), { userPrincipalName: 'ida@contoso.example' },
      ]
      const learnt = new Set<string>()
      await t.work()
      const from = [t.mail.length, t.texts.length]
      for (const { userPrincipalName } of people) {
        const visitor = new Visitor(t)
        await visitor.start(userPrincipalName)
        learnt.add(textOf(visitor.browser.page).replaceAll(userPrincipalName, 'NAME').replace(/[0-9a-f-]{36}/g, 'ID').replace(/\d\d:\d\d/g, 'TIME'))
      }
      await t.work()
      assert.equal(learnt.size, 1)
      assert.deepEqual([t.mail.length, t.texts.length], from)
    })
  })
}
