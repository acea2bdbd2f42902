import assert from 'node:assert/strict'
import type { Db } from '../../src/app.ts'
import { addUnitMember, insertUnit } from '../../src/store/administrative-units.ts'
import { gatherSubject, gatherTenantFacts } from '../../src/store/facts.ts'
import { addMember, addOwner, softDeleteGroup } from '../../src/store/groups.ts'
import { assignLicence, saveSku } from '../../src/store/licences.ts'
import { addPasswordEvent } from '../../src/store/password-events.ts'
import { assignRole } from '../../src/store/roles.ts'
import { chunkSize, everySubject, listSubjects, subjectsOf } from '../../src/store/subjects.ts'
import type { Listed } from '../../src/store/subjects.ts'
import { softDeleteUser } from '../../src/store/users.ts'
import { bothEngines } from '../support/store.ts'
import { addGroup, addTenant, addUser, day, hour, start } from './rows.ts'

const all = async (found: AsyncIterable<Listed>): Promise<Listed[]> => {
  const listed: Listed[] = []
  for await (const one of found) listed.push(one)
  return listed
}
const tenant = (db: Db) => gatherTenantFacts(db, 't1')

/** A handful of people who differ in everything that facts are made of, and a stranger of another tenant with the same ids around. */
async function addDifferentPeople(db: Db): Promise<void> {
  const member = (groupId: string, memberId: string, memberType: 'user' | 'group' = 'user') => addMember(db, { tenantId: 't1', groupId, memberId, memberType })
  for (const name of ['ann', 'bo', 'cy', 'di', 'gone']) await addUser(db, name)
  await addUser(db, 'hy', {
    passwordPolicies: 'DisablePasswordExpiration', onPremisesSyncEnabled: true, onPremisesImmutableId: 'guid', userType: 'Guest', externalKind: 'b2bInvited',
    onPremisesAccount: JSON.stringify({ enabled: false, lockedOut: true, adminCount: 1 }), lastConfirmedAt: start - day, userPrincipalName: 'hy@elsewhere.example',
  })
  for (const [id, isAssignableToRole] of [['inner', false], ['outer', true], ['round', false], ['dead', true]] as const) await addGroup(db, id, { isAssignableToRole })
  await member('inner', 'ann-id')
  await member('inner', 'bo-id')
  await member('outer', 'inner', 'group')
  await member('round', 'outer', 'group')
  await member('inner', 'round', 'group') // a circle
  await member('dead', 'cy-id')
  await softDeleteGroup(db, 't1', 'dead', start)
  await addOwner(db, { tenantId: 't1', groupId: 'outer', ownerId: 'cy-id' })
  await insertUnit(db, { tenantId: 't1', id: 'north', displayName: 'North', isMemberManagementRestricted: true })
  await insertUnit(db, { tenantId: 't1', id: 'all', displayName: 'All', isMemberManagementRestricted: false })
  for (const unitId of ['north', 'all']) await addUnitMember(db, { tenantId: 't1', unitId, memberId: 'di-id' })
  const role = (id: string, principalId: string, more = {}) => assignRole(db, {
    tenantId: 't1', id, roleDefinitionId: `role-${id}`, principalId, principalType: 'user', directoryScopeId: '/', state: 'active', createdAt: start, ...more,
  })
  await role('b', 'ann-id')
  await role('a', 'ann-id', { state: 'eligible' })
  await role('c', 'outer', { principalType: 'group' })
  await role('d', 'inner', { principalType: 'group' }) // a group that confers nothing
  await role('e', 'di-id', { directoryScopeId: '/administrativeUnits/north' })
  for (const skuId of ['sku-1', 'sku-2']) await saveSku(db, { tenantId: 't1', skuId, skuPartNumber: skuId.toUpperCase(), enabledUnits: 5, capabilityStatus: 'Enabled', isTrial: false })
  await assignLicence(db, { tenantId: 't1', skuId: 'sku-2', principalId: 'bo-id', principalType: 'user', disabledPlans: ['plan'] })
  await assignLicence(db, { tenantId: 't1', skuId: 'sku-1', principalId: 'round', principalType: 'group' })
  const method = {
    tenantId: 't1', displayName: null, valueSealed: 'sealed', oathStepSeconds: null, lastStep: null, isDefault: false, lastUsedAt: null, verifiedAt: start,
    heldUntil: null, origin: 'self', createdDateTime: start,
  }
  await db.insertInto('authenticationMethods').values([
    { ...method, id: 'm2', userId: 'ann-id', kind: 'email', valueIndex: 'mail', createdDateTime: start + 1 },
    { ...method, id: 'm1', userId: 'ann-id', kind: 'mobile', valueIndex: 'phone', heldUntil: start + hour },
    { ...method, id: 'm3', userId: 'bo-id', kind: 'microsoftAuthenticator', valueIndex: null },
  ]).execute()
  await db.insertInto('userContacts').values({
    tenantId: 't1', id: 'c1', userId: 'cy-id', kind: 'otherMail', position: 0, valueSealed: 's', valueIndex: 'i', wellFormed: false, origin: 'import', updatedAt: start,
  }).execute()
  const answer = { tenantId: 't1', questionText: null, answerHash: 'h', createdDateTime: start }
  await db.insertInto('securityAnswers').values(['sq.1', 'sq.2'].map(questionId => ({ ...answer, userId: 'ann-id', questionId }))).execute()
  await db.insertInto('passwords').values({
    tenantId: 't1', userId: 'bo-id', hash: null, changedAt: start - day, forceChangePasswordNextSignIn: true, forceChangePasswordNextSignInWithMfa: false,
    temporaryUntil: start + day, temporaryUsedAt: null, channel: 'admin-portal', lengthAtLeast15: true,
  }).execute()
  const event = { tenantId: 't1', code: null, actorId: null } as const
  await addPasswordEvent(db, { ...event, userId: 'bo-id', at: start - day, channel: 'sspr-portal', writeback: 'ok' })
  await addPasswordEvent(db, { ...event, userId: 'bo-id', at: start, channel: 'graph-reset', writeback: 'failed', code: 'SSPR_0029' })
  await addPasswordEvent(db, { ...event, userId: 'ann-id', at: start, channel: 'import', writeback: 'notNeeded' })
  const signIn = { tenantId: 't1', userId: 'cy-id', accountKey: 'k', accountHint: 'cy', kind: 'interactive', reasonCode: null, proofs: '[]', ipAddress: null, userAgent: null, correlationId: 'c' }
  await db.insertInto('signIns').values([{ ...signIn, id: '1', at: start - 3, result: 'success' }, { ...signIn, id: '2', at: start - 1, result: 'failure' }]).execute()
  await softDeleteUser(db, 't1', 'gone-id', start)
  await addTenant(db, 't2')
  await addUser(db, 'zoe', { tenantId: 't2' })
}

