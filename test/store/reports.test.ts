import assert from 'node:assert/strict'
import type { App } from '../../src/app.ts'
import { addPasswordEvent, lastPasswordEvent, listPasswordEvents } from '../../src/store/password-events.ts'
import * as signIns from '../../src/store/sign-ins.ts'
import { addUsageEvent, listUsageEvents } from '../../src/store/usage-events.ts'
import { bothEngines } from '../support/store.ts'
import type { TestStore } from '../support/store.ts'
import { addTenant, start } from './rows.ts'

const warnings: string[] = []
const appOn = (store: TestStore): App =>
  ({ db: store.db, log: { info() {}, warn: (event: string) => void warnings.push(event), error() {} } }) as unknown as App
const signIn = (at: number, more: Partial<signIns.NewSignIn> = {}): signIns.NewSignIn => ({
  tenantId: 't1', at, userId: 'ann', accountKey: 'k', accountHint: 'ann', kind: 'interactive', result: 'success', reasonCode: null,
  proofs: ['password', 'totp'], ipAddress: '192.0.2.1', userAgent: null, correlationId: `c${at}`, ...more,
})

bothEngines('sign-ins are written in batches, all of them by the time the log has stopped', async store => {
  await addTenant(store.db)
  const app = appOn(store)
  const log = signIns.startSignInLog(app)
  for (let n = 0; n < 450; n++) await signIns.addSignIn(app, signIn(start + n))
  await log.flush()
  assert.equal((await signIns.listSignIns(store.db, { tenantId: 't1', top: 999 })).length, 450)
  log.add(signIn(start + 450))
  await log.stop()
  assert.equal((await signIns.listSignIns(store.db, { tenantId: 't1', top: 999 })).length, 451)
  await signIns.addSignIn(app, signIn(start + 451)) // without a running log: at once
  assert.equal((await signIns.lastSignIn(store.db, 't1', 'ann'))?.at, start + 451)
})

bothEngines('sign-ins that could not be written wait for the next try', async store => {
  await addTenant(store.db)
  const app = appOn(store)
  let away = true
  const flaky = { ...app, get db() { return away ? ({ transaction: () => { throw new Error('away') } } as unknown as App['db']) : store.db } } as App
  const log = signIns.startSignInLog(flaky)
  log.add(signIn(start))
  await assert.rejects(log.flush(), /away/)
  away = false
  log.add(signIn(start + 1))
  await log.flush()
  assert.equal((await signIns.listSignIns(store.db, { tenantId: 't1' })).length, 2)
  await log.stop()
})

bothEngines('sign-ins are read in pages, the newest first, and filtered', async store => {
  await addTenant(store.db)
  const app = appOn(store)
  for (let n = 0; n < 5; n++) await signIns.addSignIn(app, signIn(start + n, n % 2 ? { userId: 'bo', result: 'failure' } : {}))
  const first = await signIns.listSignIns(store.db, { tenantId: 't1', top: 3 })
  assert.deepEqual(first.map(row => row.at - start), [4, 3, 2])
  assert.deepEqual(first[0]!.proofs, ['password', 'totp'])
  assert.deepEqual((await signIns.listSignIns(store.db, { tenantId: 't1', after: first.at(-1)! })).map(row => row.at - start), [1, 0])
  assert.deepEqual((await signIns.listSignIns(store.db, { tenantId: 't1', userId: 'bo', from: start + 2 })).map(row => row.at - start), [3])
  assert.deepEqual((await signIns.listSignIns(store.db, { tenantId: 't1', correlationId: `c${start + 2}`, to: start + 3 })).map(row => row.at - start), [2])
  assert.equal(await signIns.lastSignIn(store.db, 't1', 'bo'), undefined)
})

bothEngines('usage is listed by person, feature and page', async store => {
  await addTenant(store.db)
  const event = { tenantId: 't1', userId: 'ann', method: 'email', failureReason: null } as const
  await addUsageEvent(store.db, { ...event, at: start, feature: 'reset', status: 'success' })
  await addUsageEvent(store.db, { ...event, at: start + 1, feature: 'reset', status: 'success', userId: 'bo' })
  await addUsageEvent(store.db, { ...event, at: start + 2, feature: 'reset', status: 'failure', method: null, failureReason: 'LK_CODE_WRONG' })
  await addUsageEvent(store.db, { ...event, at: start + 9, feature: 'registration', status: 'success' })
  const list = await listUsageEvents(store.db, { tenantId: 't1', userId: 'ann', feature: 'reset' })
  assert.deepEqual(list.map(row => row.at - start), [2, 0])
  const rest = await listUsageEvents(store.db, { tenantId: 't1', after: list[0]!, to: start + 9 })
  assert.deepEqual(rest.map(row => row.at - start), [1, 0])
})

bothEngines('the newest password event of a person is the one that is told', async store => {
  await addTenant(store.db)
  const event = { tenantId: 't1', userId: 'ann', code: null, actorId: null } as const
  assert.equal(await lastPasswordEvent(store.db, 't1', 'ann'), null)
  await addPasswordEvent(store.db, { ...event, at: start + 1, channel: 'admin-portal', writeback: 'ok' })
  await addPasswordEvent(store.db, { ...event, at: start, channel: 'import', writeback: 'notNeeded' })
  await addPasswordEvent(store.db, { ...event, at: start + 2, userId: 'bo', channel: 'sspr-portal', writeback: 'ok' })
  assert.deepEqual(await lastPasswordEvent(store.db, 't1', 'ann'), { at: start + 1, channel: 'admin-portal', writeback: 'ok', code: null })
  assert.deepEqual((await listPasswordEvents(store.db, { tenantId: 't1', userId: 'ann' })).map(row => row.channel), ['admin-portal', 'import'])
})
