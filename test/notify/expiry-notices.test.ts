import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { tellOfExpiry } from '../../src/housekeeping.ts'
import { takeDue } from '../../src/store/outbox.ts'
import { makeApp } from '../support/make-app.ts'
import { addPerson, changePolicy } from '../support/people.ts'
import { engines } from '../support/store.ts'

const day = 86_400_000

for (const engine of engines) {
  describe(`notices before a password expires, on ${engine}`, () => {
    test('each day that is set is told once, in the person’s language, with the days that are left, and a new password begins anew (sspr §7.4)', async () => {
      const t = await makeApp({ engine })
      try {
        const { app, tenantId } = t
        await app.db.updateTable('domains').set({ passwordValidityPeriodInDays: 90 }).where('tenantId', '=', tenantId).execute()
        const ann = await addPerson(app, tenantId, { name: 'ann', mail: 'ann@contoso.example', email: 'ann@home.example', language: 'lv' })
        await addPerson(app, tenantId, { name: 'bob', language: 'da' })
        await addPerson(app, tenantId, { name: 'cut', disabled: true })
        await addPerson(app, tenantId, { name: 'dot', mustChange: true })
        const eve = await addPerson(app, tenantId, { name: 'eve' })
        await app.db.updateTable('users').set({ passwordPolicies: 'DisablePasswordExpiration' }).where('id', '=', eve.id).execute()
        await addPerson(app, tenantId, { name: 'syn', synced: true })
        /** Goes to the moment so many days after the passwords were set; who hears what. */
        let at = 0
        const after = async (days: number) => {
          await t.clock.advance((days - at) * day)
          at = days
          await tellOfExpiry(app)
          assert.equal(await tellOfExpiry(app), 0, 'a second look tells nobody again')
          await t.clock.advance(1_000)
          await t.work()
          return t.mail.splice(0).map(one => `${one.to} ${one.locale} ${/ (\d+) d/.exec(one.text)?.[1]}`).toSorted()
        }
        assert.deepEqual(await after(84), [], 'nothing is wanted')
        await changePolicy(app, tenantId, 'tenantSettings', { expiryNoticeDays: [1, 7, 3] })
        assert.deepEqual(await after(82.9), [])
        assert.deepEqual(await after(83.1), ['ann@contoso.example lv 7', 'bob@contoso.example da 7'])
        assert.deepEqual(await after(85), [])
        assert.deepEqual(await after(88.5), ['ann@contoso.example lv 2', 'bob@contoso.example da 2'], 'the third day before was missed')
        await app.db.updateTable('passwords').set({ changedAt: app.now() }).where('userId', '=', ann.id).execute()
        assert.deepEqual(await after(89.1), ['bob@contoso.example da 1'])
        assert.deepEqual(await after(91), [], 'it has expired: sign-in says so')
        assert.deepEqual(await after(88.5 + 83.5), ['ann@contoso.example lv 7'])
        await app.db.updateTable('domains').set({ passwordValidityPeriodInDays: 2_147_483_647 }).where('tenantId', '=', tenantId).execute()
        assert.deepEqual(await after(88.5 + 89.5), [], 'no password of this domain expires any more')
      } finally {
        await t.close()
      }
    })

    test('many at once leave one after another, so that a code in between does not wait for them', async () => {
      const t = await makeApp({ engine })
      try {
        const { app, tenantId } = t
        await app.db.updateTable('domains').set({ passwordValidityPeriodInDays: 90 }).where('tenantId', '=', tenantId).execute()
        await changePolicy(app, tenantId, 'tenantSettings', { expiryNoticeDays: [14] })
        for (let n = 0; n < 12; n++) await addPerson(app, tenantId, { name: `p${n}`, password: null })
        await t.clock.advance(80 * day)
        assert.equal(await tellOfExpiry(app), 12)
        const rows = await app.db.selectFrom('outbox').select('availableAt').orderBy('availableAt').execute()
        for (const [n, row] of rows.entries()) assert.ok(row.availableAt - rows[0]!.availableAt >= n * 200, `${n}`)
        assert.ok((await takeDue(app.db, { now: rows[5]!.availableAt, leaseMs: 1, max: 100 })).length <= 6)
      } finally {
        await t.close()
      }
    })
  })
}
