import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addGroup, addPerson, foundTenant, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

let t: TestApp
let gus: SignedIn
let gro: SignedIn
let ann: Person
let bo: Person
const origin = 'https://reset.contoso.example'

before(async () => {
  t = await makeApp()
  gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
  gro = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gro', password: null, roles: ['fdd7a751-b60b-444a-984c-02652fe8fa1c'] }))
  ann = await addPerson(t.app, t.tenantId, { name: 'ann', password: null })
  bo = await addPerson(t.app, t.tenantId, { name: 'bo', password: null })
})
after(() => t.close())

const body = (name: string, more: object = {}) => ({ displayName: name, mailNickname: name.replace(/\W/g, ''), mailEnabled: false, securityEnabled: true, ...more })
const make = async (who: SignedIn, name: string, more: object = {}): Promise<string> => {
  const made = await who.post('/v1.0/groups', body(name, more))
  assert.equal(made.statusCode, 201, made.payload)
  return made.json().id as string
}
const reference = (id: string) => ({ '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${id}` })
const eventual = (url: string) => gus.browser.request({ method: 'GET', url, headers: { consistencylevel: 'eventual' } })

test('a group is made, found, changed and deleted, the way az asks for it', async () => {
  const filter = encodeURIComponent("displayName eq 'Night shift' and mailNickname eq 'Nightshift'")
  assert.deepEqual((await gro.get(`/v1.0/groups?$filter=${filter}`)).json().value, [])
  const id = await make(gro, 'Night shift', { description: 'From ten to six' })
  const [found] = (await gro.get(`/v1.0/groups?$filter=${filter}`)).json().value
  assert.equal(found.id, id)
  assert.deepEqual([found.groupTypes, found.mailEnabled, found.securityEnabled, found.isAssignableToRole, found.mail], [[], false, true, false, null])
  assert.equal((await gro.patch(`/v1.0/groups/${id}`, { displayName: 'Late shift' })).statusCode, 204)
  const one = (await gro.get(`/v1.0/groups/${id}?$select=displayName,description`)).json()
  assert.deepEqual(one, { '@odata.context': `${origin}/v1.0/$metadata#groups(displayName,description)/$entity`, displayName: 'Late shift', description: 'From ten to six' })
  assert.equal((await gro.get("/v1.0/groups?$filter=startswith(displayName,'late')")).json().value.length, 1)
  assert.equal((await gro.delete(`/v1.0/groups/${id}`)).statusCode, 204)
  assert.equal((await gro.get(`/v1.0/groups/${id}`)).statusCode, 404)
})

test('members come and go by reference; one who is there already is refused in the words az looks for', async () => {
  const id = await make(gro, 'Members')
  assert.equal((await gro.post(`/v1.0/groups/${id}/members/$ref`, reference(ann.id))).statusCode, 204)
  const again = await gro.post(`/v1.0/groups/${id}/members/$ref`, { '@odata.id': `${origin}/v1.0/users/${ann.id.toUpperCase()}` })
  assert.equal(again.statusCode, 400)
  assert.equal(again.json().error.message, "One or more added object references already exist for the following modified properties: 'members'.")
  assert.equal((await gro.patch(`/v1.0/groups/${id}`, { 'members@odata.bind': [`${origin}/v1.0/directoryObjects/${bo.id}`] })).statusCode, 204)
  const members = (await gro.get(`/v1.0/groups/${id}/members`)).json()
  assert.equal(members['@odata.context'], `${origin}/v1.0/$metadata#directoryObjects`)
  assert.deepEqual(members.value.map((one: Record<string, string>) => [one['@odata.type'], one['id']]).toSorted(), [['#microsoft.graph.user', ann.id], ['#microsoft.graph.user', bo.id]].toSorted())
  assert.deepEqual((await gro.post(`/v1.0/directoryObjects/${ann.id}/checkMemberGroups`, { groupIds: [id, randomUUID()] })).json().value, [id])
  assert.deepEqual((await gro.post('/v1.0/users/ann@contoso.example/getMemberGroups', { securityEnabledOnly: false })).json().value, [id])
  assert.equal((await gro.delete(`/v1.0/groups/${id}/members/${ann.id}/$ref`)).statusCode, 204)
  assert.equal((await gro.delete(`/v1.0/groups/${id}/members/${ann.id}/$ref`)).statusCode, 404)
  assert.deepEqual((await gro.post(`/v1.0/directoryObjects/${ann.id}/checkMemberGroups`, { groupIds: [id] })).json().value, [])
  for (const wrong of [{ '@odata.id': 'nothing' }, reference(randomUUID()), reference(id)]) assert.equal((await gro.post(`/v1.0/groups/${id}/members/$ref`, wrong)).statusCode, 400)
  assert.equal((await gro.post(`/v1.0/groups/${id}/members/$ref`, {})).statusCode, 400)
})

test('groups within groups: direct and transitive members and memberships, a circle walked once, casts, counts', async () => {
  const [outer, middle, inner] = [await make(gro, 'Outer'), await make(gro, 'Middle'), await make(gro, 'Inner')]
  for (const [group, member] of [[outer, middle], [middle, inner], [inner, outer], [inner, ann.id]] as const) {
    assert.equal((await gro.post(`/v1.0/groups/${group}/members/$ref`, reference(member))).statusCode, 204)
  }
  const ids = async (url: string) => ((await gro.get(url)).json().value as { id: string }[]).map(one => one.id).toSorted()
  assert.deepEqual(await ids(`/v1.0/groups/${outer}/members`), [middle])
  assert.deepEqual(await ids(`/v1.0/groups/${outer}/transitiveMembers`), [middle, inner, ann.id].toSorted())
  assert.deepEqual(await ids(`/v1.0/groups/${outer}/transitiveMembers/microsoft.graph.user`), [ann.id])
  assert.deepEqual(await ids(`/v1.0/users/${ann.id}/memberOf/microsoft.graph.group?$select=id`), [inner])
  assert.deepEqual(await ids(`/v1.0/users/${ann.id}/transitiveMemberOf`), [outer, middle, inner].toSorted())
  assert.equal((await eventual(`/v1.0/groups/${outer}/transitiveMembers/$count`)).payload, '3')
  assert.equal((await gro.get(`/v1.0/groups/${outer}/members/$count`)).statusCode, 400, 'counting wants ConsistencyLevel')
  assert.equal((await gro.get(`/v1.0/groups/${outer}/members/microsoft.graph.device`)).statusCode, 400)
  const expanded = (await gro.get(`/v1.0/groups/${inner}?$select=id&$expand=members($select=id,displayName)`)).json()
  assert.deepEqual(expanded.members.map((one: { id: string }) => one.id).toSorted(), [outer, ann.id].toSorted())
  // A deleted group gives nothing, and a deleted member is none.
  await gro.delete(`/v1.0/groups/${middle}`)
  assert.deepEqual(await ids(`/v1.0/groups/${outer}/transitiveMembers`), [])
})

test('members follow in pages whose tokens are good for that group alone', async () => {
  const [group, other] = [await make(gro, 'Large'), await make(gro, 'Larger')]
  const all: string[] = []
  for (let n = 0; n < 7; n++) {
    const { id } = await addPerson(t.app, t.tenantId, { name: `page${n}`, password: null })
    all.push(id)
    for (const one of [group, other]) await gro.post(`/v1.0/groups/${one}/members/$ref`, reference(id))
  }
  const seen: string[] = []
  let url: string | undefined = `/v1.0/groups/${group}/members?$top=3&$select=id`
  let token = ''
  while (url !== undefined) {
    const page = (await gro.get(url)).json() as { value: { id: string }[]; '@odata.nextLink'?: string }
    seen.push(...page.value.map(one => one.id))
    const next: string | undefined = page['@odata.nextLink']
    if (next) token = new URL(next).searchParams.get('$skiptoken')!
    url = next?.slice(origin.length)
  }
  assert.deepEqual(seen, all.toSorted())
  assert.equal((await gro.get(`/v1.0/groups/${other}/members?$top=3&$select=id&$skiptoken=${encodeURIComponent(token)}`)).statusCode, 400)
  assert.equal((await eventual(`/v1.0/groups/${group}/members?$count=true&$top=2`)).json()['@odata.count'], 7)
})

test('T-40: a group that can hold roles is made and changed by nobody lesser, takes no groups, and stays what it is', async () => {
  const lesser = await gro.post('/v1.0/groups', body('Roles', { isAssignableToRole: true }))
  assert.equal(lesser.statusCode, 403)
  assert.match(lesser.json().error.message, /^Insufficient privileges to complete the operation\./)
  const id = await make(gus, 'Roles', { isAssignableToRole: true })
  const inside = await make(gro, 'Inside')
  for (const reply of [
    await gro.post(`/v1.0/groups/${id}/members/$ref`, reference(gro.person.id)), await gro.post(`/v1.0/groups/${id}/owners/$ref`, reference(gro.person.id)),
    await gro.patch(`/v1.0/groups/${id}`, { displayName: 'Mine' }), await gro.delete(`/v1.0/groups/${id}`),
  ]) assert.equal(reply.statusCode, 403, reply.payload)
  const nested = await gus.post(`/v1.0/groups/${id}/members/$ref`, reference(inside))
  assert.deepEqual([nested.statusCode, nested.json().error.innerError.code], [400, 'LK_GROUP_NESTING'])
  assert.equal((await gus.post(`/v1.0/groups/${inside}/members/$ref`, reference(id))).json().error.innerError.code, 'LK_GROUP_NESTING')
  assert.equal((await gus.patch(`/v1.0/groups/${id}`, { isAssignableToRole: false })).json().error.innerError.code, 'LK_GROUP_IMMUTABLE')
  assert.equal((await gus.patch(`/v1.0/groups/${inside}`, { isAssignableToRole: true })).json().error.innerError.code, 'LK_GROUP_IMMUTABLE')
  // Its owner owns nothing that gives roles.
  assert.equal((await gus.post(`/v1.0/groups/${id}/owners/$ref`, reference(bo.id))).statusCode, 204)
  const owner = await signedIn(t, bo)
  assert.equal((await owner.post(`/v1.0/groups/${id}/members/$ref`, reference(bo.id))).statusCode, 403)
  // Who is in it is a list of targets (T-84).
  const plain = await signedIn(t, ann)
  assert.equal((await plain.get(`/v1.0/groups/${id}/members`)).statusCode, 403)
  assert.equal((await owner.get(`/v1.0/groups/${id}/members`)).statusCode, 200)
  const owned = async (who: SignedIn) => ((await who.get(`/v1.0/users/${bo.id}/ownedObjects?$select=id`)).json().value as { id: string }[]).some(one => one.id === id)
  assert.deepEqual([await owned(plain), await owned(owner), await owned(gus)], [false, true, true])
  const expanded = (await plain.get(`/v1.0/users/${bo.id}?$expand=ownedObjects($select=id)`)).json()
  assert.ok(!JSON.stringify(expanded).includes(id))
  const inRoles = async (who: SignedIn) => ((await who.get(`/v1.0/users/${gus.person.id}/memberOf`)).json().value as unknown[]).length
  assert.deepEqual([await inRoles(plain), await inRoles(gro)], [0, 1])
})

test('T-30: joining a group that gives a role ends what was opened before', async () => {
  const id = await make(gus, 'Helpers', { isAssignableToRole: true })
  const given = await gus.post('/v1.0/roleManagement/directory/roleAssignments', { principalId: id, roleDefinitionId: roleIds.helpdeskAdministrator, directoryScopeId: '/' })
  assert.equal(given.statusCode, 201, given.payload)
  const eva = await addPerson(t.app, t.tenantId, { name: 'eva', password: null })
  const before = await signedIn(t, eva)
  assert.equal((await before.get('/v1.0/me')).statusCode, 200)
  assert.equal((await gus.post(`/v1.0/groups/${id}/members/$ref`, reference(eva.id))).statusCode, 204)
  assert.equal((await before.get('/v1.0/me')).statusCode, 401)
  const roles = (await gus.get(`/v1.0/users/${eva.id}/transitiveMemberOf/microsoft.graph.directoryRole`)).json().value
  assert.deepEqual(roles.map((one: Record<string, string>) => one['id']), [roleIds.helpdeskAdministrator])
})

test('owners look after their own group and no other; people without a role make none', async () => {
  const id = await make(gro, 'Owned', { 'owners@odata.bind': [`${origin}/v1.0/users/${bo.id}`] })
  const other = await make(gro, 'Not owned')
  const owner = await signedIn(t, bo)
  assert.equal((await owner.post(`/v1.0/groups/${id}/members/$ref`, reference(ann.id))).statusCode, 204)
  assert.equal((await owner.post(`/v1.0/groups/${other}/members/$ref`, reference(ann.id))).statusCode, 403)
  assert.equal((await owner.post('/v1.0/groups', body('Own'))).statusCode, 403)
  assert.deepEqual((await owner.get('/v1.0/me/ownedObjects?$select=id')).json().value.map((one: { id: string }) => one.id).includes(id), true)
  assert.equal((await gro.get(`/v1.0/groups/${id}/owners`)).json().value[0].id, bo.id)
})

test('a group of the domain is changed in the domain', async () => {
  const id = await addGroup(t.app, t.tenantId, 'Synced')
  await t.app.db.updateTable('groups').set({ onPremisesSyncEnabled: true }).where('id', '=', id).execute()
  for (const reply of [await gro.patch(`/v1.0/groups/${id}`, { description: 'x' }), await gro.post(`/v1.0/groups/${id}/members/$ref`, reference(ann.id)), await gro.delete(`/v1.0/groups/${id}`)]) {
    assert.deepEqual([reply.statusCode, reply.json().error.innerError.code], [400, 'LK_SYNCED_READ_ONLY'])
  }
  assert.equal((await gro.get(`/v1.0/groups/${id}`)).json().onPremisesSyncEnabled, true)
})

test('T-44: what a group is not, and what nobody may set, is 400 and names the property', async () => {
  for (const [more, property] of [
    [{ mailEnabled: true }, 'mailEnabled'], [{ securityEnabled: false }, 'securityEnabled'], [{ groupTypes: ['Unified'] }, 'groupTypes'], [{ membershipRule: 'x' }, 'membershipRule'],
    [{ id: randomUUID() }, 'id'], [{ onPremisesSyncEnabled: true }, 'onPremisesSyncEnabled'], [{ createdDateTime: '2026-01-01' }, 'createdDateTime'], [{ displayName: '' }, 'displayName'],
    [{ mailNickname: 'with space' }, 'mailNickname'], [{ 'members@odata.bind': ['x'] }, 'members@odata.bind'],
  ] as const) {
    const reply = await gro.post('/v1.0/groups', body('Wrong', more))
    assert.equal(reply.statusCode, 400, JSON.stringify(more))
    assert.equal(reply.json().error.details[0].target, property)
  }
  assert.deepEqual((await gro.get("/v1.0/groups?$filter=displayName eq 'Wrong'")).json().value, [])
  const taken = await gro.post('/v1.0/groups', body('Unique', { uniqueName: 'one-of-a-kind' }))
  assert.equal(taken.statusCode, 201)
  assert.equal((await gro.get("/v1.0/groups(uniqueName='one-of-a-kind')")).json().id, taken.json().id)
  const clash = await gro.post('/v1.0/groups', body('Unique two', { uniqueName: 'one-of-a-kind' }))
  assert.deepEqual([clash.statusCode, clash.json().error.details[0].code], [400, 'ObjectConflict'])
})

test('objects of any kind by id, as many as a thousand, and none of another tenant', async () => {
  const id = await make(gro, 'By id')
  const other = await foundTenant(t.app, { name: 'Fabrikam', domain: 'fabrikam.example' })
  const stranger = await addPerson(t.app, other, { name: 'ann', domain: 'fabrikam.example', password: null })
  const wanted = { ids: [id, ann.id.toUpperCase(), stranger.id, randomUUID()], types: ['user', 'group', 'servicePrincipal', 'directoryObjectPartnerReference'] }
  const found = (await gro.post('/v1.0/directoryObjects/getByIds', wanted)).json().value as Record<string, string>[]
  assert.deepEqual(found.map(one => [one['@odata.type'], one['id'], one['displayName']]).toSorted(), [['#microsoft.graph.group', id, 'By id'], ['#microsoft.graph.user', ann.id, 'Ann Test']].toSorted())
  assert.equal((await gro.post('/v1.0/directoryObjects/getByIds', { ...wanted, types: ['group'] })).json().value.length, 1)
  assert.equal((await gro.post('/v1.0/directoryObjects/getByIds', { ids: Array.from({ length: 1001 }, () => randomUUID()) })).statusCode, 400)
  assert.equal((await gro.get(`/v1.0/directoryObjects/${ann.id}`)).json()['@odata.type'], '#microsoft.graph.user')
  assert.equal((await gro.get(`/v1.0/directoryObjects/${stranger.id}`)).statusCode, 404)
  assert.equal((await gro.post(`/v1.0/groups/${id}/members/$ref`, reference(stranger.id))).statusCode, 400)
})

test('a manager is set, shown, expanded and taken away', async () => {
  const reference = { '@odata.id': `${origin}/v1.0/users/${bo.id}` }
  const put = (body: unknown) => gus.browser.json('PUT', `/v1.0/users/${ann.id}/manager/$ref`, body)
  assert.equal((await gus.get(`/v1.0/users/${ann.id}/manager`)).statusCode, 404)
  assert.equal((await put(reference)).statusCode, 204)
  assert.equal((await gus.get(`/v1.0/users/${ann.id}/manager`)).json().id, bo.id)
  assert.equal((await gus.get(`/v1.0/users/${ann.id}?$expand=manager($select=displayName)`)).json().manager.displayName, 'Bo Test')
  assert.deepEqual((await gus.get(`/v1.0/users/${bo.id}/directReports?$select=id`)).json().value.map((one: { id: string }) => one.id), [ann.id])
  assert.equal((await put({ '@odata.id': `${origin}/v1.0/users/${ann.id}` })).statusCode, 400, 'nobody leads themself')
  assert.equal((await gus.delete(`/v1.0/users/${ann.id}/manager/$ref`)).statusCode, 204)
  assert.equal((await gus.get(`/v1.0/users/${ann.id}/manager`)).statusCode, 404)
})
