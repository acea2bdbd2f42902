import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addGroup, addPerson, roleIds } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'
import { beginLineage, forgetChanges, forgetOldChanges } from '../../src/store/changes.ts'

let t: TestApp
let gus: SignedIn
const origin = 'https://reset.contoso.example'

before(async () => {
  t = await makeApp()
  gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
})
after(() => t.close())

type Told = Record<string, unknown> & { id: string; '@removed'?: { reason: string } }

/** Follows the links to the end of a round. */
async function round(url: string): Promise<{ told: Told[]; next: string; pages: number }> {
  const told: Told[] = []
  for (let pages = 1; ; pages++) {
    const reply = await gus.get(url)
    assert.equal(reply.statusCode, 200, reply.payload)
    const page = reply.json()
    told.push(...page.value)
    if (page['@odata.deltaLink']) return { told, next: page['@odata.deltaLink'].slice(origin.length), pages }
    url = page['@odata.nextLink'].slice(origin.length)
  }
}

test('first everybody in pages, then only who was made, changed, deleted and brought back, in the words of Graph', async () => {
  const [ann, bo, eva] = [await addPerson(t.app, t.tenantId, { name: 'ann', password: null }), await addPerson(t.app, t.tenantId, { name: 'bo', password: null }), await addPerson(t.app, t.tenantId, { name: 'eva', password: null })]
  const first = await round('/v1.0/users/microsoft.graph.delta?$select=displayName&$top=2')
  assert.equal(first.pages, 3, 'two full pages, and then the link for the next round')
  assert.deepEqual(first.told.map(one => one.id).toSorted(), [gus.person.id, ann.id, bo.id, eva.id].toSorted())
  assert.deepEqual(Object.keys(first.told[0]!).toSorted(), ['displayName', 'id'])
  const nothing = await round(first.next)
  assert.deepEqual(nothing.told, [])

  await gus.patch(`/v1.0/users/${ann.id}`, { displayName: 'Ann Other' })
  await gus.delete(`/v1.0/users/${bo.id}`)
  await gus.delete(`/v1.0/users/${eva.id}`)
  await gus.delete(`/v1.0/directory/deletedItems/${eva.id}`)
  const fay = (await gus.post('/v1.0/users', { accountEnabled: true, displayName: 'Fay', mailNickname: 'fay', userPrincipalName: 'fay@contoso.example', passwordProfile: { password: 'Kelp-7-wander' } })).json().id as string
  const second = await round(nothing.next)
  const byId = new Map(second.told.map(one => [one.id, one]))
  assert.equal(second.told.length, 4, 'each once, on two pages')
  assert.equal(second.pages, 3)
  assert.deepEqual(byId.get(ann.id), { displayName: 'Ann Other', id: ann.id })
  assert.deepEqual(byId.get(bo.id), { id: bo.id, '@removed': { reason: 'changed' } })
  assert.deepEqual(byId.get(eva.id), { id: eva.id, '@removed': { reason: 'deleted' } })
  assert.deepEqual(byId.get(fay), { displayName: 'Fay', id: fay })

  await gus.post(`/v1.0/directory/deletedItems/${bo.id}/restore`)
  const third = await round(second.next)
  assert.deepEqual(third.told, [{ displayName: 'Bo Test', id: bo.id }])
  assert.deepEqual((await round(nothing.next)).told.length, 4, 'an older link tells the newest state of each')
})

test('what changes while the first round is read is told in the next one', async () => {
  const gil = await addPerson(t.app, t.tenantId, { name: 'gil', password: null })
  const page = (await gus.get('/v1.0/users/delta?$select=displayName&$top=1')).json()
  await gus.patch(`/v1.0/users/${gil.id}`, { displayName: 'Gil Changed' })
  const rest = await round(page['@odata.nextLink'].slice(origin.length))
  assert.ok((await round(rest.next)).told.some(one => one.id === gil.id))
})

test('$deltatoken=latest begins now; sign-in and other things nobody sees change nothing', async () => {
  const latest = await round('/v1.0/users/delta?$deltatoken=latest&$select=displayName')
  assert.deepEqual(latest.told, [])
  await t.app.db.updateTable('users').set({ lastConfirmedAt: 1 }).where('id', '=', gus.person.id).execute()
  assert.deepEqual((await round(latest.next)).told, [])
})

test('groups tell who joined and who left', async () => {
  const [ann, bo] = [await addPerson(t.app, t.tenantId, { name: 'ann2', password: null }), await addPerson(t.app, t.tenantId, { name: 'bo2', password: null })]
  const id = await addGroup(t.app, t.tenantId, 'Team')
  const join = (person: { id: string }) => gus.post(`/v1.0/groups/${id}/members/$ref`, { '@odata.id': `${origin}/v1.0/users/${person.id}` })
  await join(ann)
  const first = await round('/v1.0/groups/delta?$select=displayName,members')
  assert.deepEqual(first.told, [{ displayName: 'Team', id, 'members@delta': [{ '@odata.type': '#microsoft.graph.user', id: ann.id }] }])
  await join(bo)
  await gus.delete(`/v1.0/groups/${id}/members/${ann.id}/$ref`)
  const [told] = (await round(first.next)).told
  const moved = told!['members@delta'] as Told[]
  assert.deepEqual(moved.map(one => [one.id, one['@removed']?.reason]).toSorted(), [[ann.id, 'deleted'], [bo.id, undefined]].toSorted())
})

test('links are good for nobody else, and changed ones for nobody (T-43)', async () => {
  const { next } = await round('/v1.0/users/delta?$select=displayName')
  const una = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'una', password: null, roles: [roleIds.userAdministrator] }))
  for (const url of [next.replace('/users/', '/groups/'), `${next.slice(0, -3)}abc`]) assert.equal((await gus.get(url)).json().error.code, 'Directory_ExpiredPageToken')
  assert.equal((await una.get(next)).statusCode, 400)
  assert.equal((await gus.get('/v1.0/users/delta?$deltatoken=x')).statusCode, 400)
  assert.equal((await gus.get('/v1.0/users/delta?$orderby=displayName')).statusCode, 400)
})

test('a link from before what is still known is 410 with the place to begin anew', async () => {
  const { next } = await round('/v1.0/users/delta?$select=displayName')
  await t.app.db.transaction().execute(trx => forgetChanges(trx, t.tenantId, 'user'))
  const reply = await gus.get(next)
  assert.deepEqual([reply.statusCode, reply.json().error.code, reply.headers['location']], [410, 'resyncRequired', `${origin}/v1.0/users/delta`])
  const fresh = await round('/v1.0/users/delta?$select=displayName')
  assert.deepEqual((await round(fresh.next)).told, [])
  await addPerson(t.app, t.tenantId, { name: 'late', password: null })
  assert.equal((await round(fresh.next)).told.length, 1, 'what came after is told')
  assert.ok((await forgetOldChanges(t.app.db, Date.now() + 60_000)) > 0)
  assert.equal((await gus.get(fresh.next)).statusCode, 410)
})

test('T-74: after a backup was brought back every link from before is 410', async () => {
  const { next } = await round('/v1.0/users/delta?$select=displayName')
  await t.app.db.transaction().execute(trx => beginLineage(trx, t.app.now()))
  assert.equal((await gus.get(next)).statusCode, 410)
  const fresh = await round('/v1.0/users/delta?$select=displayName')
  assert.equal((await gus.get(fresh.next)).statusCode, 200)
})
