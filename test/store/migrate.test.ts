import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sql } from 'kysely'
import { columns } from '../../src/store/columns.ts'
import { migrate, NewerTables, pendingMigrations, refuseNewerTables } from '../../src/store/migrate.ts'
import { openStore } from '../../src/store/open.ts'
import type { StoreOptions } from '../../src/store/open.ts'
import { asSuperuser, ownerRole, sharedCluster } from '../support/postgres.ts'
import { runOther } from '../support/processes.ts'
import { bothEngines, engines } from '../support/store.ts'
import type { Engine } from '../support/store.ts'

/** Every migration there is, oldest first. */
const all = readdirSync('src/store/migrations').filter(name => /^\d{4}-/.test(name)).map(name => name.replace('.ts', '')).toSorted()

async function emptyDatabase(engine: Engine): Promise<{ options: StoreOptions; remove(): Promise<void> }> {
  if (engine === 'sqlite') {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-migrate-'))
    return { options: { file: join(folder, 'new.db') }, remove: async () => rmSync(folder, { recursive: true }) }
  }
  const { port, url } = await sharedCluster()
  const name = `m_${randomBytes(6).toString('hex')}`
  await asSuperuser(port, 'postgres', client => client.query(`create database ${name} owner ${ownerRole}`))
  const drop = async () => void (await asSuperuser(port, 'postgres', client => client.query(`drop database ${name} with (force)`)))
  return { options: { databaseUrl: url(name, ownerRole), owner: true }, remove: drop }
}

for (const engine of engines) {
  test(`three processes that migrate a new database at once: it is done once, and none fails (${engine})`, async () => {
    const { options, remove } = await emptyDatabase(engine)
    const three = [1, 2, 3].map(() => runOther('test/store/racer.ts', 'migrate', JSON.stringify(options)))
    for (const one of three) assert.equal(await one.line(), 'ready')
    for (const one of three) one.say('go')
    const done = await Promise.all(three.map(async one => JSON.parse((await one.rest()).at(-1)!) as string[]))
    assert.deepEqual(done.filter(names => names.length > 0), [all])
    await remove()
  })

  test(`what has not run is known before and gone after, and a second run does nothing (${engine})`, async () => {
    const { options, remove } = await emptyDatabase(engine)
    const store = await openStore(options)
    assert.deepEqual(await pendingMigrations(store), all)
    assert.deepEqual(await migrate(store), all)
    assert.deepEqual(await pendingMigrations(store), [])
    assert.deepEqual(await migrate(store), [])
    await store.close()
    await remove()
  })
}

bothEngines('tables that a newer version has migrated are refused, named by its newest migration, and nothing is done to them (T-82)', async ({ ownerOptions }) => {
  const store = await openStore(ownerOptions)
  try {
    await refuseNewerTables(store)
    for (const name of ['9998-newer-tables', '9999-newest-tables']) {
      await sql`insert into kysely_migration (name, timestamp) values (${name}, ${new Date(Date.UTC(2100, 0)).toISOString()})`.execute(store.db)
    }
    const newer = (error: unknown) => error instanceof NewerTables && error.migration === '9999-newest-tables'
    await assert.rejects(refuseNewerTables(store), newer)
    await assert.rejects(migrate(store), newer)
    assert.deepEqual(await pendingMigrations(store), [], 'a server that runs already goes on')
  } finally {
    await store.close()
  }
})

bothEngines('the tables have the columns the queries name, and no others', async store => {
  const tables = await store.db.introspection.getTables()
  const camel = (name: string): string => name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase())
  const found = Object.fromEntries(tables.map(table => [camel(table.name), table.columns.map(column => camel(column.name)).toSorted()]))
  const named = Object.fromEntries(Object.entries(columns).map(([table, list]) => [table, [...list].toSorted()]))
  assert.deepEqual(found, named)
})

/** Rows of the installation itself: everything else belongs to a tenant. */
const withoutTenant = ['installation', 'nodes', 'tenants']

bothEngines('the tenant comes first in the key of every table but those of the installation', async store => {
  for (const table of await store.db.introspection.getTables()) {
    const key = await keyOf(store.engine, table.name, store.db)
    assert.ok(key.length > 0, `${table.name} has no key`)
    assert.equal(key[0] !== 'tenant_id', withoutTenant.includes(table.name), `${table.name}: ${key.join(', ')}`)
  }
})

async function keyOf(engine: Engine, table: string, db: Parameters<typeof migrate>[0]['db']): Promise<string[]> {
  const columnsOfKey =
    engine === 'sqlite'
      ? sql<{ name: string }>`select name from pragma_table_info(${table}) where pk > 0 order by pk`
      : sql<{ name: string }>`
          select a.attname as name from pg_index i
            join unnest(i.indkey) with ordinality k(number, position) on true
            join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
           where i.indrelid = ${table}::regclass and i.indisprimary order by k.position`
  return (await columnsOfKey.execute(db)).rows.map(row => row.name)
}
