/**
 * The one clock (LD-39): the database's time, looked up at start and every 10 seconds and carried on between by the monotonic
 * clock, plus the offset that the development mode keeps in the database, so that every process shares it. A step of this
 * machine's clock opens and closes no window.
 */
import { sql } from 'kysely'
import type { Db } from '../app.ts'
import { isMissingTable } from './errors.ts'

const lookAgainAfter = 10_000
const offsetKey = 'clockOffset'

export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Development's offset in milliseconds, as last seen. */
  offset(): number
  /** Moves the development offset for every process. */
  advance(milliseconds: number): Promise<void>
  /** Makes it `at` (epoch milliseconds) now, for every process. */
  set(at: number): Promise<void>
  /** Looks at the database's time and offset now. */
  refresh(): Promise<void>
  stop(): void
}

export interface ClockOptions {
  db: Db
  engine: 'sqlite' | 'postgres'
  /** Tells the other processes that the offset changed. */
  announce(): Promise<void>
}

export async function startClock({ db, engine, announce }: ClockOptions): Promise<Clock> {
  let databaseAhead = Date.now() - performance.now() // database time minus monotonic time
  let offset = 0
  const real = (): number => Math.floor(databaseAhead + performance.now())

  const refresh = async (): Promise<void> => {
    databaseAhead = await readDatabaseAhead(db, engine)
    offset = await readOffset(db)
  }
  const write = async (change: (current: number) => number): Promise<void> => {
    await db.transaction().execute(async trx => {
      await trx.insertInto('installation').values({ key: offsetKey, value: '0' }).onConflict(clash => clash.column('key').doNothing()).execute()
      const lock = trx.selectFrom('installation').select('value').where('key', '=', offsetKey)
      const row = await (engine === 'postgres' ? lock.forUpdate() : lock).executeTakeFirstOrThrow()
      offset = Math.round(change(Number(row.value)))
      await trx.updateTable('installation').set({ value: String(offset) }).where('key', '=', offsetKey).execute()
    })
    await announce()
  }

  await refresh()
  // A database that cannot be asked leaves the last answer standing.
  const timer = setInterval(() => void refresh().catch(() => {}), lookAgainAfter)
  timer.unref()
  return {
    now: () => real() + offset,
    offset: () => offset,
    advance: milliseconds => write(current => current + milliseconds),
    set: at => write(() => at - real()),
    refresh,
    stop: () => clearInterval(timer),
  }
}

/** On SQLite the database is a file on this machine, and has no other clock than the machine's. */
async function readDatabaseAhead(db: Db, engine: 'sqlite' | 'postgres'): Promise<number> {
  if (engine === 'sqlite') return Date.now() - performance.now()
  const asked = performance.now()
  const { rows } = await sql<{ now: number }>`select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now`.execute(db)
  const answered = performance.now()
  return rows[0]!.now - (asked + answered) / 2
}

async function readOffset(db: Db): Promise<number> {
  try {
    const row = await db.selectFrom('installation').select('value').where('key', '=', offsetKey).executeTakeFirst()
    return row ? Number(row.value) : 0
  } catch (error) {
    if (isMissingTable(error)) return 0 // before the first migration
    throw error
  }
}