bothEngines('everybody’s facts are those that are gathered for each alone', async store => {
  await addTenant(store.db)
  await addDifferentPeople(store.db)
  const facts = await tenant(store.db)
  const listed = await all(everySubject(store.db, facts, start))
  assert.deepEqual(listed.map(one => one.subject.displayName), ['ann', 'bo', 'cy', 'di', 'hy'], 'nobody deleted, nobody of another tenant')
  for (const { subject } of listed) assert.deepEqual(subject, await gatherSubject(store.db, facts, subject.id, start))
  // So that the comparison means something:
  const [ann, bo, cy, di] = listed.map(one => one.subject)
  assert.deepEqual([ann!.roles.length, ann!.memberOf.length, ann!.methods.length, ann!.licences.length], [3, 3, 3, 1])
  assert.deepEqual([bo!.licences.length, bo!.lastPasswordEvent?.code, bo!.forceChangePasswordNextSignIn], [2, 'SSPR_0029', true])
  assert.deepEqual([cy!.roleAssignableGroupOwner, cy!.memberOf, cy!.lastSignInAt], [true, [], start - 3])
  assert.deepEqual([di!.administrativeUnits.length, di!.roles[0]!.restrictedScope], [2, true])
})

bothEngines('some people’s facts are found by their ids, a deleted person’s too and nobody’s not', async store => {
  await addTenant(store.db)
  await addDifferentPeople(store.db)
  const facts = await tenant(store.db)
  const found = await subjectsOf(store.db, facts, ['bo-id', 'none', 'gone-id', 'zoe-id'], start)
  assert.deepEqual([...found.keys()].toSorted(), ['bo-id', 'gone-id'])
  assert.equal(found.get('gone-id')?.deleted, true)
  assert.deepEqual(found.get('bo-id'), await gatherSubject(store.db, facts, 'bo-id', start))
  assert.equal((await subjectsOf(store.db, facts, [], start)).size, 0)
})

bothEngines('a page goes on where the last one ended, also among people of one name', async store => {
  await addTenant(store.db)
  for (let n = 0; n < 7; n++) await addUser(store.db, `u${n}`, { displayName: 'Same Name' })
  const facts = await tenant(store.db)
  const first = await listSubjects(store.db, facts, start, { top: 3 })
  const rest = await listSubjects(store.db, facts, start, { after: first.at(-1)!.place })
  assert.deepEqual([...first, ...rest].map(one => one.subject.id), Array.from({ length: 7 }, (_, n) => `u${n}-id`))
  assert.deepEqual((await all(everySubject(store.db, facts, start, first.at(-1)!.place))).map(one => one.subject.id), rest.map(one => one.subject.id))
})

bothEngines('a chunk costs as many statements for a hundred people as for one, and others get their turn between chunks', async store => {
  await addTenant(store.db)
  const people = 2 * chunkSize + 1
  const names = Array.from({ length: people }, (_, n) => `u${String(n).padStart(4, '0')}`)
  await store.db.insertInto('users').values(names.map(name => ({
    tenantId: 't1', id: name, userPrincipalName: `${name}@t1.example`, upnLower: `${name}@t1.example`, displayName: name, displayNameLower: name, proxyAddresses: '[]',
    accountEnabled: true, userType: 'Member', onPremisesSyncEnabled: false, perUserMfaState: 'disabled', credentialEpoch: 1, signInSessionsValidFromDateTime: start,
    createdDateTime: start, version: 1,
  }))).execute()
  const texts: string[] = []
  const facts = await tenant(store.db)
  const counted = store.db.withPlugin({
    transformQuery: ({ node }) => {
      texts.push(node.kind)
      return node
    },
    transformResult: async ({ result }) => result,
  })
  let turns = 0
  let done = false
  const spin = (): void => {
    turns++
    if (!done) setImmediate(spin)
  }
  setImmediate(spin)
  const listed = await all(everySubject(counted, facts, start))
  done = true
  assert.equal(listed.length, people)
  assert.equal(texts.length % 3, 0, 'three chunks, the last of one person')
  assert.ok(texts.length / 3 <= 15, `${texts.length / 3} statements for a chunk`)
  assert.ok(turns >= 2, `${turns} turns for others`)
})
