/**
 * The one clock (LD-39): the database's time, looked up at start and every 10 seconds and carried on between by the monotonic
 * clock, plus the offset that the development mode keeps in the database, so that every process shares it. A step of this
 * machine's clock opens and closes no window.
 */
import { uptime as osUptime } from 'node:os'
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
  const machine = machineTime()
  let databaseAhead = machine.ahead() // database time minus monotonic time
  let offset = 0
  /** How often this process has written the offset: what was read before a writing is older than it and must not undo it. */
  let writings = 0
  const real = (): number => Math.floor(databaseAhead + performance.now())

  const refresh = async (): Promise<void> => {
    databaseAhead = engine === 'postgres' ? await readDatabaseAhead(db) : machine.ahead()
    const before = writings
    const read = await readOffset(db)
    if (writings === before) offset = read
  }
  const write = async (change: (current: number) => number): Promise<void> => {
    const written = await db.transaction().execute(async trx => {
      await trx.insertInto('installation').values({ key: offsetKey, value: '0' }).onConflict(clash => clash.column('key').doNothing()).execute()
      const lock = trx.selectFrom('installation').select('value').where('key', '=', offsetKey)
      const row = await (engine === 'postgres' ? lock.forUpdate() : lock).executeTakeFirstOrThrow()
      const next = Math.round(change(Number(row.value)))
      await trx.updateTable('installation').set({ value: String(next) }).where('key', '=', offsetKey).execute()
      return next
    })
    writings++
    offset = written
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

async function readDatabaseAhead(db: Db): Promise<number> {
  const asked = performance.now()
  const { rows } = await sql<{ now: number }>`select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now`.execute(db)
  const answered = performance.now()
  return rows[0]!.now - (asked + answered) / 2
}

/** Differences as small as this are the clocks' own; they are followed at once (milliseconds). */
const smallest = 1_000
/** Larger ones are no correction of a clock that runs, but of one that was plainly wrong: followed at once too. */
const largest = 15 * 60_000
/** The rest is caught up at this rate, so that a code of ten minutes lives half a minute more or less at most. */
const rate = 0.05

/**
 * On SQLite the database is a file on this machine, and has no other clock than the machine's, which may be put forward or back
 * while codes are under way. What the machine slept is time that has gone.
 */
export function machineTime(wall = () => Date.now(), monotonic = () => performance.now(), uptime = () => osUptime() * 1_000): { ahead(): number } {
  let ahead = wall() - monotonic()
  let [seen, up] = [monotonic(), uptime()]
  return {
    ahead: () => {
      const [elapsed, awake] = [uptime() - up, monotonic() - seen]
      const slept = elapsed - awake > smallest ? elapsed - awake : 0
      ;[seen, up] = [seen + awake, up + elapsed]
      ahead += slept
      const difference = wall() - monotonic() - ahead
      const size = Math.abs(difference)
      const caughtUp = size <= smallest || size > largest ? size : Math.min(size, awake * rate)
      ahead += Math.sign(difference) * caughtUp
      return ahead
    },
  }
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
