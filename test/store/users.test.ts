import assert from 'node:assert/strict'
import type { Db } from '../../src/app.ts'
import { isUniqueViolation } from '../../src/store/errors.ts'
import { writePolicy } from '../../src/store/policies.ts'
import { defaultTenantSettings } from '../../src/rules/tenant-settings.ts'
import * as users from '../../src/store/users.ts'
import { bothEngines } from '../support/store.ts'
import type { TestStore } from '../support/store.ts'
import { addTenant, addUser, start } from './rows.ts'

const change = (store: TestStore, id: string, changes: users.UserChanges, options?: { expectedVersion?: number }) =>
  store.db.transaction().execute(trx => users.updateUser(trx, 't1', id, changes, options))

bothEngines('a user is found by the principal name however it is spelled, in the own tenant only', async store => {
  await addTenant(store.db)
  await addTenant(store.db, 't2')
  await addUser(store.db, 'ann', { userPrincipalName: 'Ann.Ærø@t1.example' })
  for (const typed of ['ann.ærø@t1.example', ' ANN.ÆRØ@T1.EXAMPLE ', 'Ａnn.Ærø@t1.example']) {
    assert.equal((await users.findUserByName(store.db, 't1', typed))?.id, 'ann-id', typed)
  }
  assert.equal(await users.findUserByName(store.db, 't2', 'ann.ærø@t1.example'), undefined)
  assert.equal(await users.findUserByName(store.db, 't1', 'ann.aro@t1.example'), undefined)
})

bothEngines('a mail address finds its user only where the tenant allows signing in with it', async store => {
  await addTenant(store.db)
  await addUser(store.db, 'ann', { mail: 'ann@mail.example', proxyAddresses: ['smtp:old@mail.example'] })
  assert.equal(await users.findUserByName(store.db, 't1', 'ann@mail.example'), undefined)
  assert.equal((await users.resolveName(store.db, 't1', 'ann@mail.example'))?.foundBy, 'mail')
  await writePolicy(store.db, { tenantId: 't1', name: 'tenantSettings', value: { ...defaultTenantSettings, alternateSignInWithMail: true }, by: null, at: start })
  assert.equal((await users.findUserByName(store.db, 't1', 'Ann@mail.example'))?.id, 'ann-id')
  assert.equal(await users.findUserByName(store.db, 't1', 'old@mail.example'), undefined)
})

const names = [
  { kind: 'a principal name', user: { userPrincipalName: 'Clash@t1.example' } },
  { kind: 'a mail address', user: { mail: 'clash@T1.example' } },
  { kind: 'a proxy address', user: { proxyAddresses: ['SMTP:CLASH@t1.example'] } },
]

for (const first of names) {
  for (const second of names) {
    bothEngines(`T-23: ${first.kind} that is somebody’s ${second.kind.replace('a ', '')} cannot be taken, on creating or changing`, async store => {
      await addTenant(store.db)
      await addTenant(store.db, 't2')
      await addUser(store.db, 'ann', second.user)
      await assert.rejects(addUser(store.db, 'bo', first.user), isUniqueViolation)
      await addUser(store.db, 'bo')
      await assert.rejects(change(store, 'bo-id', first.user), isUniqueViolation)
      assert.equal((await users.findUser(store.db, 't1', 'bo-id'))?.userPrincipalName, 'bo@t1.example')
      await addUser(store.db, 'cy', { tenantId: 't2', ...first.user }) // another tenant has its own names
    })
  }
}

bothEngines('a person’s own names may coincide', async store => {
  await addTenant(store.db)
  await addUser(store.db, 'ann', { mail: 'ann@t1.example', proxyAddresses: ['SMTP:ann@t1.example', 'smtp:a@t1.example'] })
  assert.equal((await users.resolveName(store.db, 't1', 'ann@t1.example'))?.foundBy, 'userPrincipalName')
  assert.deepEqual((await users.findUser(store.db, 't1', 'ann-id'))?.proxyAddresses, ['SMTP:ann@t1.example', 'smtp:a@t1.example'])
})

bothEngines('a new name is found, the former is free, and the version moves on', async store => {
  await addTenant(store.db)
  await addUser(store.db, 'ann')
  const changed = await change(store, 'ann-id', { userPrincipalName: 'anna@t1.example', displayName: 'Anna', mail: 'anna@m.example' })
  assert.deepEqual([changed?.version, changed?.upnLower, changed?.displayNameLower, changed?.mailLower], [2, 'anna@t1.example', 'anna', 'anna@m.example'])
  assert.equal((await users.findUserByName(store.db, 't1', 'anna@t1.example'))?.id, 'ann-id')
  await addUser(store.db, 'second', { userPrincipalName: 'ann@t1.example' })
  assert.equal(await change(store, 'ann-id', { department: 'x' }, { expectedVersion: 1 }), undefined)
  assert.equal((await change(store, 'ann-id', { department: 'x', mail: null }, { expectedVersion: 2 }))?.mailLower, null)
  assert.equal(await users.resolveName(store.db, 't1', 'anna@m.example'), undefined)
})

