// The log of sign-ins, of which the reports are made: every way in and every way that is refused leaves one row (sspr §11.5, T-78).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { TOTP } from 'otpauth'
import { createTemporaryAccessPass } from '../../src/credentials/temporary-access-pass.ts'
import { flushSignIns, listSignIns } from '../../src/store/sign-ins.ts'
import type { Browser } from '../support/browse.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, roleIds } from '../support/people.ts'
import type { Person, PersonOptions } from '../support/people.ts'
import { engines } from '../support/store.ts'
import { signedIn } from '../support/signed-in.ts'

const seed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

for (const engine of engines) {
  describe(`the log of sign-ins (${engine})`, () => {
    let t: TestApp
    let count = 0
    const person = (options: Partial<PersonOptions> = {}): Promise<Person> => addPerson(t.app, t.tenantId, { name: `p${++count}`, ...options })
    before(async () => { t = await makeApp({ engine }) })
    after(() => t.close())

    /** What one person's tries left, oldest first: result, why not, with what. */
    const logged = async ({ id }: Person) => {
      await flushSignIns(t.app)
      const rows = await listSignIns(t.app.db, { tenantId: t.tenantId, userId: id })
      return rows.toReversed().map(row => [row.kind, row.result, row.reasonCode, row.proofs.join('+')])
    }
    const enter = (browser: Browser, { userPrincipalName: userName }: Person, password: string) => browser.json('POST', '/api/signin', { userName, password })

    it('has a row for the password alone, and for each wrong one', async () => {
      const ann = await person()
      const browser = t.browser()
      assert.equal((await enter(browser, ann, 'wrong')).statusCode, 401)
      assert.deepEqual((await enter(browser, ann, ann.password)).json(), { next: 'done' })
      assert.deepEqual(await logged(ann), [['interactive', 'failure', 'LK_SIGNIN_FAILED', ''], ['interactive', 'success', null, 'password']])
    })

    it('has one row for password and second factor together, when both are proved, and one for a wrong code', async () => {
      const bob = await person({ totp: seed })
      const browser = t.browser()
      await enter(browser, bob, bob.password)
      assert.deepEqual(await logged(bob), [], 'half-way in is not in')
      const { methodId } = (await browser.json('GET', '/api/signin')).json().methods[0]
      assert.equal((await browser.json('POST', '/api/signin/second-factor', { methodId, code: '000000' })).statusCode, 422)
      const code = new TOTP({ secret: seed }).generate({ timestamp: t.clock.now() })
      assert.deepEqual((await browser.json('POST', '/api/signin/second-factor', { methodId, code })).json(), { next: 'done' })
      assert.deepEqual(await logged(bob), [['interactive', 'failure', 'LK_SECOND_FACTOR_FAILED', 'password'], ['interactive', 'success', null, 'password+totp']])
    })

    it('has a row for a temporary access pass, and for a wrong one', async () => {
      const cy = await person()
      const { pass } = await createTemporaryAccessPass(t.app, { tenantId: t.tenantId, userId: cy.id, actor: { kind: 'operator' }, correlationId: 'c' })
      const enterWith = (temporaryAccessPass: string) => t.browser().json('POST', '/api/signin', { userName: cy.userPrincipalName, temporaryAccessPass })
      assert.equal((await enterWith('wrongpass')).statusCode, 401)
      assert.equal((await enterWith(pass.reveal())).statusCode, 200)
      assert.deepEqual(await logged(cy), [['interactive', 'failure', 'LK_TAP_WRONG', ''], ['interactive', 'success', null, 'temporaryAccessPass']])
    })

    it('has a row for whoever must choose a new password, when that is done', async () => {
      const di = await person({ mustChange: true })
      const browser = t.browser()
      await enter(browser, di, di.password)
      assert.deepEqual(await logged(di), [])
      assert.deepEqual((await browser.json('POST', '/api/signin/new-password', { currentPassword: di.password, newPassword: 'Wander-9-kelp-Sky!' })).json(), { next: 'done' })
      assert.deepEqual(await logged(di), [['interactive', 'success', null, 'password']])
    })

    it('has a row for an account that is switched off, and for one that is locked', async () => {
      const off = await person({ disabled: true })
      await enter(t.browser(), off, off.password)
      assert.deepEqual(await logged(off), [['interactive', 'failure', 'LK_SIGNIN_DISABLED', '']])
      const eve = await person()
      let status = 0
      for (let n = 0; n < 30 && status !== 429; n++) status = (await enter(t.browser(), eve, `wrong ${n}`)).statusCode
      assert.equal(status, 429)
      const rows = await logged(eve)
      assert.deepEqual(rows.at(-1), ['interactive', 'failure', 'LK_LOCKED_SIGNIN', ''])
      assert.ok(rows.slice(0, -1).every(row => row[2] === 'LK_SIGNIN_FAILED'))
    })

    it('keeps of a name that nobody has its first character and no more (T-78)', async () => {
      for (const userName of ['Xecret-in-the-wrong-field', 'X7%topsecret@contoso.example', ' Xpaced']) await t.browser().json('POST', '/api/signin', { userName, password: 'x' })
      await flushSignIns(t.app)
      const rows = (await listSignIns(t.app.db, { tenantId: t.tenantId, top: 999 })).filter(row => row.userId === null)
      assert.deepEqual(rows.map(row => row.accountHint), ['X', 'X', 'X'])
      assert.equal(new Set(rows.map(row => row.accountKey)).size, 3, 'and what tells one from another')
      assert.doesNotMatch(JSON.stringify(await t.app.db.selectFrom('signIns').selectAll().execute()), /secret|spaced|paced/i)
    })

    it('is what the report counts, the newest sign-in included', async () => {
      const rea = await signedIn(t, await person({ roles: [roleIds.reportsReader] }))
      const fay = await person()
      for (const singleFactorAuthentication of [2, 3]) {
        if (singleFactorAuthentication === 3) await enter(t.browser(), fay, fay.password)
        assert.deepEqual((await rea.get('/api/reports/signins')).json().byRequirement, { singleFactorAuthentication, multiFactorAuthentication: 2 })
      }
    })
  })
}
