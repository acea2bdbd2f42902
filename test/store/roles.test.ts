import assert from 'node:assert/strict'
import { addUnitMember, insertUnit, unitsOf } from '../../src/store/administrative-units.ts'
import { isUniqueViolation } from '../../src/store/errors.ts'
import { addMember, softDeleteGroup } from '../../src/store/groups.ts'
import * as roles from '../../src/store/roles.ts'
import { bothEngines } from '../support/store.ts'
import type { TestStore } from '../support/store.ts'
import { addGroup, addTenant, addUser, start } from './rows.ts'

let made = 0
const assign = (store: TestStore, roleDefinitionId: string, principalId: string, more: object = {}) =>
  roles.assignRole(store.db, {
    tenantId: 't1', id: `r${++made}`, roleDefinitionId, principalId, principalType: 'user', directoryScopeId: '/', state: 'active', createdAt: start, ...more,
  })

bothEngines('LD-08: roles count that are active or eligible, one’s own or through a role-assignable group, with their scope', async store => {
  await addTenant(store.db)
  await addUser(store.db, 'ann')
  await addGroup(store.db, 'admins', { isAssignableToRole: true })
  await addGroup(store.db, 'plain')
  for (const groupId of ['admins', 'plain']) await addMember(store.db, { tenantId: 't1', groupId, memberId: 'ann-id', memberType: 'user' })
  await insertUnit(store.db, { tenantId: 't1', id: 'vault', displayName: 'Vault', isMemberManagementRestricted: true })
  await assign(store, 'A', 'ann-id')
  await assign(store, 'B', 'ann-id', { state: 'eligible' })
  await assign(store, 'C', 'admins', { principalType: 'group' })
  await assign(store, 'D', 'plain', { principalType: 'group' })
  await assign(store, 'E', 'ann-id', { directoryScopeId: '/administrativeUnits/vault' })
  await assign(store, 'F', 'bo-id')
  assert.deepEqual(await roles.rolesOf(store.db, 't1', 'ann-id'), [
    { roleTemplateId: 'A', directoryScopeId: '/', eligible: false },
    { roleTemplateId: 'B', directoryScopeId: '/', eligible: true },
    { roleTemplateId: 'C', directoryScopeId: '/', eligible: false, viaGroupId: 'admins' },
    { roleTemplateId: 'E', directoryScopeId: '/administrativeUnits/vault', eligible: false, restrictedScope: true },
  ])
  await softDeleteGroup(store.db, 't1', 'admins', start)
  assert.deepEqual((await roles.rolesOf(store.db, 't1', 'ann-id')).map(role => role.roleTemplateId), ['A', 'B', 'E'])
})

bothEngines('a role is given once in a scope and state, listed and taken away', async store => {
  await addTenant(store.db)
  await assign(store, 'A', 'ann-id')
  await assert.rejects(assign(store, 'A', 'ann-id'), isUniqueViolation)
  await assign(store, 'A', 'ann-id', { state: 'eligible' })
  const list = await roles.listRoleAssignments(store.db, { tenantId: 't1', principalId: 'ann-id', state: 'active' })
  assert.equal(list.length, 1)
  assert.equal((await roles.removeRoleAssignment(store.db, 't1', list[0]!.id))?.roleDefinitionId, 'A')
  assert.equal(await roles.findRoleAssignment(store.db, 't1', list[0]!.id), undefined)
})

bothEngines('who holds a role for the whole tenant: directly or in a role-assignable group, active, not deleted', async store => {
  await addTenant(store.db)
  for (const name of ['ann', 'bo', 'cy', 'dee', 'eve']) await addUser(store.db, name)
  await addUser(store.db, 'gone', { deletedDateTime: start })
  await addGroup(store.db, 'admins', { isAssignableToRole: true })
  for (const memberId of ['bo-id', 'ann-id']) await addMember(store.db, { tenantId: 't1', groupId: 'admins', memberId, memberType: 'user' })
  await assign(store, 'GA', 'ann-id')
  await assign(store, 'GA', 'admins', { principalType: 'group' })
  await assign(store, 'GA', 'cy-id', { state: 'eligible' })
  await assign(store, 'GA', 'dee-id', { directoryScopeId: '/administrativeUnits/u' })
  await assign(store, 'GA', 'gone-id')
  assert.deepEqual(await roles.usersWithRole(store.db, 't1', 'GA'), ['ann-id', 'bo-id'])
})

bothEngines('the units of a user are told with whether they are restricted', async store => {
  await addTenant(store.db)
  for (const id of ['u1', 'u2']) await insertUnit(store.db, { tenantId: 't1', id, displayName: id, isMemberManagementRestricted: id === 'u2' })
  for (const unitId of ['u1', 'u2']) assert.equal(await addUnitMember(store.db, { tenantId: 't1', unitId, memberId: 'ann-id' }), true)
  assert.deepEqual(await unitsOf(store.db, 't1', 'ann-id'), [{ id: 'u1', restricted: false }, { id: 'u2', restricted: true }])
})
