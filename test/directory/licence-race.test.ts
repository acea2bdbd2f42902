// The last unit of a licence goes to one person, however many ask at once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { saveSku } from '../../src/store/licences.ts'
import { makeApp } from '../support/make-app.ts'
import { addPerson, roleIds } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

const p2 = '84a661c4-e949-4bd2-a560-ed7766fcaf2b'

for (const engine of ['sqlite', 'postgres'] as const)
  test(`three units, eight people at once: three get one, and as many are counted (${engine})`, async () => {
    const t = await makeApp({ engine })
    try {
      const gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
      await t.app.db.transaction().execute(trx =>
        saveSku(trx, { tenantId: t.tenantId, skuId: p2, skuPartNumber: 'AAD_PREMIUM_P2', enabledUnits: 3, capabilityStatus: 'Enabled', isTrial: false }))
      const people = await Promise.all(Array.from({ length: 8 }, (_, at) => addPerson(t.app, t.tenantId, { name: `p${at}`, password: null })))
      for (const one of people) assert.equal((await gus.patch(`/v1.0/users/${one.id}`, { usageLocation: 'DK' })).statusCode, 204)
      const replies = await Promise.all(people.map(one => gus.post(`/v1.0/users/${one.id}/assignLicense`, { addLicenses: [{ skuId: p2 }], removeLicenses: [] })))
      assert.deepEqual(replies.map(one => one.statusCode).toSorted(), [200, 200, 200, 400, 400, 400, 400, 400])
      assert.equal((await gus.get('/v1.0/subscribedSkus')).json().value[0].consumedUnits, 3)
      const { count } = await t.app.db.selectFrom('licenseAssignments').select(eb => eb.fn.countAll<number>().as('count')).executeTakeFirstOrThrow()
      assert.equal(Number(count), 3, 'what was refused left nothing behind')
    } finally {
      await t.close()
    }
  })
