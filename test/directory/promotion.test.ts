// What was made or opened before somebody became an administrator must not be an administrator afterwards (T-30, T-39).
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addGroup, addPerson, roleIds } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

let t: TestApp
let gus: SignedIn
before(async () => {
  t = await makeApp()
  gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
})
after(() => t.close())

const promote = (principalId: string, roleDefinitionId: string = roleIds.globalAdministrator) =>
  gus.post('/v1.0/roleManagement/directory/roleAssignments', { principalId, roleDefinitionId, directoryScopeId: '/' })

test('T-39: a pass that a lesser administrator made beforehand does not open the account of who became a greater one', async () => {
  const aud = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'aud', password: null, roles: [roleIds.authenticationAdministrator] }))
  const bob = await addPerson(t.app, t.tenantId, { name: 'bob' })
  const path = `/v1.0/users/${bob.id}/authentication/temporaryAccessPassMethods`
  const { temporaryAccessPass } = (await aud.post(path, {})).json()
  const enter = () => t.browser().json('POST', '/api/signin', { userName: bob.userPrincipalName, temporaryAccessPass })
  assert.equal((await enter()).statusCode, 200)
  assert.equal((await promote(bob.id)).statusCode, 201)
  assert.equal((await enter()).statusCode, 401)
  assert.equal((await aud.post(path, {})).statusCode, 403, 'nor may another be made')
})

for (const nested of [false, true]) {
  test(`T-39, T-30: a role given to a group raises everybody in it${nested ? ', and in the groups within it,' : ''} as one given directly does`, async () => {
    const name = nested ? 'inner' : 'outer'
    const group = await addGroup(t.app, t.tenantId, `admins-${name}`, { isAssignableToRole: true })
    const within = await addGroup(t.app, t.tenantId, `within-${name}`, { groups: [] })
    await t.app.db.insertInto('groupMembers').values({ tenantId: t.tenantId, groupId: group, memberId: within, memberType: 'group' }).execute()
    const aud = await signedIn(t, await addPerson(t.app, t.tenantId, { name: `aud-${name}`, password: null, roles: [roleIds.authenticationAdministrator] }))
    const bob = await addPerson(t.app, t.tenantId, { name: `bob-${name}` })
    const eve = await addPerson(t.app, t.tenantId, { name: `eve-${name}` })
    const { temporaryAccessPass } = (await aud.post(`/v1.0/users/${bob.id}/authentication/temporaryAccessPassMethods`, {})).json()
    assert.ok(temporaryAccessPass)
    await t.app.db.insertInto('groupMembers').values({ tenantId: t.tenantId, groupId: nested ? within : group, memberId: bob.id, memberType: 'user' }).execute()
    const [before, other] = [await signedIn(t, bob), await signedIn(t, eve)]
    assert.equal((await promote(group)).statusCode, 201)
    assert.equal((await before.get('/v1.0/me')).statusCode, 401)
    assert.equal((await t.browser().json('POST', '/api/signin', { userName: bob.userPrincipalName, temporaryAccessPass })).statusCode, 401)
    assert.equal((await other.get('/v1.0/me')).statusCode, 200, 'whoever is not in it stays')
  })
}

test('T-30: sessions from before the rise end with it; whoever raises themself stays, with an administrator’s limits', async () => {
  const ann = await addPerson(t.app, t.tenantId, { name: 'ann' })
  const before = await signedIn(t, ann)
  assert.equal((await promote(ann.id)).statusCode, 201)
  assert.equal((await before.get('/v1.0/me')).statusCode, 401)

  assert.equal((await promote(gus.person.id, roleIds.reportsReader)).statusCode, 201)
  assert.equal((await gus.get('/v1.0/me')).statusCode, 200)
  await t.clock.advance(16 * 60_000)
  assert.equal((await gus.get('/v1.0/me')).statusCode, 401, 'fifteen minutes idle')
})