bothEngines('a deleted user is found by nobody, frees the names, and comes back unless they are taken', async store => {
  await addTenant(store.db)
  await addUser(store.db, 'ann', { mail: 'ann@m.example' })
  const inTrx = <T>(work: (trx: Db) => Promise<T>) => store.db.transaction().execute(work)
  assert.equal(await inTrx(trx => users.softDeleteUser(trx, 't1', 'ann-id', start)), true)
  assert.equal(await inTrx(trx => users.softDeleteUser(trx, 't1', 'ann-id', start)), false)
  assert.equal(await users.findUser(store.db, 't1', 'ann-id'), undefined)
  assert.equal(await users.findUserByName(store.db, 't1', 'ann@t1.example'), undefined)
  assert.deepEqual((await users.listUsers(store.db, { tenantId: 't1', deleted: true })).map(user => user.id), ['ann-id'])
  await addUser(store.db, 'other', { mail: 'ann@m.example' })
  await assert.rejects(inTrx(trx => users.restoreUser(trx, 't1', 'ann-id')), isUniqueViolation)
  await change(store, 'other-id', { mail: null })
  assert.equal((await inTrx(trx => users.restoreUser(trx, 't1', 'ann-id')))?.deletedDateTime, null)
  assert.equal((await users.findUserByName(store.db, 't1', 'ann@t1.example'))?.id, 'ann-id')
  assert.equal(await inTrx(trx => users.deleteUserForGood(trx, 't1', 'ann-id')), false, 'only from the deleted items')
  await inTrx(trx => users.softDeleteUser(trx, 't1', 'ann-id', start))
  assert.equal(await inTrx(trx => users.deleteUserForGood(trx, 't1', 'ann-id')), true)
})

bothEngines('users are listed in pages by display name, byte by byte the same on both engines', async store => {
  await addTenant(store.db)
  const list = ['Zoë', 'anna', 'Anna', 'Ærø', 'Øst', 'Āris', 'bo', 'b-2', 'b_3', '😀', 'Ängs', '李']
  for (const [n, displayName] of list.entries()) await addUser(store.db, `u${n}`, { displayName })
  const seen: string[] = []
  let after: { displayNameLower: string; id: string } | undefined
  for (;;) {
    const page = await users.listUsers(store.db, { tenantId: 't1', top: 5, after })
    seen.push(...page.map(user => user.displayName))
    if (page.length < 5) break
    after = page.at(-1)!
  }
  assert.deepEqual(seen, ['anna', 'Anna', 'b-2', 'b_3', 'bo', 'Zoë', 'Ängs', 'Ærø', 'Øst', 'Āris', '李', '😀'])
})

bothEngines('the search looks at the beginning of name, principal name and mail; filters narrow it', async store => {
  await addTenant(store.db)
  await addUser(store.db, 'ann', { displayName: 'Xenia', mail: 'm@x.example', accountEnabled: false })
  await addUser(store.db, 'xaver', { displayName: 'Bo' })
  await addUser(store.db, 'cy', { displayName: 'Cy', mail: 'x100%_@x.example', userType: 'Guest' })
  await addUser(store.db, 'dee', { displayName: 'Dee x' })
  const ids = async (page: Omit<users.UserPage, 'tenantId'>) => (await users.listUsers(store.db, { tenantId: 't1', ...page })).map(user => user.id)
  assert.deepEqual(await ids({ search: 'X' }), ['xaver-id', 'cy-id', 'ann-id'])
  assert.deepEqual(await ids({ search: '%' }), [])
  assert.deepEqual(await ids({ search: 'x', filter: { accountEnabled: true } }), ['xaver-id', 'cy-id'])
  assert.deepEqual(await ids({ filter: { userType: 'Guest' } }), ['cy-id'])
  assert.deepEqual(await ids({ filter: { ids: ['dee-id', 'cy-id', 'nobody'] } }), ['cy-id', 'dee-id'])
  assert.deepEqual(await ids({ filter: { ids: [] } }), [])
  assert.deepEqual(await ids({ filter: { displayNamePrefix: 'de', userPrincipalName: 'DEE@t1.example' } }), ['dee-id'])
  assert.equal(await users.countUsers(store.db, 't1'), 4)
})

bothEngines('a page is never larger than 999, whatever is asked for', async store => {
  await addTenant(store.db)
  for (const top of [1e9, -1, 0, 2.7, Number.MAX_SAFE_INTEGER]) await users.listUsers(store.db, { tenantId: 't1', top })
  await addUser(store.db, 'ann')
  await addUser(store.db, 'bo')
  assert.equal((await users.listUsers(store.db, { tenantId: 't1', top: -1 })).length, 1)
})

bothEngines('T-19: the epoch moves by one each time and says since when sessions are valid', async store => {
  await addTenant(store.db)
  await addUser(store.db, 'ann')
  assert.equal(await users.bumpCredentialEpoch(store.db, 't1', 'ann-id', start + 5), 2)
  assert.equal(await users.bumpCredentialEpoch(store.db, 't1', 'nobody', start), undefined)
  assert.equal((await users.findUser(store.db, 't1', 'ann-id'))?.signInSessionsValidFromDateTime, start + 5)
})
