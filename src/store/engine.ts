import { PostgresAdapter, sql } from 'kysely'
import type { Db } from '../app.ts'

/** For the few statements that only one engine knows (`for update`). */
export function isPostgres(db: Db): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter
}

/** Runs the work in the transaction given, or in one of its own. */
export function inTransaction<T>(db: Db, work: (trx: Db) => Promise<T>): Promise<T> {
  return db.isTransaction ? work(db) : db.transaction().execute(work)
}

/** Rows touched by one statement at most: SQLite's calls hold up the loop. */
export const pageLimit = 999

/** How many rows a page has: what was asked for, within bounds. */
export function pageSize(asked: number | undefined): number {
  return Math.min(Math.max(Math.trunc(asked ?? 100), 1), pageLimit)
}

/**
 * For a load of many rows into tables that were small: PostgreSQL keeps the plans of its own look-ups, for foreign keys above all, and
 * a plan made for an empty table reads the whole of a large one. SQLite needs nothing of the kind.
 */
export async function freshPlans(db: Db): Promise<void> {
  if (isPostgres(db)) await sql`discard plans`.execute(db)
}

/**
 * For questions about hundreds of names at once in tables that grew too fast to be counted yet: PostgreSQL takes a list that long for a
 * good part of the table and reads all of it, unless it is told not to.
 */
export function byIndex<T>(db: Db, work: (db: Db) => Promise<T>): Promise<T> {
  if (!isPostgres(db)) return work(db)
  return inTransaction(db, async trx => {
    await sql`set local enable_seqscan = off`.execute(trx)
    return work(trx)
  })
}

const usualCache = -2000
const largeCache = -65_536 // KiB

/**
 * For a load of very many rows by a process that does nothing else: SQLite keeps 64 MiB of pages at hand while the work runs, for every
 * row is put into indexes at places of their own. PostgreSQL has its own.
 */
export async function withLargeCache<T>(db: Db, work: () => Promise<T>): Promise<T> {
  if (isPostgres(db)) return work()
  await sql`pragma cache_size = ${sql.lit(largeCache)}`.execute(db)
  try {
    return await work()
  } finally {
    await sql`pragma cache_size = ${sql.lit(usualCache)}`.execute(db)
  }
}
