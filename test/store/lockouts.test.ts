import assert from 'node:assert/strict'
import * as lockouts from '../../src/store/lockouts.ts'
import { bothEngines } from '../support/store.ts'
import type { TestStore } from '../support/store.ts'
import { addTenant, day, minute, start } from './rows.ts'

const values = { lockoutThreshold: 3, lockoutDurationInSeconds: 60 }
const account = { tenantId: 't1', accountKey: 'ann', place: 'unfamiliar' } as const
const guess = (store: TestStore, badHash: string, now = start, place: lockouts.Place = 'unfamiliar') =>
  lockouts.reserveSignIn(store.db, { ...account, place, now, badHash, values })

bothEngines('T-04: of many different guesses at once no more than the threshold are compared', async store => {
  await addTenant(store.db)
  const tries = await Promise.all(Array.from({ length: 40 }, (_, n) => guess(store, `bad ${n}`)))
  assert.equal(tries.filter(one => one.served).length, 3)
  assert.deepEqual(await guess(store, 'later', start + minute - 1), { served: false, until: start + minute })
  assert.deepEqual(await guess(store, 'later', start + minute), { served: true })
})

bothEngines('T-04: where one failure locks, one guess is compared and of many at once no second', async store => {
  await addTenant(store.db)
  const once = { ...account, now: start, values: { ...values, lockoutThreshold: 1 } }
  const tries = await Promise.all(['1', '2', '3'].map(badHash => lockouts.reserveSignIn(store.db, { ...once, badHash })))
  assert.deepEqual(tries.filter(one => !one.served), [1, 2].map(() => ({ served: false, until: start + minute })))
  const { failures, lockCount, lockedUntil, lastFailureAt, lastBad } = await lockouts.readLockout(store.db, account)
  assert.deepEqual([failures, lockCount, lockedUntil, lastFailureAt, lastBad.length], [0, 1, start + minute, start, 1])
})

bothEngines('the same wrong password again is looked at and not counted', async store => {
  await addTenant(store.db)
  for (let n = 0; n < 10; n++) assert.equal((await guess(store, 'old password')).served, true)
  assert.equal((await lockouts.readLockout(store.db, account)).failures, 1)
})

bothEngines('a right password takes the count back; the other kind of place keeps its own', async store => {
  await addTenant(store.db)
  for (const bad of ['1', '2', '3']) await guess(store, bad)
  assert.equal((await guess(store, 'mine', start, 'familiar')).served, true, 'T-22: a stranger does not lock a familiar place')
  await lockouts.forgiveSignIn(store.db, { ...account, place: 'familiar' })
  assert.equal((await lockouts.readLockout(store.db, { ...account, place: 'familiar' })).failures, 0)
  assert.equal((await guess(store, '4')).served, false)
  await lockouts.clearLockouts(store.db, 't1', ['ann', 'ann@mail'])
  assert.equal((await guess(store, '4')).served, true)
})

bothEngines('T-22: a place is familiar for thirty days after the last sign-in from it, to that account', async store => {
  await addTenant(store.db)
  const place = { tenantId: 't1', accountKey: 'ann', kind: 'network', placeMac: 'net' } as const
  const known = (now: number, placeMacs: string[], accountKey: string) => lockouts.familiarPlaces(store.db, { tenantId: 't1', accountKey, placeMacs, now })
  const familiar = async (now: number, placeMacs: string[] = ['net', 'device'], accountKey = 'ann') => (await known(now, placeMacs, accountKey)).size > 0
  assert.equal(await familiar(start), false)
  await lockouts.rememberPlace(store.db, place, start - day)
  await lockouts.rememberPlace(store.db, place, start)
  assert.deepEqual([...await known(start + 1, ['other', 'net'], 'ann')], [['net', start]])
  assert.equal(await familiar(start + 30 * day - 1), true)
  assert.equal(await familiar(start + 30 * day), false)
  assert.equal(await familiar(start, ['device']), false)
  assert.equal(await familiar(start, []), false)
  assert.equal(await familiar(start, ['net'], 'bo'), false)
})
