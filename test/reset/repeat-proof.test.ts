/** A right proof sent again, because its answer was lost, with the handle from before the gate. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { TOTP } from 'otpauth'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson } from '../support/people.ts'
import type { Person, PersonOptions } from '../support/people.ts'
import { engines, isPassword, minute, openReset, Visitor } from './stage.ts'

const handle = '__Host-latchkey-reset'
const seed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

for (const engine of engines) {
  describe(`a proof whose answer was lost, on ${engine}`, () => {
    let t: TestApp
    let people = 0
    before(async () => {
      t = await makeApp({ engine })
      await openReset(t, { gates: 2 })
    })
    after(() => t.close())

    const person = (more: Partial<PersonOptions> = {}): Promise<Person> => {
      const name = `p${++people}`
      return addPerson(t.app, t.tenantId, { name, email: `${name}@home.example`, mobile: `+45 3${String(people).padStart(7, '1')}`, ...more })
    }
    /** At the first gate, with the code in hand and the handle as it is now. */
    const atGate = async (who: Person) => {
      const visitor = new Visitor(t)
      await visitor.start(who.userPrincipalName)
      await visitor.choose('email')
      const { cookies } = visitor.browser
      const code = visitor.mailed(who.userPrincipalName.replace('contoso', 'home'))
      const [old, token] = [cookies.get(handle)!, visitor.browser.formToken()]
      /** The form that was open at the gate, posted again as it was, with this handle. */
      const repeat = (typed = code, cookie = old) => {
        cookies.set(handle, cookie)
        return visitor.browser.send('/reset/code', { method: 'email', code: typed }, token)
      }
      return { visitor, code, old, repeat, now: () => cookies.get(handle)! }
    }
    const gatesOf = async (visitor: Visitor) => (await t.app.db.selectFrom('resetGates').select('gate').where('resetId', '=', (await visitor.reset())!.id).execute()).length
    const points = async (who: Person) => {
      const rows = await t.app.db.selectFrom('limits').select('points').where('key', '=', `recovery:${who.id}`).execute()
      return rows.map(row => row.points).join()
    }

    test('is answered as the first was: the same next handle, one gate, nothing counted; and the journey goes on (T-05)', async () => {
      const ann = await person()
      const { visitor, code, old, repeat, now } = await atGate(ann)
      await visitor.enter('email', code)
      const given = now()
      assert.notEqual(given, old)
      const before = await points(ann)
      for (const typed of [code, ` ${code.slice(0, 4)} ${code.slice(4)} `]) {
        const reply = await repeat(typed)
        assert.equal(reply.statusCode, 303)
        assert.equal(reply.headers['location'], '/reset/step')
        assert.equal(now(), given)
      }
      assert.equal(await gatesOf(visitor), 1)
      assert.equal(await points(ann), before)
      const passed = await t.app.db.selectFrom('usageEvents').select('id').where('userId', '=', ann.id).where('method', '=', 'email').where('status', '=', 'success').execute()
      assert.equal(passed.length, 1)
      const number = `+45 3${String(people).padStart(7, '1')}`
      await visitor.number('mobileSms', number)
      await visitor.enter('mobileSms', visitor.texted())
      await visitor.newPassword('Brand-new Kelp 42')
      assert.ok(await isPassword(t.app, ann, 'Brand-new Kelp 42'))
    })

    test('says nothing to whoever has the old handle and another proof, and five such tries end it (T-03, T-04)', async () => {
      const ann = await person()
      const { visitor, code, old, repeat, now } = await atGate(ann)
      await visitor.enter('email', code)
      const given = now()
      for (let guess = 0; guess < 5; guess++) {
        const reply = await repeat(String((Number(code) + guess + 1) % 10 ** 8).padStart(8, '0'))
        assert.equal(reply.statusCode, 409)
        assert.equal(now(), old)
      }
      assert.equal((await repeat()).statusCode, 409, 'not even the right one')
      assert.equal(now(), old)
      visitor.browser.cookies.set(handle, given)
      await visitor.browser.get('/reset/step')
      await visitor.number('mobileSms', `+45 3${String(people).padStart(7, '1')}`)
      await visitor.enter('mobileSms', '00000000')
      assert.equal((await visitor.reset())!.state, 'BLOCKED', 'they were points of the account')
    })

    test('is over after two minutes, and with the next gate', async () => {
      const ann = await person()
      const { visitor, code, repeat } = await atGate(ann)
      await visitor.enter('email', code)
      await t.clock.advance(2 * minute + 1_000)
      assert.equal((await repeat()).statusCode, 409)

      const bob = await person()
      const second = await atGate(bob)
      await second.visitor.enter('email', second.code)
      await second.visitor.number('mobileSms', `+45 3${String(people).padStart(7, '1')}`)
      await second.visitor.enter('mobileSms', second.visitor.texted())
      assert.equal((await second.repeat()).statusCode, 409)
    })

    test('belongs to its own handle: the same code with any other opens nothing', async () => {
      const [ann, bob] = [await person(), await person()]
      const [one, other] = [await atGate(ann), await atGate(bob)]
      await one.visitor.enter('email', one.code)
      await other.visitor.enter('email', one.code)
      assert.equal(await gatesOf(other.visitor), 0)
      for (const cookie of [one.old.split('').toReversed().join(''), 'x', '']) {
        assert.ok([403, 409].includes((await one.repeat(one.code, cookie)).statusCode), cookie)
      }
    })

    test('holds for an app’s code and over JSON, where the transaction must be the one that is named', async () => {
      const ann = await person({ totp: seed })
      const browser = t.browser({ address: '10.77.1.1' })
      const { id } = (await browser.json('POST', '/api/resets', { username: ann.userPrincipalName })).json<{ id: string }>()
      await t.work()
      const old = browser.cookies.get(handle)!
      const proof = { method: 'code', code: new TOTP({ secret: seed }).generate({ timestamp: t.clock.now() }) }
      const first = await browser.json('POST', `/api/resets/${id}/answers`, proof)
      assert.equal(first.statusCode, 200, first.body)
      const given = browser.cookies.get(handle)!
      browser.cookies.set(handle, old)
      assert.equal((await browser.json('POST', '/api/resets/00000000-0000-4000-8000-000000000000/answers', proof)).statusCode, 409)
      const again = await browser.json('POST', `/api/resets/${id}/answers`, proof)
      assert.deepEqual([again.statusCode, again.json()], [200, first.json()])
      assert.equal(browser.cookies.get(handle), given)
    })
  })
}
