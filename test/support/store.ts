/** Databases for tests: a new one each, with all tables, on the engine asked for. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { migrate } from '../../src/store/migrate.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store, StoreOptions } from '../../src/store/open.ts'
import { asSuperuser, ownerRole, serverRole, sharedCluster } from './postgres.ts'
import type { Cluster } from './postgres.ts'

export type Engine = Store['engine']
export const engines: readonly Engine[] = ['sqlite', 'postgres']

export interface TestStore extends Store {
  /** What opens the same database again, in this process or another: as the server does … */
  options: StoreOptions
  /** … and as `migrate` and `prune` do. On SQLite the same. */
  ownerOptions: StoreOptions
}

/** An empty, migrated database. On PostgreSQL the connection has the server's lesser role. `close()` also removes it. */
export function openTestStore(engine: Engine): Promise<TestStore> {
  return engine === 'sqlite' ? openSqlite() : openPostgres()
}

/** Declares the test once for each engine, each time with a database of its own. */
export function bothEngines(name: string, body: (store: TestStore, t: TestContext) => Promise<void>): void {
  for (const engine of engines) {
    test(`${name} (${engine})`, async t => {
      const store = await openTestStore(engine)
      try {
        await body(store, t)
      } finally {
        await store.close()
      }
    })
  }
}

async function openSqlite(): Promise<TestStore> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-sqlite-'))
  const options = { file: join(folder, 'latchkey.db') }
  const store = await openStore(options)
  await migrate(store)
  const close = async (): Promise<void> => {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { ...store, options, ownerOptions: options, close }
}

async function openPostgres(): Promise<TestStore> {
  const cluster = await sharedCluster()
  await prepareTemplate(cluster)
  const database = empty.pop() ?? (await newDatabase(cluster))
  // Two busy cores for many tests at once: the server's own 2 s would measure the machine.
  const options = { databaseUrl: cluster.url(database), statementTimeout: 10_000 }
  const store = await openStore(options)
  const close = async (): Promise<void> => {
    await store.close()
    await makeEmpty(cluster, database)
    empty.push(database)
  }
  return { ...store, options, ownerOptions: { databaseUrl: cluster.url(database, ownerRole), owner: true }, close }
}

/** Databases of tests of this process that have ended: emptying one is thirty times quicker than making one. */
const empty: string[] = []

async function newDatabase(cluster: Cluster): Promise<string> {
  const database = `t_${randomBytes(6).toString('hex')}`
  await asSuperuser(cluster.port, 'postgres', client => client.query(`create database ${database} template ${template} owner ${ownerRole}`))
  return database
}

async function makeEmpty(cluster: Cluster, database: string): Promise<void> {
  await asSuperuser(cluster.port, database, async client => {
    await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()', [database])
    await client.query(`set session_replication_role = replica`) // past the audit log's guards
    await client.query(`do $$ declare t text; begin
      for t in select tablename from pg_tables where schemaname = 'public' and tablename not like 'kysely%' loop execute format('delete from %I', t); end loop;
    end $$`)
  })
}

const template = 'latchkey_template'
let prepared: Promise<void> | undefined

/** Migrated once for the run and copied for each test. */
function prepareTemplate(cluster: Cluster): Promise<void> {
  return (prepared ??= asSuperuser(cluster.port, 'postgres', async client => {
    await client.query('select pg_advisory_lock(4711)') // other test files do the same just now
    const known = await client.query('select 1 from pg_database where datname = $1 and datistemplate', [template])
    if (known.rowCount) return
    await client.query(`drop database if exists ${template}`)
    await client.query(`create database ${template} owner ${ownerRole}`)
    const owner = await openStore({ databaseUrl: cluster.url(template, ownerRole), owner: true })
    try {
      await migrate(owner, { serveRole: serverRole })
    } finally {
      await owner.close()
    }
    await client.query(`alter database ${template} is_template true allow_connections false`)
  }))
}
