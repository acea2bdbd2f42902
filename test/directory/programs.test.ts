/** Programs at the directory: each permission opens what graph §5.4 and §8 say it opens, and nothing beside it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addGroup, addPerson, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'

let t: TestApp
let ann: Person
let admin: Person
let plainGroup: string
let roleGroup: string
const host = 'reset.contoso.example'

before(async () => {
  t = await makeApp()
  ann = await addPerson(t.app, t.tenantId, { name: 'ann', password: null, mobilePhone: '+45 33123456' })
  admin = await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] })
  plainGroup = await addGroup(t.app, t.tenantId, 'Plain')
  roleGroup = await addGroup(t.app, t.tenantId, 'Gives roles', { isAssignableToRole: true })
})
after(() => t.close())

interface Reply {
  status: number
  body: Record<string, unknown> & { value?: Record<string, unknown>[]; error?: { code: string; message: string } }
}

/** A program with these permissions, ready to ask. */
async function program(...roles: string[]): Promise<(method: string, path: string, body?: unknown) => Promise<Reply>> {
  const { appId, secret } = await addProgram(t.app, t.tenantId, { name: roles.join(' ').slice(0, 40), roles })
  const form = new URLSearchParams({ client_id: appId, client_secret: secret, grant_type: 'client_credentials', scope: 'https://graph.microsoft.com/.default' })
  const got = await t.server.inject({ method: 'POST', url: `/${t.tenantId}/oauth2/v2.0/token`, headers: { host, 'content-type': 'application/x-www-form-urlencoded' }, payload: form.toString() })
  assert.equal(got.statusCode, 200, got.payload)
  const authorization = `Bearer ${got.json().access_token}`
  return async (method, path, body) => {
    const reply = await t.server.inject({
      method: method as 'GET', url: `/v1.0${path}`, headers: { host, authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    })
    return { status: reply.statusCode, body: reply.payload === '' ? {} : reply.json() }
  }
}

const reference = (id: string) => ({ '@odata.id': `https://${host}/v1.0/directoryObjects/${id}` })
const body = (name: string, more: object = {}) => ({ displayName: name, mailNickname: name, mailEnabled: false, securityEnabled: true, ...more })

test('reading people: who they are with User.ReadBasic.All, all of them with User.Read.All, and nobody as oneself', async () => {
  const basic = await program('User.ReadBasic.All')
  const [first] = (await basic('GET', '/users')).body.value!
  assert.deepEqual(Object.keys(first!).toSorted(), ['displayName', 'givenName', 'id', 'mail', 'surname', 'userPrincipalName'])
  assert.equal((await basic('GET', `/users/${ann.id}?$select=mobilePhone`)).status, 403)
  assert.equal((await basic('GET', "/users?$filter=department eq 'Sales'")).status, 403)
  const whole = await program('User.Read.All')
  assert.equal((await whole('GET', `/users/${ann.id}`)).body['mobilePhone'], '+45 33123456')
  const me = await whole('GET', '/me')
  assert.deepEqual([me.status, me.body.error!.code], [400, 'BadRequest'])
  for (const [method, path] of [['PATCH', `/users/${ann.id}`], ['DELETE', `/users/${ann.id}`], ['GET', '/groups'], ['GET', '/directory/deletedItems/microsoft.graph.group']] as const) {
    const refused = await whole(method, path, method === 'PATCH' ? { jobTitle: 'x' } : undefined)
    assert.equal(refused.status, 403, `${method} ${path}`)
    assert.match(refused.body.error!.message, /insufficient privileges/i)
  }
})

test('a permission for one property writes that one', async () => {
  for (const [permission, may] of [['User.EnableDisableAccount.All', { accountEnabled: true }], ['User-Phone.ReadWrite.All', { mobilePhone: '+45 40506070' }], ['User-Mail.ReadWrite.All', { otherMails: ['a@home.example'] }]] as const) {
    const one = await program(permission)
    assert.equal((await one('PATCH', `/users/${ann.id}`, may)).status, 204, permission)
    assert.equal((await one('PATCH', `/users/${ann.id}`, { ...may, jobTitle: 'Boss' })).status, 403, permission)
    assert.equal((await one('PATCH', `/users/${ann.id}`, { passwordProfile: { forceChangePasswordNextSignIn: true } })).status, 403, permission)
  }
})

test('T-42: a permission to write people reaches nobody who holds a role', async () => {
  const writer = await program('User.ReadWrite.All', 'User.DeleteRestore.All')
  assert.equal((await writer('PATCH', `/users/${ann.id}`, { jobTitle: 'Pilot', accountEnabled: true })).status, 204)
  for (const change of [{ accountEnabled: false }, { userPrincipalName: 'x@contoso.example' }, { passwordProfile: { password: 'Kelp-7-wander' } }, { otherMails: ['a@b.example'] }]) {
    assert.equal((await writer('PATCH', `/users/${admin.id}`, change)).status, 403, JSON.stringify(change))
  }
  assert.equal((await writer('DELETE', `/users/${admin.id}`)).status, 403)
  const made = await writer('POST', '/users', { accountEnabled: true, displayName: 'New', mailNickname: 'new', userPrincipalName: 'new@contoso.example', passwordProfile: { password: 'Kelp-7-wander' } })
  assert.equal(made.status, 201)
  assert.equal((await writer('DELETE', `/users/${String(made.body['id'])}`)).status, 204)
  assert.equal((await writer('POST', `/directory/deletedItems/${String(made.body['id'])}/restore`)).status, 200)
})

test('T-40, T-42: groups are written with their permission, those that give roles with that for roles besides; a program owns nothing by making it', async () => {
  const members = await program('GroupMember.ReadWrite.All')
  assert.equal((await members('POST', `/groups/${plainGroup}/members/$ref`, reference(ann.id))).status, 204)
  assert.equal((await members('POST', `/groups/${roleGroup}/members/$ref`, reference(ann.id))).status, 403)
  assert.equal((await members('PATCH', `/groups/${plainGroup}`, { description: 'x' })).status, 403)
  const groups = await program('Group.ReadWrite.All')
  assert.equal((await groups('PATCH', `/groups/${plainGroup}`, { description: 'x' })).status, 204)
  assert.equal((await groups('POST', '/groups', body('Roles', { isAssignableToRole: true }))).status, 403)
  for (const [method, path] of [['PATCH', `/groups/${roleGroup}`], ['DELETE', `/groups/${roleGroup}`]] as const) assert.equal((await groups(method, path, method === 'PATCH' ? { description: 'x' } : undefined)).status, 403)
  const made = await groups('POST', '/groups', body('Made'))
  assert.equal(made.status, 201)
  assert.deepEqual((await groups('GET', `/groups/${String(made.body['id'])}/owners`)).body.value, [])
  assert.equal((await groups('DELETE', `/groups/${String(made.body['id'])}`)).status, 204)
  const creator = await program('Group.Create')
  assert.equal((await creator('POST', '/groups', body('Created'))).status, 201)
  assert.equal((await creator('GET', `/groups/${plainGroup}`)).status, 403)
})

test('what was deleted is brought back with the permission of its kind', async () => {
  const person = await addPerson(t.app, t.tenantId, { name: 'gone', password: null })
  await (await program('User.ReadWrite.All'))('DELETE', `/users/${person.id}`)
  const groups = await program('Group.ReadWrite.All')
  assert.equal((await groups('POST', `/directory/deletedItems/${person.id}/restore`)).status, 403)
  const people = await program('User.DeleteRestore.All')
  assert.equal((await people('POST', `/directory/deletedItems/${person.id}/restore`)).status, 200)
})

test('a batch of a program has the permissions of the program', async () => {
  const reader = await program('User.Read.All')
  const { body } = await reader('POST', '/$batch', { requests: [{ id: '1', method: 'GET', url: `/users/${ann.id}` }, { id: '2', method: 'DELETE', url: `/users/${ann.id}` }, { id: '3', method: 'GET', url: '/me' }] })
  assert.deepEqual((body['responses'] as { id: string; status: number }[]).map(one => [one.id, one.status]), [['1', 200], ['2', 403], ['3', 400]])
})
