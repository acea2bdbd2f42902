import assert from 'node:assert/strict'
import { chmodSync, renameSync } from 'node:fs'
import test, { after, before } from 'node:test'
import { checkHealth, healthChecks } from '../../src/operator/health.ts'
import { makeApp, type TestApp } from '../support/make-app.ts'

let made: TestApp
before(async () => {
  made = await makeApp()
})
after(() => made.close())

const failing = async () => (await checkHealth(made.app, made.store)).filter(result => !result.ok).map(result => result.check)
const get = (url: string) => made.server.inject({ url, headers: { host: 'reset.contoso.example' } })

test('livez answers whoever asks', async () => {
  const answer = await get('/livez')
  assert.deepEqual([answer.statusCode, answer.body], [200, 'ok\n'])
})

test('readyz is ready, names nothing, and tells strangers nothing else', async () => {
  const answer = await get('/readyz')
  assert.equal(answer.statusCode, 200)
  assert.deepEqual(answer.json(), { status: 'ready', failing: [] })
})

test('all checks are made, in their order', async () => {
  assert.deepEqual((await checkHealth(made.app, made.store)).map(result => result.check), [...healthChecks])
})

test('a key file that is gone or open to others is named', async () => {
  const { keysFile } = made.app.config
  chmodSync(keysFile, 0o644)
  assert.deepEqual(await failing(), ['keys'])
  chmodSync(keysFile, 0o600)
  renameSync(keysFile, `${keysFile}.away`)
  assert.deepEqual(await failing(), ['keys'])
  renameSync(`${keysFile}.away`, keysFile)
  assert.deepEqual(await failing(), [])
})

test('a data folder that is gone is named', async () => {
  const app = { ...made.app, config: { ...made.app.config, dataDir: '/nowhere/at/all' } }
  assert.deepEqual((await checkHealth(app, made.store)).filter(result => !result.ok).map(result => result.check), ['disk'])
})

test('messages that nobody sends are named, those that are to go later or are too late are not', async () => {
  const { app, tenantId } = made
  const row = (id: string, availableAt: number, expiresAt: number) => ({
    tenantId, id, kind: 'mail', payloadSealed: '', recipientIndex: null, dedupeId: id, createdAt: availableAt, availableAt, expiresAt, leaseUntil: null, attempts: 0, lastError: null,
  })
  const now = app.now()
  await app.db.insertInto('outbox').values([row('later', now + 60_000, now + 120_000), row('late', now - 3_600_000, now - 1), row('just', now - 60_000, now + 60_000)]).execute()
  assert.deepEqual(await failing(), [])
  await app.db.insertInto('outbox').values(row('stuck', now - 6 * 60_000, now + 60_000)).execute()
  assert.deepEqual(await failing(), ['dispatcher'])
  await app.db.deleteFrom('outbox').execute()
})

test('a clock that jumped is named once and then followed', async () => {
  const { app, store } = made
  // Another process of the development mode moved the clock; this one has not looked yet.
  await app.db.insertInto('installation').values({ key: 'clockOffset', value: '90000000' }).onConflict(clash => clash.column('key').doUpdateSet({ value: '90000000' })).execute()
  assert.deepEqual(await failing(), ['clock'])
  assert.deepEqual(await failing(), [])
  await store.clock.advance(-90_000_000)
})

test('a migration that has not run is named', async () => {
  await made.app.db.deleteFrom('kysely_migration' as never).execute()
  assert.deepEqual(await failing(), ['migrations'])
})

test('a database that is away is named, with all that hangs on it, and readyz answers 503', async () => {
  const alone = await makeApp()
  try {
    await alone.store.db.destroy()
    const answer = await alone.server.inject({ url: '/readyz', headers: { host: 'reset.contoso.example' } })
    assert.equal(answer.statusCode, 503)
    assert.deepEqual(answer.json(), { status: 'notReady', failing: ['database', 'migrations', 'dispatcher', 'clock'] })
  } finally {
    await alone.close().catch(() => {})
  }
})
