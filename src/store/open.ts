/** Opens the database: SQLite in a file, or PostgreSQL by its URL. The only place, with what it calls, that knows there are two. */
import { Kysely } from 'kysely'
import type { Db, Wake } from '../app.ts'
import type { Database } from './tables.ts'
import { startClock } from './clock.ts'
import type { Clock } from './clock.ts'
import { naming } from './naming.ts'
import { sqliteFile } from './sqlite-driver.ts'
import { Waiters, postgresWake, sqliteWake } from './wake.ts'

export interface Store {
  db: Db
  engine: 'sqlite' | 'postgres'
  wake: Wake
  clock: Clock
  /** On PostgreSQL: sees and writes this tenant's rows only, whatever the statement says (row-level security, LD-38). On SQLite: `db`. */
  forTenant(tenantId: string): Db
  /**
   * Whatever was read until now may be told when this has come; undefined when it may be at once. On SQLite a commit can be read
   * a moment before it is on the disk; on PostgreSQL nobody sees one earlier.
   */
  settled(): Promise<void> | undefined
  close(): Promise<void>
}

export interface StoreOptions {
  /** `postgres://…`: PostgreSQL. */
  databaseUrl?: string | undefined
  /** SQLite's file, when there is no URL. Made, for its owner only, when it is not there. */
  file?: string | undefined
  /** Opened to migrate or to prune: as the tables' owner, and no limit on a statement's time. */
  owner?: boolean
  /** PostgreSQL: milliseconds after which a statement is ended. */
  statementTimeout?: number
  /** PostgreSQL: connections at most. */
  connections?: number
}

/** Throws when the database cannot be reached: `isUnavailable(error)` tells that from a wrong setting. */
export function openStore(options: StoreOptions): Promise<Store> {
  if (options.databaseUrl) return openPostgres(options.databaseUrl, options)
  if (options.file) return openSqlite(options.file)
  throw new Error('Say where the database is: DATABASE_URL for PostgreSQL, or a file for SQLite')
}

/** Only a start anew knows what the disk holds: SQLite reads its log again and copies it into the file. */
function endProcess(error: Error): never {
  process.stderr.write(`${error.message}: ${String(error.cause)}\n`)
  process.exit(1)
}

const clockChannel = 'clock'

async function openSqlite(file: string): Promise<Store> {
  const waiters = new Waiters()
  const { dialect, settled } = sqliteFile({ file, onWake: (channel, id) => waiters.wake(channel, id), onLost: endProcess })
  const db: Db = new Kysely<Database>({ dialect })
  try {
    const clock = await startClock({ db, engine: 'sqlite', announce: async () => {} })
    const close = async (): Promise<void> => {
      clock.stop()
      await db.destroy()
    }
    return { db, engine: 'sqlite', wake: sqliteWake(waiters), clock, forTenant: () => db, settled, close }
  } catch (error) {
    await db.destroy()
    throw error
  }
}

async function openPostgres(databaseUrl: string, options: StoreOptions): Promise<Store> {
  const { everyTenant, openPool } = await import('./postgres.ts') // an installation on SQLite never loads it
  const { pool, dialectFor } = openPool({ databaseUrl, ...options })
  const open = (tenantId: string): Db => new Kysely<Database>({ dialect: dialectFor(tenantId), plugins: [naming] })
  const db = open(everyTenant)
  const waiters = new Waiters()
  try {
    const wake = await postgresWake(databaseUrl, waiters)
    const clock = await startClock({ db, engine: 'postgres', announce: () => wake.wake(db, clockChannel, 'offset') })
    waiters.listen(clockChannel, () => void clock.refresh().catch(() => {}))
    const close = async (): Promise<void> => {
      clock.stop()
      await wake.stop()
      await db.destroy()
      await pool.end()
    }
    return { db, engine: 'postgres', wake, clock, forTenant: perTenant(open, everyTenant), settled: () => undefined, close }
  } catch (error) {
    await db.destroy()
    await pool.end()
    throw error
  }
}

const tenantsKept = 200

/** One Kysely for each tenant asked for lately: making one costs more than using it. */
function perTenant(open: (tenantId: string) => Db, everyTenant: string): (tenantId: string) => Db {
  const kept = new Map<string, Db>()
  return tenantId => {
    if (tenantId === everyTenant || tenantId === '') throw new Error('forTenant needs the id of one tenant')
    const found = kept.get(tenantId) ?? open(tenantId)
    kept.delete(tenantId)
    kept.set(tenantId, found)
    if (kept.size > tenantsKept) kept.delete(kept.keys().next().value!)
    return found
  }
}
