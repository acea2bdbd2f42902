import { sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import type { Migration } from 'kysely/migration'
import type { Store } from './open.ts'
import { guardTables } from './postgres-guards.ts'
import { writeStatistics } from './sqlite-statistics.ts'
import { firstTables } from './migrations/0001-first-tables.ts'
import { applicationTables } from './migrations/0002-applications.ts'
import { oauthTables } from './migrations/0003-oauth.ts'
import { directoryTables } from './migrations/0004-directory.ts'

/** Newest last. A migration that has been released is never changed, and goes forward only. */
const migrations: Record<string, (engine: Store['engine']) => Migration> = {
  '0001-first-tables': firstTables,
  '0002-applications': applicationTables,
  '0003-oauth': oauthTables,
  '0004-directory': directoryTables,
}

/**
 * Brings the tables up to date, in one transaction, whoever else tries at the same time. On PostgreSQL it also renews the
 * grants and row-level security; the database user must own the tables, and when it may make roles, makes the lesser one.
 *
 * @param serveRole PostgreSQL: the user the server connects as, when that is another than this one; it is let into the lesser role.
 * @returns the names of what was done, oldest first.
 * @throws NewerTables
 */
export async function migrate(store: Store, { serveRole }: { serveRole?: string } = {}): Promise<string[]> {
  await refuseNewerTables(store)
  const { error, results } = await migratorOf(store).migrateToLatest()
  if (error) throw error
  if (store.engine === 'postgres') await guardTables(store.db, serveRole)
  else if (results?.length) await writeStatistics(store.db)
  await store.clock.refresh()
  return (results ?? []).filter(result => result.status === 'Success').map(result => result.migrationName)
}

/** The names of the migrations that have not run: the server does not start before there are none. */
export async function pendingMigrations(store: Store): Promise<string[]> {
  const known = await migratorOf(store).getMigrations()
  return known.filter(one => one.executedAt === undefined).map(one => one.name)
}

/** A newer Latchkey has been at these tables: this one does not know what they promise now. */
export class NewerTables extends Error {
  /** The newest migration this program does not know. */
  readonly migration: string

  constructor(migration: string) {
    super(`the tables have a migration of a newer version: ${migration}`)
    this.name = 'NewerTables'
    this.migration = migration
  }
}

/**
 * Asked before anything starts to work on the tables (T-82): an older program lacks defences the newer one relies on. One that runs
 * already when the newer one migrates goes on until it is replaced.
 *
 * @throws NewerTables
 */
export async function refuseNewerTables(store: Store): Promise<void> {
  const unknown = (await migrationsDone(store)).findLast(name => !Object.hasOwn(migrations, name))
  if (unknown !== undefined) throw new NewerTables(unknown)
}

/** The names the database knows, oldest first; none when it is empty. */
async function migrationsDone({ db, engine }: Store): Promise<string[]> {
  const begun = engine === 'postgres'
    ? sql`select 1 where to_regclass('kysely_migration') is not null`
    : sql`select 1 from sqlite_master where type = 'table' and name = 'kysely_migration'`
  if ((await begun.execute(db)).rows.length === 0) return []
  return (await sql<{ name: string }>`select name from kysely_migration order by timestamp, name`.execute(db)).rows.map(row => row.name)
}

function migratorOf(store: Store): Migrator {
  const all = Object.fromEntries(Object.entries(migrations).map(([name, make]) => [name, make(store.engine)]))
  return new Migrator({ db: store.db, provider: { getMigrations: async () => all } })
}
