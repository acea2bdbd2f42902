import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { makeApp } from '../support/make-app.ts'
import { addPerson, roleIds } from '../support/people.ts'
import { engines } from '../support/store.ts'
import { signedIn } from '../support/signed-in.ts'

for (const engine of engines) {
  test(`T-41 (${engine}): no reset lands after a role was granted, however the requests interleave`, async () => {
    const t = await makeApp({ engine })
    try {
      const gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
      const hal = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'hal', password: null, roles: [roleIds.helpdeskAdministrator] }))
      let granted = 0
      let landed = 0
      for (let round = 0; round < 8; round++) {
        const target = await addPerson(t.app, t.tenantId, { name: `target${round}`, password: null })
        const reset = () => hal.post(`/v1.0/users/${target.id}/authentication/methods/28c10230-6103-485e-b985-444c60001490/resetPassword`, {})
        const give = () => gus.post('/v1.0/roleManagement/directory/roleAssignments', { principalId: target.id, roleDefinitionId: roleIds.globalAdministrator, directoryScopeId: '/' })
        const first = reset()
        // Later with each round, so that the grant meets the resets at another point each time; in the last two one has landed.
        const grant = (round < 6 ? delay(round * 20) : first).then(give)
        const replies = await Promise.all([first, reset(), grant, reset()])
        const rows = await t.app.db.selectFrom('audit').select(['sequence', 'activity', 'result']).where('tenantId', '=', t.tenantId).where('targetId', '=', target.id).orderBy('sequence').execute()
        assert.deepEqual(replies.filter(reply => ![201, 202, 403].includes(reply.statusCode)).map(reply => reply.payload), [], 'nobody is stuck')
        const given = rows.find(row => row.activity === 'Add member to role')!.sequence
        const resets = rows.filter(row => row.activity === 'Reset password (by admin)' && row.result === 'success').map(row => row.sequence)
        assert.deepEqual(resets.filter(sequence => sequence > given), [], 'a reset after the grant')
        granted += replies.filter(reply => reply.statusCode === 201).length
        landed += resets.length
        assert.equal(replies.filter(reply => reply.statusCode === 202).length, resets.length, 'what was answered is what happened')
        assert.equal((await reset()).statusCode, 403)
      }
      assert.equal(granted, 8)
      assert.ok(landed >= 2, 'some resets came before the grant')
    } finally {
      await t.close()
    }
  })
}

for (const engine of engines) {
  test(`two Global Administrators who remove one another (${engine}) leave one of them`, async () => {
    const t = await makeApp({ engine })
    try {
      const people = await Promise.all(['gus', 'gina'].map(name => addPerson(t.app, t.tenantId, { name, password: null, roles: [roleIds.globalAdministrator] })))
      const [gus, gina] = await Promise.all(people.map(person => signedIn(t, person)))
      const assignments = (await gus!.get('/v1.0/roleManagement/directory/roleAssignments')).json().value as { id: string; principalId: string }[]
      const of = (id: string) => `/v1.0/roleManagement/directory/roleAssignments/${assignments.find(one => one.principalId === id)!.id}`
      await Promise.all([gus!.delete(of(gina!.person.id)), gina!.delete(of(gus!.person.id))])
      const left = await t.app.db.selectFrom('roleAssignments').select('id').where('roleDefinitionId', '=', roleIds.globalAdministrator).execute()
      assert.equal(left.length, 1)
    } finally {
      await t.close()
    }
  })
}
