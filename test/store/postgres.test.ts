import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { isUnavailable } from '../../src/store/errors.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openStore } from '../../src/store/open.ts'
import { databaseRights } from '../../src/store/postgres-guards.ts'
import { asSuperuser, ownerRole, privateCluster, serverRole } from '../support/postgres.ts'
import { openTestStore } from '../support/store.ts'
import { addTenant, addUser, start } from './rows.ts'
import { appendAudit } from '../../src/store/audit.ts'
import { checkpointAudit } from '../../src/store/audit-chain.ts'

test('R-04: while PostgreSQL is away every answer is "unavailable"; when it is back, the same store works again', { timeout: 120_000 }, async () => {
  const cluster = await privateCluster()
  await asSuperuser(cluster.port, 'postgres', client => client.query(`create database store owner ${ownerRole}`))
  const owner = await openStore({ databaseUrl: cluster.url('store', ownerRole), owner: true })
  await migrate(owner, { serveRole: serverRole })
  await owner.close()
  const store = await openStore({ databaseUrl: cluster.url('store') })
  await addTenant(store.db)
  const read = () => store.db.selectFrom('tenants').select('id').execute()
  assert.deepEqual(await read(), [{ id: 't1' }])

  // One transaction is caught in the middle.
  const caught = store.db.transaction().execute(async trx => {
    await trx.updateTable('tenants').set({ displayName: 'half' }).execute()
    await cluster.stop()
    await trx.updateTable('tenants').set({ suspendedAt: start }).execute()
  })
  await assert.rejects(caught, isUnavailable)
  for (let i = 0; i < 12; i++) await assert.rejects(read(), isUnavailable) // more often than there are connections
  await assert.rejects(openStore({ databaseUrl: cluster.url('store') }), isUnavailable)

  const woken = store.wake.waitFor('letters', 10_000)
  await cluster.start()
  assert.deepEqual(await read(), [{ id: 't1' }])
  const { rows } = await sql<{ displayName: string }>`select display_name from tenants`.execute(store.db)
  assert.equal(rows[0]!.displayName, 't1')
  // The listener comes back by itself: those who waited look again, and the next word arrives.
  assert.equal(await woken, undefined)
  const again = store.wake.waitFor('letters', 10_000)
  await store.wake.wake(store.db, 'letters', 'back')
  assert.equal(await again, 'back')
  await store.close()
  await cluster.remove()
})

test('R-04: a server that falls silent is given up on, and the same store works when it speaks again', { timeout: 120_000 }, async () => {
  const cluster = await privateCluster()
  const store = await openStore({ databaseUrl: cluster.url('postgres'), statementTimeout: 300, connections: 3 })
  const ask = () => sql`select ${1}::int as one`.execute(store.db)
  const asleep = store.db.transaction().execute(async trx => {
    await sql`select ${2}::int`.execute(trx)
    cluster.freeze()
    await sql`select ${3}::int`.execute(trx)
  })
  await assert.rejects(asleep, isUnavailable)
  await assert.rejects(ask(), isUnavailable)
  cluster.thaw()
  await ask()
  await store.close()
  await cluster.remove()
})

test('LD-38: what the server’s user may do beyond its work can be asked', async () => {
  const store = await openTestStore('postgres')
  assert.deepEqual({ ...(await databaseRights(store.db)) }, { bypassesRowSecurity: false, ownsTables: false })
  const owner = await openStore(store.ownerOptions)
  assert.deepEqual({ ...(await databaseRights(owner.db)) }, { bypassesRowSecurity: false, ownsTables: true })
  await owner.close()
  const superuser = await openStore({ databaseUrl: store.options.databaseUrl!.replace(serverRole, 'postgres') })
  assert.deepEqual({ ...(await databaseRights(superuser.db)) }, { bypassesRowSecurity: true, ownsTables: true })
  await superuser.close()
  await store.close()
})

test('a statement that takes too long is ended and counts as unavailable', async () => {
  const store = await openTestStore('postgres')
  const impatient = await openStore({ ...store.options, statementTimeout: 100 })
  await assert.rejects(sql`select pg_sleep(30)`.execute(impatient.db), isUnavailable)
  await impatient.close()
  await store.close()
})

