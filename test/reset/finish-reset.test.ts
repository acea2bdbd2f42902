import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { HOTP, Secret as OathSecret } from 'otpauth'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, auditOf, changePolicy, engines, isPassword, minute, openReset, Visitor } from './stage.ts'

const seed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const totpAt = (now: number) => new HOTP({ secret: OathSecret.fromBase32(seed), algorithm: 'SHA1', digits: 6 }).generate({ counter: Math.floor(now / 30_000) })

for (const engine of engines) {
  describe(`the whole journey on ${engine}`, () => {
    let t: TestApp
    let visitor: Visitor
    before(async () => {
      t = await makeApp({ engine })
    })
    after(() => t.close())
    beforeEach(async () => {
      await openReset(t)
      visitor = new Visitor(t)
    })

    test('one gate by mail: whoever proves it sets a new password, and every step is in the audit under one support code', async () => {
      const ann = await addPerson(t.app, t.tenantId, { name: 'ann', email: 'ann@home.example' })
      await visitor.start('ann@contoso.example')
      assert.equal(visitor.title, 'How do you want to show that it is you?')
      await visitor.choose('email')
      assert.equal(visitor.title, 'Type the code')
      await visitor.enter('email', visitor.mailed('ann@home.example'))
      assert.equal(visitor.title, 'Choose a new password')
      await visitor.newPassword('Brand-new Kelp 42')
      assert.equal(visitor.title, 'Your password is changed')
      assert.ok(await isPassword(t.app, ann, 'Brand-new Kelp 42'))
      assert.ok(!(await isPassword(t.app, ann, ann.password)))
      const reset = (await visitor.reset())!
      assert.equal(reset.state, 'DONE')
      const progress = 'Self-service password reset flow activity progress'
      assert.deepEqual(await auditOf(t.app, t.tenantId, reset.supportCode), [
        `${progress}: identify.ok`, `${progress}: gate1.email.sent`, `${progress}: gate1.email.passed`, `${progress}: committed`,
        'Reset password (self-service): success', 'Reset password: success', 'Update StsRefreshTokenValidFrom Timestamp: success',
      ])
      await t.work()
      assert.ok(t.mail.some(mail => mail.to === 'ann@home.example' && !mail.text.includes('Kelp')), 'the person hears of it, without the password')
      const usage = await t.app.db.selectFrom('usageEvents').select(['feature', 'method', 'status']).where('userId', '=', ann.id).orderBy('at').execute()
      assert.deepEqual(usage.map(row => `${row.feature} ${row.method} ${row.status}`), ['reset email started', 'reset email success', 'reset null success'])
    })

    test('two gates: mail and text; after the first the page may show what is really there, masked', async () => {
      await openReset(t, { gates: 2 })
      const bea = await addPerson(t.app, t.tenantId, { name: 'bea', email: 'beatrice@home.example', mobile: '+45 12345678' })
      await visitor.start('bea@contoso.example')
      await visitor.choose('email')
      await visitor.enter('email', visitor.mailed('beatrice@home.example'))
      assert.equal(visitor.title, 'Now show it in a second way')
      assert.match(visitor.browser.page, /\+45 XXXXXX78/)
      assert.doesNotMatch(visitor.browser.page, /home\.example|value="email"/)
      await visitor.choose('mobileSms')
      assert.equal(visitor.title, 'Which number is yours?')
      await visitor.number('mobileSms', '0045 12 34 56 78')
      assert.equal(visitor.title, 'Type the code')
      await visitor.enter('mobileSms', visitor.texted())
      await visitor.newPassword('Brand-new Kelp 42')
      assert.equal(visitor.title, 'Your password is changed')
      assert.ok(await isPassword(t.app, bea, 'Brand-new Kelp 42'))
      const gates = await t.app.db.selectFrom('resetGates').select(['gate', 'method']).where('resetId', '=', (await visitor.reset())!.id).orderBy('gate').execute()
      assert.deepEqual(gates, [{ gate: 1, method: 'email' }, { gate: 2, method: 'mobileSms' }])
    })

    test('a code from an app opens a gate once; the same code later does not', async () => {
      const cai = await addPerson(t.app, t.tenantId, { name: 'cai', totp: seed })
      await visitor.start('cai@contoso.example')
      await t.work()
      await t.clock.advance(3000)
      await visitor.choose('code')
      const code = totpAt(t.clock.now())
      await visitor.enter('code', code)
      assert.equal(visitor.title, 'Choose a new password')
      const other = new Visitor(t)
      await other.start('cai@contoso.example')
      await t.work()
      await other.choose('code')
      await t.clock.advance(2001)
      await other.enter('code', code)
      assert.deepEqual(other.codes, ['LK_CODE_WRONG'])
      await visitor.newPassword('Brand-new Kelp 42')
      assert.ok(await isPassword(t.app, cai, 'Brand-new Kelp 42'))
    })

    test('security questions come second only, and all answers are judged together', async () => {
      await openReset(t, { gates: 2, methods: { questions: true, mobile: false, app: false } })
      const { saveAnswers } = await import('../../src/credentials/answers.ts')
      const { Secret } = await import('../../src/secret.ts')
      const dan = await addPerson(t.app, t.tenantId, { name: 'dan', email: 'dan@home.example' })
      const answers = ['sq.first.car', 'sq.first.pet', 'sq.childhood.toy', 'sq.childhood.food', 'sq.childhood.hero'].map((questionId, at) => ({ questionId, answer: new Secret(`Answer ${at}`) }))
      await saveAnswers(t.app, { tenantId: t.tenantId, userId: dan.id, answers, actor: { kind: 'user', userId: dan.id }, correlationId: 'test' })
      await visitor.start('dan@contoso.example')
      assert.doesNotMatch(visitor.browser.page, /securityQuestions/)
      await visitor.choose('email')
      await visitor.enter('email', visitor.mailed('dan@home.example'))
      await visitor.choose('securityQuestions')
      assert.equal(visitor.title, 'Answer your questions')
      const { translate } = await import('../../src/text.ts')
      const asked = [...visitor.browser.page.matchAll(/<label for="answer-\d">([^<]+)<\/label>/g)].map(match => match[1]!.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&'))
      assert.equal(asked.length, 3)
      const right = asked.map(text => answers.find(one => translate('en', `questions.${one.questionId}` as never) === text)!.answer.reveal())
      const post = (given: string[]) => visitor.browser.post('/reset/answers', { method: 'securityQuestions', ...Object.fromEntries(given.map((answer, at) => [`answer-${at + 1}`, answer])) })
      await post([right[0]!, right[1]!, 'something else'])
      assert.deepEqual(visitor.codes, ['LK_ANSWERS_WRONG'])
      await post(right.map(answer => `  ${answer.toUpperCase()} `))
      assert.equal(visitor.title, 'Choose a new password')
    })

    test('a password the rules refuse stays on the page with every rule named, costs nothing, and is not shown again', async () => {
      const eve = await addPerson(t.app, t.tenantId, { name: 'eve', email: 'eve@home.example' })
      await visitor.start('eve@contoso.example')
      await visitor.choose('email')
      await visitor.enter('email', visitor.mailed('eve@home.example'))
      for (let time = 0; time < 7; time++) await visitor.newPassword('abc')
      assert.ok(visitor.codes.includes('LK_PASSWORD_TOO_SHORT'))
      assert.doesNotMatch(visitor.browser.page, /value="abc"/)
      await visitor.browser.post('/reset/password', { newPassword: 'Brand-new Kelp 42', confirmPassword: 'Brand-new Kelp 43' })
      assert.deepEqual(visitor.codes, ['LK_PASSWORD_MISMATCH'])
      await visitor.newPassword('Brand-new Kelp 42')
      assert.ok(await isPassword(t.app, eve, 'Brand-new Kelp 42'))
    })

    test('R-02: a request repeated after the commit hears "done", and a second password is not set', async () => {
      const fay = await addPerson(t.app, t.tenantId, { name: 'fay', email: 'fay@home.example' })
      await visitor.start('fay@contoso.example')
      await visitor.choose('email')
      await visitor.enter('email', visitor.mailed('fay@home.example'))
      const form = { newPassword: 'Brand-new Kelp 42', confirmPassword: 'Brand-new Kelp 42' }
      const token = visitor.browser.formToken()
      await visitor.browser.send('/reset/password', form, token)
      const again = await visitor.browser.send('/reset/password', { newPassword: 'Another Kelp 4711', confirmPassword: 'Another Kelp 4711' }, token)
      assert.equal(again.statusCode, 303)
      await visitor.browser.get('/reset/step')
      assert.equal(visitor.title, 'Your password is changed')
      assert.ok(await isPassword(t.app, fay, 'Brand-new Kelp 42'))
    })

    test('of ten requests at once with one transaction exactly one sets its password', async () => {
      const gil = await addPerson(t.app, t.tenantId, { name: 'gil', email: 'gil@home.example' })
      await visitor.start('gil@contoso.example')
      await visitor.choose('email')
      await visitor.enter('email', visitor.mailed('gil@home.example'))
      const token = visitor.browser.formToken()
      const passwords = Array.from({ length: 5 }, (_, at) => `Racing Kelp ${4200 + at}`)
      const replies = await Promise.all(passwords.map(password => visitor.browser.send('/reset/password', { newPassword: password, confirmPassword: password }, token)))
      assert.ok(replies.every(reply => reply.statusCode < 500), replies.map(reply => reply.statusCode).join(' '))
      const matching = await Promise.all(passwords.map(password => isPassword(t.app, gil, password)))
      assert.equal(matching.filter(Boolean).length, 1)
      const done = await t.app.db.selectFrom('audit').select('id').where('activity', '=', 'Reset password (self-service)').where('targetId', '=', gil.id).where('result', '=', 'success').execute()
      assert.equal(done.length, 1)
    })

    test('T-30: a handle planted before is worth nothing after a gate, and an id of nobody is never adopted', async () => {
      await addPerson(t.app, t.tenantId, { name: 'hal', email: 'hal@home.example' })
      await visitor.start('hal@contoso.example')
      await visitor.choose('email')
      const planted = visitor.browser.cookies.get('__Host-latchkey-reset')!
      await visitor.enter('email', visitor.mailed('hal@home.example'))
      assert.notEqual(visitor.browser.cookies.get('__Host-latchkey-reset'), planted)
      const thief = new Visitor(t)
      thief.browser.cookies.set('__Host-latchkey-reset', planted)
      await thief.browser.get('/reset/step')
      assert.equal(thief.title, 'Get back into your account')
      thief.browser.cookies.set('__Host-latchkey-reset', 'A'.repeat(43))
      await thief.start('nobody@contoso.example')
      assert.notEqual(thief.browser.cookies.get('__Host-latchkey-reset'), 'A'.repeat(43))
    })

    test('T-11: a reset signs nobody in and touches no method', async () => {
      const ivy = await addPerson(t.app, t.tenantId, { name: 'ivy', email: 'ivy@home.example', totp: seed })
      const methods = () => t.app.db.selectFrom('authenticationMethods').select(['id', 'kind', 'valueSealed', 'heldUntil']).where('userId', '=', ivy.id).orderBy('id').execute()
      const before = await methods()
      await visitor.start('ivy@contoso.example')
      await visitor.choose('email')
      await visitor.enter('email', visitor.mailed('ivy@home.example'))
      await visitor.newPassword('Brand-new Kelp 42')
      assert.deepEqual([...visitor.browser.cookies.keys()].filter(name => /session|signin/.test(name)), [])
      assert.deepEqual(await methods(), before)
      assert.equal((await t.app.db.selectFrom('sessions').select('idHash').where('userId', '=', ivy.id).execute()).length, 0)
    })

    test('T-35: the last page names nobody, clears what was kept, and every page is not to be stored', async () => {
      await addPerson(t.app, t.tenantId, { name: 'jon', email: 'jon@home.example' })
      await visitor.start('jon@contoso.example')
      await visitor.choose('email')
      await visitor.enter('email', visitor.mailed('jon@home.example'))
      const last = await visitor.newPassword('Brand-new Kelp 42')
      assert.equal(last.headers['clear-site-data'], '"cache", "storage"')
      assert.equal(last.headers['cache-control'], 'no-store')
      assert.doesNotMatch(last.payload, /jon/i)
    })

    test('who stops has stopped, who comes back late starts again, and neither has changed anything', async () => {
      const kim = await addPerson(t.app, t.tenantId, { name: 'kim', email: 'kim@home.example' })
      await visitor.start('kim@contoso.example')
      await visitor.browser.post('/reset/cancel')
      assert.equal(visitor.title, 'You have stopped')
      await visitor.start('kim@contoso.example')
      await visitor.choose('email')
      await t.clock.advance(15 * minute)
      await visitor.browser.get('/reset/step')
      assert.equal(visitor.title, 'This took longer than 15 minutes')
      assert.ok(await isPassword(t.app, kim, kim.password))
    })

    test('programs walk the same journey, with the same limits and the same answers', async () => {
      await openReset(t, { gates: 2 })
      const lea = await addPerson(t.app, t.tenantId, { name: 'lea', email: 'lea@home.example', mobile: '+45 11223344' })
      const begun = await visitor.browser.json('POST', '/api/resets', { username: 'lea@contoso.example', clientType: 'device' })
      assert.equal(begun.statusCode, 201)
      const { id, state, methods } = begun.json()
      assert.equal(state, 'GATE')
      assert.ok(methods.every((one: { masked?: string }) => one.masked === undefined))
      assert.equal((await visitor.browser.json('POST', `/api/resets/${id}/challenges`, { method: 'email' })).statusCode, 202)
      await t.work()
      const wrong = await visitor.browser.json('POST', `/api/resets/${id}/answers`, { method: 'email', code: '00000000' })
      assert.equal(wrong.statusCode, 422)
      assert.equal(wrong.json().reasons[0].code, 'LK_CODE_WRONG')
      const first = await visitor.browser.json('POST', `/api/resets/${id}/answers`, { method: 'email', code: visitor.mailed('lea@home.example') })
      assert.deepEqual([first.statusCode, first.json().state, first.json().gate], [200, 'GATE', 2])
      const early = await visitor.browser.json('POST', `/api/resets/${id}/password`, { newPassword: 'Brand-new Kelp 42' })
      assert.deepEqual([early.statusCode, early.json().reasons[0].code], [409, 'LK_OUT_OF_ORDER'])
      await visitor.browser.json('POST', `/api/resets/${id}/challenges`, { method: 'mobileSms', number: '+45 11 22 33 44' })
      await t.work()
      const second = await visitor.browser.json('POST', `/api/resets/${id}/answers`, { method: 'mobileSms', code: visitor.texted() })
      assert.equal(second.json().state, 'CHOOSE')
      const done = await visitor.browser.json('POST', `/api/resets/${id}/password`, { newPassword: 'Brand-new Kelp 42' })
      assert.deepEqual([done.statusCode, done.json().state], [200, 'DONE'])
      assert.ok(await isPassword(t.app, lea, 'Brand-new Kelp 42'))
      const stranger = await new Visitor(t).browser.json('GET', `/api/resets/${id}`)
      assert.equal(stranger.statusCode, 409)
    })

    test('aliases lead to the reset with their query, and its language', async () => {
      const reply = await visitor.browser.get('/passwordreset?mkt=lv-LV&username=ann%40contoso.example')
      assert.match(reply.payload, /<html lang="lv">/)
      assert.match(reply.payload, /value="ann@contoso\.example"/)
      assert.match((await visitor.browser.get('/sspr?whr=contoso.example')).payload, /name="whr" value="contoso\.example"/)
      await changePolicy(t.app, t.tenantId, 'branding', { accentColor: '#aa3355' })
      assert.match((await visitor.browser.get('/reset?whr=contoso.example')).payload, /accent-aa3355\.css/)
    })
  })
}
