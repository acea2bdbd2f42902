import assert from 'node:assert/strict'
import { after, before, describe, test as check } from 'node:test'
import type { AgentHub } from '../../src/app.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import type { Browser } from '../support/browse.ts'
import { addPerson, changePolicy } from '../support/people.ts'
import type { Person, PersonOptions } from '../support/people.ts'
import { auditOf, seed, shownCodes, signedIn, signIn, textOf } from './signed-in.ts'

const fresh = 'Xylem-Orbit-42-Fjord'

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`changing a password one knows on ${engine}`, () => {
    let test: TestApp
    let count = 0
    const person = (options: Partial<PersonOptions> = {}): Promise<Person> => addPerson(test.app, test.tenantId, { name: `c${++count}`, ...options })
    const change = async (browser: Browser, currentPassword: string, newPassword = fresh, confirmPassword = newPassword) => {
      await browser.get('/changepassword')
      return browser.post('/changepassword', { currentPassword, newPassword, confirmPassword })
    }
    const canSignIn = async (one: Person, password: string) => {
      const browser = test.browser()
      await signIn(browser, { ...one, password })
      return browser.cookies.has('__Host-latchkey-session')
    }

    before(async () => { test = await makeApp({ engine }) })
    after(() => test?.close())

    check('browsers’ password managers find the page, before anyone has signed in', async () => {
      const reply = await test.browser().request({ method: 'GET', url: '/.well-known/change-password' })
      assert.equal(reply.statusCode, 303)
      assert.equal(reply.headers.location, '/changepassword')
    })

    check('M-07: the new password works and the old one does not; this session goes on, all others end', async () => {
      const ann = await person()
      const [browser, other] = [await signedIn(test, ann), await signedIn(test, ann)]
      await change(browser, ann.password)
      assert.equal(browser.path, '/changepassword/done')
      assert.match(textOf(browser.page), /Your password has been changed/)
      assert.equal((await browser.get('/security-info')).statusCode, 200)
      assert.equal(browser.path, '/security-info')
      await other.get('/security-info')
      assert.match(other.path, /^\/signin/)
      assert.equal(await canSignIn(ann, ann.password), false)
      assert.equal(await canSignIn(ann, fresh), true)
      const activities = await auditOf(test, ann.id)
      assert.ok(activities.includes('User started password change'), activities.join())
      assert.ok(activities.includes('Change password (self-service)'), activities.join())
    })

    for (const [title, given, code, field] of [
      ['nothing typed', ['', '', ''], 'LK_FIELD_REQUIRED', 'currentPassword'],
      ['two different new ones', [undefined, fresh, `${fresh}!`], 'LK_PASSWORD_MISMATCH', 'confirmPassword'],
      ['a wrong old one', ['Wrong-one-77', fresh, fresh], 'LK_PASSWORD_CURRENT_WRONG', 'currentPassword'],
      ['too short a new one', [undefined, 'Ab1!', 'Ab1!'], 'LK_PASSWORD_TOO_SHORT', 'newPassword'],
      ['a guessable new one', [undefined, 'Passw0rd!', 'Passw0rd!'], 'LK_PASSWORD_BANNED', 'newPassword'],
    ] as const) {
      check(`${title} is refused at its field, and nothing changes`, async () => {
        const ann = await person()
        const browser = await signedIn(test, ann)
        const [current = ann.password, next, confirm] = given
        const reply = await change(browser, current, next, confirm)
        assert.equal(reply.statusCode, 422)
        assert.ok(shownCodes(browser.page).includes(code), shownCodes(browser.page).join())
        assert.match(browser.page, new RegExp(`id="${field}"[^>]*aria-invalid="true"`))
        for (const typed of given) if (typed) assert.ok(!browser.page.includes(`value="${typed}"`), 'passwords are never given back')
        assert.equal(await canSignIn(ann, ann.password), true)
      })
    }

    check('A-23: the current password is refused as the new one', async () => {
      const ann = await person()
      const browser = await signedIn(test, ann)
      await change(browser, ann.password, ann.password)
      assert.ok(shownCodes(browser.page).includes('LK_PASSWORD_SAME_AS_CURRENT'))
    })

    check('LD-48: right after password and second factor the old one is not asked; ten minutes later it is', async () => {
      const ann = await person({ totp: seed })
      const browser = await signedIn(test, ann)
      await browser.get('/changepassword')
      assert.doesNotMatch(browser.page, /name="currentPassword"/)
      await test.clock.advance(10 * 60_000 + 1000)
      await browser.get('/changepassword')
      assert.match(browser.page, /name="currentPassword"/)
      await browser.post('/changepassword', { newPassword: fresh, confirmPassword: fresh })
      assert.deepEqual(shownCodes(browser.page), ['LK_FIELD_REQUIRED'])
      assert.match(textOf(browser.page), /“Current password” is needed/)
      const again = await signedIn(test, ann)
      await again.get('/changepassword')
      await again.post('/changepassword', { newPassword: fresh, confirmPassword: fresh })
      assert.equal(again.path, '/changepassword/done')
    })

    check('T-86: five wrong old passwords end the session, whichever way they come, and spend the budget of sign-in', async () => {
      const ann = await person()
      const browser = await signedIn(test, ann)
      for (let tries = 1; tries <= 2; tries++) {
        await change(browser, `Guess-number-${tries}`)
        assert.deepEqual(shownCodes(browser.page), ['LK_PASSWORD_CURRENT_WRONG'])
      }
      for (let tries = 3; tries <= 4; tries++) {
        const reply = await browser.json('POST', '/api/change-password', { currentPassword: `Guess-number-${tries}`, newPassword: fresh })
        assert.equal(reply.statusCode, 422)
      }
      const last = await browser.json('POST', '/api/change-password', { currentPassword: 'Guess-number-5', newPassword: fresh })
      assert.equal(last.statusCode, 401)
      assert.equal(last.json().reasons[0].code, 'LK_SESSION_ENDED')
      const right = await browser.json('POST', '/api/change-password', { currentPassword: ann.password, newPassword: fresh })
      assert.equal(right.statusCode, 401, 'even the right one comes too late')
      const spent = await test.app.db.selectFrom('signInLockouts').select(eb => eb.fn.sum<number>('failures').as('failures')).executeTakeFirst()
      assert.ok(Number(spent?.failures) >= 5)
    })

    check('T-86: no rule answers before the old password is right', async () => {
      const ann = await person()
      const browser = await signedIn(test, ann)
      for (const next of ['Ab1!', 'Passw0rd!', ann.password]) {
        await change(browser, `Wrong-${next}`, next)
        assert.deepEqual(shownCodes(browser.page), ['LK_PASSWORD_CURRENT_WRONG'], next)
      }
    })

    check('a person of the domain: the domain decides first, and its no changes nothing', async () => {
      await changePolicy(test.app, test.tenantId, 'onPremisesIntegration', { onboarded: true, passwordWritebackEnabled: true })
      const ann = await person({ synced: true })
      const asked: { old: boolean; mustChange: boolean }[] = []
      let answer: 'done' | 'refused' = 'refused'
      const hub: AgentHub = {
        writePassword: async request => {
          asked.push({ old: request.oldPassword !== undefined, mustChange: request.mustChange })
          return answer === 'done' ? { status: 'done', agentId: 'a1' } : { status: 'refused', code: 'LK_ONPREM_POLICY', agentId: 'a1' }
        },
        unlock: async () => ({ status: 'unreachable' }),
        verifyPassword: async ({ password }) => (password.reveal() === ann.password ? 'right' : 'wrong'),
      }
      test.setAgents(hub)
      await test.app.db
        .insertInto('agents')
        .values({
          tenantId: test.tenantId, id: 'a1', displayName: 'dc1', domain: 'corp.contoso.example', version: '1.0.0', status: 'active', configurationError: null,
          lastHeartbeatAt: test.clock.now(), lastSyncAt: null, lastSyncResult: null, domainRules: null, enrolledAt: test.clock.now(), revokedAt: null,
        })
        .execute()
      const browser = await signedIn(test, ann)
      await browser.get('/changepassword')
      assert.match(textOf(browser.page), /Your organisation’s own rules decide/)
      await change(browser, ann.password)
      assert.deepEqual(shownCodes(browser.page), ['LK_ONPREM_POLICY'])
      answer = 'done'
      await change(browser, ann.password)
      assert.equal(browser.path, '/changepassword/done')
      assert.deepEqual(asked, [{ old: true, mustChange: false }, { old: true, mustChange: false }])
      const event = await test.app.db.selectFrom('passwordEvents').select(['channel', 'writeback']).where('userId', '=', ann.id).orderBy('at', 'desc').executeTakeFirst()
      assert.deepEqual(event, { channel: 'change-portal', writeback: 'ok' })
    })

    check('the rules can be asked beforehand, by their published names, and not without end (T-88)', async () => {
      const ann = await person()
      const browser = await signedIn(test, ann)
      const ask = async (password: string) => browser.json('POST', '/api/validate-password', { password })
      assert.deepEqual((await ask(fresh)).json(), { isValid: true, validationResults: [{ ruleName: 'AllChecks', validationPassed: true, message: '' }] })
      const weak = (await ask('abc')).json() as { isValid: boolean; validationResults: { ruleName: string; message: string }[] }
      assert.equal(weak.isValid, false)
      assert.deepEqual(weak.validationResults.map(one => one.ruleName).slice(0, 2), ['password_too_short', 'password_not_meet_complexity'])
      assert.ok(weak.validationResults.every(one => one.message.length > 10))
      assert.equal((await ask(ann.password)).json().isValid, true, 'the password in use is nobody’s business here')
      let status = 200
      for (let tries = 0; tries < 60 && status === 200; tries++) status = (await ask('abc')).statusCode
      assert.equal(status, 429)
      assert.equal((await test.browser().json('POST', '/api/validate-password', { password: 'abc' })).statusCode, 401)
    })
  })
}
