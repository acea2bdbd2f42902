import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startGroupAfresh, startMemberAfresh } from '../../src/credentials/start-afresh.ts'
import { addMember } from '../../src/store/groups.ts'
import { assignRole } from '../../src/store/roles.ts'
import { makeApp } from '../support/make-app.ts'
import { addGroup, addPerson, roleIds } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import { engines } from '../support/store.ts'

for (const engine of engines) {
  describe(`rising through a group on ${engine}`, () => {
    test('T-30: who joins a group that gives a role starts afresh, who joins another stays, and who raises themself stays signed in', async () => {
      const t = await makeApp({ engine })
      try {
        const { tenantId } = t
        const admins = await addGroup(t.app, tenantId, 'admins', { isAssignableToRole: true })
        const within = await addGroup(t.app, tenantId, 'within')
        const plain = await addGroup(t.app, tenantId, 'plain', { isAssignableToRole: true })
        await assignRole(t.app.db, {
          tenantId, id: 'a1', roleDefinitionId: roleIds.userAdministrator, principalId: admins, principalType: 'group', directoryScopeId: '/', state: 'active', createdAt: 0,
        })
        const join = (groupId: string, memberId: string, memberType: 'user' | 'group', self?: { userId: string; session: string }) =>
          t.app.db.transaction().execute(async trx => {
            await addMember(trx, { tenantId, groupId, memberId, memberType })
            await startMemberAfresh(trx, { tenantId, groupId, memberId, self, at: t.app.now() })
          })
        const sessionsOf = (userId: string) => t.app.db.selectFrom('sessions').select(['idHash', 'isAdministrator']).where('userId', '=', userId).execute()
        const [ann, bob, eve, gus] = await Promise.all(['ann', 'bob', 'eve', 'gus'].map(name => addPerson(t.app, tenantId, { name })))
        for (const person of [ann!, bob!, eve!, gus!]) await signedIn(t, person)
        await join(plain, ann!.id, 'user')
        await join(within, bob!.id, 'user')
        assert.equal((await sessionsOf(ann!.id)).length + (await sessionsOf(bob!.id)).length, 2, 'neither group gives a role')
        await join(admins, eve!.id, 'user')
        assert.deepEqual(await sessionsOf(eve!.id), [])
        await join(admins, within, 'group')
        assert.deepEqual(await sessionsOf(bob!.id), [], 'a group that joins brings its people')
        const [own] = await sessionsOf(gus!.id)
        await join(within, gus!.id, 'user', { userId: gus!.id, session: own!.idHash })
        assert.deepEqual(await sessionsOf(gus!.id), [{ idHash: own!.idHash, isAdministrator: true }])
        await t.app.db.transaction().execute(trx => startGroupAfresh(trx, { tenantId, groupId: plain, self: undefined, at: t.app.now() }))
        assert.deepEqual(await sessionsOf(ann!.id), [])
      } finally {
        await t.close()
      }
    })
  })
}