test('LD-38: a connection narrowed to a tenant sees and writes that tenant, whatever the statement says', async () => {
  const store = await openTestStore('postgres')
  await addTenant(store.db, 't1')
  await addTenant(store.db, 't2')
  await addUser(store.db, 'ann', { tenantId: 't1' })
  await addUser(store.db, 'bo', { tenantId: 't2' })
  const names = async (db: typeof store.db) => (await db.selectFrom('users').select('displayName').orderBy('displayName').execute()).map(row => row.displayName)
  assert.deepEqual(await names(store.forTenant('t1')), ['ann'])
  assert.deepEqual(await names(store.forTenant('t2')), ['bo'])
  assert.deepEqual(await names(store.db), ['ann', 'bo'])
  assert.deepEqual(await names(store.forTenant('t3')), [])
  await store.forTenant('t1').updateTable('users').set({ displayName: 'changed' }).execute()
  assert.deepEqual(await names(store.db), ['bo', 'changed'])
  await assert.rejects(store.forTenant('t1').insertInto('limits').values({ tenantId: 't2', key: 'a', points: '[]', lockedUntil: null, expiresAt: 0, version: 1 }).execute(), /row-level security/)
  await assert.rejects(async () => store.forTenant('*'), /one tenant/)

  // Many at once over the same few connections: nobody gets another's.
  const mixed = await Promise.all(Array.from({ length: 60 }, async (_, n) => [n % 2, await names(store.forTenant(n % 2 ? 't2' : 't1'))] as const))
  for (const [which, seen] of mixed) assert.deepEqual(seen, [which ? 'bo' : 'changed'])
  await store.close()
})

test('LD-38: every table with a tenant is guarded, for the owner too, and a connection that was told nothing sees nothing', async () => {
  const store = await openTestStore('postgres')
  const { rows } = await sql<{ name: string }>`
    select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relkind = 'r' and not (c.relrowsecurity and c.relforcerowsecurity) order by 1`.execute(store.db)
  assert.deepEqual(rows.map(row => row.name), ['installation', 'kysely_migration', 'kysely_migration_lock', 'nodes'])
  await addTenant(store.db)
  const owner = await openStore(store.ownerOptions)
  assert.deepEqual(await owner.forTenant('t2').selectFrom('tenants').select('id').execute(), [])
  await owner.db.connection().execute(async one => {
    await sql`reset latchkey.tenant`.execute(one)
    assert.deepEqual(await one.selectFrom('tenants').select('id').execute(), [])
  })
  await owner.close()
  await store.close()
})

test('LD-38: the server’s role can neither change tables nor rewrite the audit log', async () => {
  const store = await openTestStore('postgres')
  await addTenant(store.db)
  const entry = {
    tenantId: 't1', at: start, service: 'Core Directory', category: 'UserManagement', activity: 'Add user', result: 'success',
    correlationId: 'c', initiatedBy: { app: 'test' }, targets: [],
  } as const
  await store.db.transaction().execute(trx => appendAudit(trx, entry))
  await checkpointAudit(store.db, { tenantId: 't1', now: start, keys: { mac: () => 'signature', macMatches: () => true } })
  const forbidden = [
    'create table loot (a text)', 'drop table users', 'alter table users add column loot text', 'alter table audit disable trigger all',
    'alter table users disable row level security', 'create role thief', 'set role latchkey_owner', `update audit set activity = 'nothing'`, 'delete from audit', 'truncate audit',
    `update audit_checkpoints set hash = ''`, 'delete from audit_checkpoints', 'delete from audit_heads', 'delete from kysely_migration',
  ]
  for (const statement of forbidden) {
    await assert.rejects(sql.raw(statement).execute(store.db), { code: '42501' }, statement)
  }
  await store.close()
})

test('values of statements go as parameters under a name, so that the server plans them once', async () => {
  const store = await openTestStore('postgres')
  const one = await openStore({ ...store.options, connections: 1 })
  for (const id of ['a', 'b', 'c']) await one.db.selectFrom('tenants').select('displayName').where('id', '=', id).execute()
  const { rows } = await sql<{ statement: string }>`select statement from pg_prepared_statements where statement like '%"display_name" from "tenants"%'`.execute(one.db)
  assert.equal(rows.length, 1)
  await one.close()
  await store.close()
})

test('a pool narrows each connection again after another tenant had it', async () => {
  const store = await openTestStore('postgres')
  await addTenant(store.db, 't1')
  await addTenant(store.db, 't2')
  const one = await openStore({ ...store.options, connections: 1 })
  for (let i = 0; i < 3; i++) {
    for (const tenantId of ['t1', 't2']) assert.deepEqual(await one.forTenant(tenantId).selectFrom('tenants').select('id').execute(), [{ id: tenantId }])
    assert.equal((await one.db.selectFrom('tenants').select('id').execute()).length, 2)
  }
  await one.close()
  await store.close()
})
