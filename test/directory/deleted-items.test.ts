import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addGroup, addPerson, foundTenant, roleIds } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'
import { tidyDirectory } from '../../src/housekeeping.ts'
import { softDeleteApplication } from '../../src/store/deleted-applications.ts'

let t: TestApp
let gus: SignedIn
let una: SignedIn
const items = '/v1.0/directory/deletedItems'

before(async () => {
  t = await makeApp()
  gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
  una = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'una', password: null, roles: [roleIds.userAdministrator] }))
})
after(() => t.close())

const ids = async (kind: string) => ((await gus.get(`${items}/microsoft.graph.${kind}?$select=id`)).json().value as { id: string }[]).map(one => one.id)
const countOf = async () => Number((await gus.browser.request({ method: 'GET', url: '/v1.0/users/$count', headers: { consistencylevel: 'eventual' } })).payload)

test('a deleted person is listed, comes back with the name, and is found again', async () => {
  const eva = await addPerson(t.app, t.tenantId, { name: 'eva', password: null })
  const before = await countOf()
  assert.equal((await una.delete(`/v1.0/users/${eva.id}`)).statusCode, 204)
  assert.equal(await countOf(), before - 1)
  assert.deepEqual(await ids('user'), [eva.id])
  const one = (await una.get(`${items}/${eva.id}`)).json()
  assert.deepEqual([one['@odata.type'], one.userPrincipalName], ['#microsoft.graph.user', eva.userPrincipalName])
  const back = await una.post(`${items}/${eva.id}/restore`)
  assert.equal(back.statusCode, 200, back.payload)
  assert.equal((await una.get('/v1.0/users/eva@contoso.example')).json().id, eva.id)
  assert.equal(await countOf(), before)
  assert.equal((await una.post(`${items}/${eva.id}/restore`)).statusCode, 404)
})

test('a name that somebody took meanwhile is a clash, and another name settles it', async () => {
  const finn = await addPerson(t.app, t.tenantId, { name: 'finn', password: null })
  await una.delete(`/v1.0/users/${finn.id}`)
  await addPerson(t.app, t.tenantId, { name: 'finn', password: null })
  const clash = await una.post(`${items}/${finn.id}/restore`, {})
  assert.deepEqual([clash.statusCode, clash.json().error.details[0].code], [400, 'ObjectConflict'])
  assert.equal((await una.post(`${items}/${finn.id}/restore`, { newUserPrincipalName: 'finn@elsewhere.example' })).statusCode, 400)
  assert.equal((await una.post(`${items}/${finn.id}/restore`, { newUserPrincipalName: 'finn2@contoso.example' })).statusCode, 200)
  assert.equal((await una.get('/v1.0/users/finn2@contoso.example')).json().id, finn.id)
})

test('removed for good is gone from everywhere; only what was deleted first can be', async () => {
  const hal = await addPerson(t.app, t.tenantId, { name: 'hal', password: null })
  assert.equal((await una.delete(`${items}/${hal.id}`)).statusCode, 404)
  await una.delete(`/v1.0/users/${hal.id}`)
  assert.equal((await una.delete(`${items}/${hal.id}`)).statusCode, 204)
  assert.equal((await una.get(`${items}/${hal.id}`)).statusCode, 404)
  assert.equal(await t.app.db.selectFrom('users').select('id').where('id', '=', hal.id).executeTakeFirst(), undefined)
})

test('T-39: whoever could not delete an administrator cannot bring one back, nor a group that gives roles; people without a role see nothing', async () => {
  const boss = await addPerson(t.app, t.tenantId, { name: 'boss', password: null, roles: [roleIds.globalAdministrator] })
  const group = await addGroup(t.app, t.tenantId, 'Gives roles', { isAssignableToRole: true })
  assert.equal((await gus.delete(`/v1.0/users/${boss.id}`)).statusCode, 204)
  assert.equal((await gus.delete(`/v1.0/groups/${group}`)).statusCode, 204)
  for (const id of [boss.id, group]) {
    assert.equal((await una.post(`${items}/${id}/restore`)).statusCode, 403)
    assert.equal((await una.delete(`${items}/${id}`)).statusCode, 403)
  }
  const plain = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'plain', password: null }))
  assert.equal((await plain.get(`${items}/microsoft.graph.user`)).statusCode, 403)
  assert.equal((await gus.post(`${items}/${group}/restore`)).json().displayName, 'Gives roles')
  assert.equal((await gus.post(`${items}/${boss.id}/restore`)).statusCode, 200)
})

test('applications come back with their service principal', async () => {
  const program = await addProgram(t.app, t.tenantId, { name: 'Payroll' })
  await softDeleteApplication(t.app.db, t.tenantId, program.applicationId, t.app.now())
  assert.deepEqual(await ids('application'), [program.applicationId])
  assert.deepEqual(await ids('servicePrincipal'), [program.servicePrincipalId])
  assert.equal((await una.post(`${items}/${program.applicationId}/restore`)).statusCode, 403)
  const back = await gus.post(`${items}/${program.applicationId}/restore`)
  assert.deepEqual([back.statusCode, back.json().appId], [200, program.appId])
  assert.deepEqual(await ids('servicePrincipal'), [])
})

test('T-43: what another tenant deleted is not there', async () => {
  const other = await foundTenant(t.app, { name: 'Fabrikam', domain: 'fabrikam.example' })
  const stranger = await addPerson(t.app, other, { name: 'ann', domain: 'fabrikam.example', password: null })
  await t.app.db.updateTable('users').set({ deletedDateTime: 1 }).where('id', '=', stranger.id).execute()
  for (const id of [stranger.id, randomUUID()]) {
    assert.equal((await gus.get(`${items}/${id}`)).statusCode, 404)
    assert.equal((await gus.post(`${items}/${id}/restore`)).statusCode, 404)
    assert.equal((await gus.delete(`${items}/${id}`)).statusCode, 404)
  }
  assert.ok(!(await ids('user')).includes(stranger.id))
})

test('thirty days after, deleted people, groups and applications go for good by themselves', async () => {
  const old = await addPerson(t.app, t.tenantId, { name: 'old', password: null })
  const recent = await addPerson(t.app, t.tenantId, { name: 'recent', password: null })
  const group = await addGroup(t.app, t.tenantId, 'Old')
  const program = await addProgram(t.app, t.tenantId, { name: 'Old' })
  const day = 86_400_000
  await t.app.db.updateTable('users').set({ deletedDateTime: t.app.now() - 31 * day }).where('id', '=', old.id).execute()
  await t.app.db.updateTable('users').set({ deletedDateTime: t.app.now() - 29 * day }).where('id', '=', recent.id).execute()
  await t.app.db.updateTable('groups').set({ deletedDateTime: t.app.now() - 31 * day }).where('id', '=', group).execute()
  await softDeleteApplication(t.app.db, t.tenantId, program.applicationId, t.app.now() - 31 * day)
  assert.ok((await tidyDirectory(t.app)) >= 4)
  for (const id of [old.id, group, program.applicationId, program.servicePrincipalId]) assert.equal((await gus.get(`${items}/${id}`)).statusCode, 404)
  assert.equal((await gus.get(`${items}/${recent.id}`)).statusCode, 200)
})
