import assert from 'node:assert/strict'
import * as groups from '../../src/store/groups.ts'
import { bothEngines } from '../support/store.ts'
import { addGroup, addTenant, addUser, start } from './rows.ts'

const member = (groupId: string, memberId: string, memberType: groups.MemberType = 'user') => ({ tenantId: 't1', groupId, memberId, memberType })

bothEngines('groups within groups count, a circle is walked once, and a deleted group confers nothing', async store => {
  await addTenant(store.db)
  await addUser(store.db, 'ann')
  for (const id of ['a', 'b', 'c', 'd', 'lonely']) await addGroup(store.db, id)
  await groups.addMember(store.db, member('a', 'ann-id'))
  await groups.addMember(store.db, member('b', 'a', 'group'))
  await groups.addMember(store.db, member('c', 'b', 'group'))
  await groups.addMember(store.db, member('a', 'c', 'group'))
  await groups.addMember(store.db, member('d', 'c', 'group'))
  const ids = async (tenantId = 't1') => (await groups.transitiveGroups(store.db, tenantId, 'ann-id')).map(one => one.id)
  assert.deepEqual(await ids(), ['a', 'b', 'c', 'd'])
  await groups.softDeleteGroup(store.db, 't1', 'b', start)
  assert.deepEqual(await ids(), ['a'])
  await groups.restoreGroup(store.db, 't1', 'b')
  assert.deepEqual(await ids(), ['a', 'b', 'c', 'd'])
  assert.deepEqual(await ids('t2'), [])
})

bothEngines('a member is added and removed once; owners and pages of members are told', async store => {
  await addTenant(store.db)
  await addGroup(store.db, 'a')
  assert.equal(await groups.addMember(store.db, member('a', 'm1')), true)
  assert.equal(await groups.addMember(store.db, member('a', 'm1')), false)
  await groups.addMember(store.db, member('a', 'm2'))
  assert.deepEqual(await groups.listMembers(store.db, { tenantId: 't1', groupId: 'a', top: 1 }), [{ memberId: 'm1', memberType: 'user' }])
  assert.deepEqual(await groups.listMembers(store.db, { tenantId: 't1', groupId: 'a', after: 'm1' }), [{ memberId: 'm2', memberType: 'user' }])
  assert.equal(await groups.removeMember(store.db, member('a', 'm1')), true)
  assert.equal(await groups.removeMember(store.db, member('a', 'm1')), false)
  const owner = { tenantId: 't1', groupId: 'a', ownerId: 'o' }
  assert.equal(await groups.addOwner(store.db, owner), true)
  assert.deepEqual(await groups.listOwners(store.db, 't1', 'a'), ['o'])
  assert.equal(await groups.removeOwner(store.db, owner), true)
})

bothEngines('groups are changed by version and listed by name', async store => {
  await addTenant(store.db)
  for (const id of ['B', 'a', 'C']) await addGroup(store.db, id)
  assert.deepEqual((await groups.listGroups(store.db, { tenantId: 't1' })).map(group => group.id), ['a', 'B', 'C'])
  assert.deepEqual((await groups.listGroups(store.db, { tenantId: 't1', search: 'b' })).map(group => group.id), ['B'])
  assert.equal((await groups.updateGroup(store.db, 't1', 'a', { displayName: 'Ø' }, { expectedVersion: 1 }))?.displayNameLower, 'ø')
  assert.equal(await groups.updateGroup(store.db, 't1', 'a', { displayName: 'x' }, { expectedVersion: 1 }), undefined)
  assert.deepEqual((await groups.listGroups(store.db, { tenantId: 't1', after: { displayNameLower: 'b', id: 'B' } })).map(group => group.id), ['C', 'a'])
})
