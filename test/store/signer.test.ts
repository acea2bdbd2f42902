import assert from 'node:assert/strict'
import { defaultTenantSettings } from '../../src/rules/tenant-settings.ts'
import { rememberPlace } from '../../src/store/lockouts.ts'
import { findPassword, savePassword } from '../../src/store/passwords.ts'
import { writePolicy } from '../../src/store/policies.ts'
import { readSigner } from '../../src/store/signer.ts'
import { findUser, softDeleteUser } from '../../src/store/users.ts'
import { bothEngines } from '../support/store.ts'
import type { TestStore } from '../support/store.ts'
import { addTenant, addUser, day, start } from './rows.ts'

const read = (store: TestStore, typedName: string) =>
  readSigner(store.db, { tenantId: 't1', typedName, accountKey: 'ann', placeMacs: ['net', 'device'], now: start })

const password = {
  tenantId: 't1', userId: 'ann-id', hash: 'h', changedAt: start, forceChangePasswordNextSignIn: true, forceChangePasswordNextSignInWithMfa: false,
  temporaryUntil: start + day, temporaryUsedAt: null, channel: 'import', lengthAtLeast15: false,
}

bothEngines('whoever signs in is read with password and places as they are elsewhere', async store => {
  await addTenant(store.db)
  await addUser(store.db, 'ann')
  await savePassword(store.db, password)
  await rememberPlace(store.db, { tenantId: 't1', accountKey: 'ann', kind: 'device', placeMac: 'device' }, start - day)
  await rememberPlace(store.db, { tenantId: 't1', accountKey: 'ann', kind: 'network', placeMac: 'net' }, start - 31 * day)
  const signer = await read(store, ' ANN@t1.example ')
  assert.deepEqual(signer.user, await findUser(store.db, 't1', 'ann-id'))
  assert.deepEqual(signer.password, await findPassword(store.db, 't1', 'ann-id'))
  assert.deepEqual([...signer.familiarPlaces], [['device', start - day]])
  assert.deepEqual(signer.policies.tenantSettings, defaultTenantSettings)
})

bothEngines('a name nobody has, a deleted person’s and one without a password have what there is', async store => {
  await addTenant(store.db)
  await addUser(store.db, 'ann')
  const nobody = await read(store, 'nobody@t1.example')
  assert.deepEqual([nobody.user, nobody.password, nobody.familiarPlaces.size], [undefined, undefined, 0])
  assert.deepEqual(nobody.policies.tenantSettings, defaultTenantSettings)
  const bare = await read(store, 'ann@t1.example')
  assert.deepEqual([bare.user?.id, bare.password], ['ann-id', undefined])
  await savePassword(store.db, password)
  await store.db.transaction().execute(trx => softDeleteUser(trx, 't1', 'ann-id', start))
  assert.equal((await read(store, 'ann@t1.example')).user, undefined)
})

bothEngines('a mail address signs in only where the tenant says so', async store => {
  await addTenant(store.db)
  await addUser(store.db, 'ann', { mail: 'ann@home.example' })
  await savePassword(store.db, password)
  const closed = await read(store, 'ann@home.example')
  assert.deepEqual([closed.user, closed.password], [undefined, undefined])
  const value = { ...defaultTenantSettings, alternateSignInWithMail: true }
  await writePolicy(store.db, { tenantId: 't1', name: 'tenantSettings', value, by: null, at: start })
  assert.equal((await read(store, 'ann@home.example')).user?.id, 'ann-id')
})
