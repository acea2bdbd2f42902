import { Migrator } from 'kysely/migration'
import type { Migration } from 'kysely/migration'
import type { Store } from './open.ts'
import { guardTables } from './postgres-guards.ts'
import { firstTables } from './migrations/0001-first-tables.ts'

/** Newest last. A migration that has been released is never changed, and goes forward only. */
const migrations: Record<string, (engine: Store['engine']) => Migration> = {
  '0001-first-tables': firstTables,
}

/**
 * Brings the tables up to date, in one transaction, whoever else tries at the same time. On PostgreSQL it also renews the
 * grants and row-level security; the database user must own the tables, and when it may make roles, makes the lesser one.
 *
 * @param serveRole PostgreSQL: the user the server connects as, when that is another than this one; it is let into the lesser role.
 * @returns the names of what was done, oldest first.
 */
export async function migrate(store: Store, { serveRole }: { serveRole?: string } = {}): Promise<string[]> {
  const { error, results } = await migratorOf(store).migrateToLatest()
  if (error) throw error
  if (store.engine === 'postgres') await guardTables(store.db, serveRole)
  await store.clock.refresh()
  return (results ?? []).filter(result => result.status === 'Success').map(result => result.migrationName)
}

/** The names of the migrations that have not run: the server does not start before there are none. */
export async function pendingMigrations(store: Store): Promise<string[]> {
  const known = await migratorOf(store).getMigrations()
  return known.filter(one => one.executedAt === undefined).map(one => one.name)
}

function migratorOf(store: Store): Migrator {
  const all = Object.fromEntries(Object.entries(migrations).map(([name, make]) => [name, make(store.engine)]))
  return new Migrator({ db: store.db, provider: { getMigrations: async () => all } })
}
