/**
 * Kysely's way into node:sqlite. One connection writes, in turns and always with `begin immediate`; beside its transactions another
 * reads, so that no reader waits. A commit is acknowledged when it is on the disk (decision 010); others may read it a moment earlier,
 * and must ask for `settled` before they tell anybody. No busy timeout: waiting for another process is done asynchronously, for a
 * blocked call would hold up the loop.
 */
import { closeSync, fsyncSync, openSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseSync } from 'node:sqlite'
import type { SQLInputValue, StatementSync } from 'node:sqlite'
import { SelectQueryNode, SqliteAdapter, SqliteDialect } from 'kysely'
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely'
import { TurnTimeoutError } from './errors.ts'
import { SqliteCompiler, naming } from './naming.ts'
import { WriteAheadLog } from './write-ahead-log.ts'
import type { LogOptions } from './write-ahead-log.ts'

const waitAtMost = 5_000
const statementsKept = 500
const busy = 5
/** Copied into the file when it is so long (16 MiB): SQLite's thousand are reached every fifty resets, and each time the loop waits for two syncs. */
const pagesInLog = 4_000

/** Another statement failed in this transaction before: nothing of it will be kept, as on PostgreSQL. */
export class AbortedTransactionError extends Error {
  constructor() {
    super('The transaction failed at an earlier statement; nothing more can be done in it')
    this.name = 'AbortedTransactionError'
  }
}

/** Told after a commit what `latchkey_wake(channel, id)` was called with inside the transaction. */
export type OnWake = (channel: string, id: string) => void

export interface SqliteOptions {
  file: string
  onWake: OnWake
  /** The disk did not take a commit: the process must end. */
  onLost: LogOptions['onLost']
  /** For tests: what brings the log to the disk. */
  sync?: LogOptions['sync']
}

export interface SqliteFile {
  dialect: SqliteDialect
  /** When all that anybody can have read by now is on the disk; undefined when it is. Rejects when the disk has failed. */
  settled(): Promise<void> | undefined
}

export function sqliteFile(options: SqliteOptions): SqliteFile {
  const driver = new OwnDriver(options)
  const dialect = new SqliteDialect({ database: async () => Promise.reject(new Error('unused')) })
  dialect.createDriver = () => driver
  dialect.createAdapter = () => new OwnAdapter()
  dialect.createQueryCompiler = () => new SqliteCompiler()
  return { dialect, settled: () => driver.settled() }
}

class OwnAdapter extends SqliteAdapter {
  /** Switches off the mutex Kysely puts around a single connection: the turns below do it better. */
  override get supportsMultipleConnections(): boolean {
    return true
  }

  /** Kysely thinks SQLite has none and would migrate without a transaction. */
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

class OwnDriver implements Driver {
  readonly #options: SqliteOptions
  #writer!: SqliteHandle
  #reader!: SqliteHandle
  #log: WriteAheadLog | undefined
  #lastTurn: Promise<void> = Promise.resolve()
  #woken: [string, string][] = []

  constructor(options: SqliteOptions) {
    this.#options = options
  }

  async init(): Promise<void> {
    makeFile(this.#options.file)
    this.#writer = new SqliteHandle(this.#options.file)
    // WAL is a property of the file: asked for once, by whoever comes first, and it may meet another process doing the same.
    const mode = await patiently(() => this.#writer.database.prepare('pragma journal_mode = wal').get()?.['journal_mode'])
    if (mode !== 'wal') throw new Error(`SQLite cannot keep a write-ahead log beside ${this.#options.file}: put the database on a disk of this machine`)
    // The log is synced by SQLite before it is copied into the file, and by us before a commit is told of.
    this.#writer.database.exec(`pragma synchronous = normal; pragma wal_autocheckpoint = ${pagesInLog}; pragma recursive_triggers = on`)
    await this.#emptyLog()
    this.#log = new WriteAheadLog(realpathSync(this.#options.file), this.#options)
    this.#writer.database.function('latchkey_wake', (channel, id) => {
      this.#woken.push([String(channel), String(id)])
      return null
    })
    this.#reader = new SqliteHandle(this.#options.file)
    this.#reader.database.exec('pragma query_only = on')
  }

  /**
   * What a process left in the log when it died goes into the file, synced, before anything is put behind it: if its disk had
   * failed, the kernel may take pages of the log for written that are not. While others use the database there is no such rest.
   */
  async #emptyLog(): Promise<void> {
    await patiently(() => this.#writer.database.prepare('pragma wal_checkpoint(truncate)').get())
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    return new Connection(this)
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    await this.#log?.close()
    this.#reader?.database.close()
    this.#writer?.database.close()
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    const one = connection as Connection
    one.release = await this.#takeTurn()
    try {
      await patiently(() => this.#writer.database.exec('begin immediate'))
    } catch (error) {
      one.endTurn()
      throw error
    }
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const one = connection as Connection
    if (one.aborted) throw new AbortedTransactionError() // Kysely then asks for the rollback
    await patiently(() => this.#writer.database.exec('commit'))
    const woken = this.#takeWoken()
    const settled = one.wrote ? this.#log!.written() : undefined
    one.endTurn()
    await settled
    this.#tell(woken)
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    const one = connection as Connection
    if (!one.release) return // committed, and the disk did not take it: the turn is another's by now
    this.#takeWoken()
    try {
      if (this.#writer.database.isTransaction) this.#writer.database.exec('rollback')
    } finally {
      one.endTurn()
    }
  }

  async run<R>(connection: Connection, query: CompiledQuery): Promise<QueryResult<R>> {
    const reads = SelectQueryNode.is(query.query)
    if (connection.release) {
      if (connection.aborted) throw new AbortedTransactionError()
      connection.wrote ||= !reads
      try {
        return this.#writer.run<R>(query)
      } catch (error) {
        connection.aborted = true
        throw error
      }
    }
    return reads ? patiently(() => this.#idle().run<R>(query)) : this.#write<R>(query)
  }

  /**
   * Where to read outside of transactions. The writing connection while no transaction holds it: it knows what it wrote, where the
   * other has to forget all its pages and read them again after every commit (fifty reads of the file for one sign-in).
   */
  #idle(): SqliteHandle {
    return this.#writer.database.isTransaction ? this.#reader : this.#writer
  }

  settled(): Promise<void> | undefined {
    return this.#log?.settled()
  }

  async #write<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const release = await this.#takeTurn()
    let settled: Promise<void>
    let woken: [string, string][]
    let result: QueryResult<R>
    try {
      result = await patiently(() => this.#writer.run<R>(query))
      settled = this.#log!.written()
      woken = this.#takeWoken()
    } finally {
      release()
    }
    await settled
    this.#tell(woken)
    return result
  }

  /** Waits for everyone who asked before. The caller must call what comes back, once. */
  async #takeTurn(): Promise<() => void> {
    this.#log!.refuseWhenLost()
    const before = this.#lastTurn
    let release!: () => void
    this.#lastTurn = new Promise(resolve => (release = resolve))
    let timer: NodeJS.Timeout | undefined
    const tooLong = new Promise<'late'>(resolve => (timer = setTimeout(resolve, waitAtMost, 'late')))
    const outcome = await Promise.race([before, tooLong])
    clearTimeout(timer)
    if (outcome !== 'late') return release
    void before.then(release) // those behind still wait for the one in front
    throw new TurnTimeoutError(waitAtMost)
  }

  #takeWoken(): [string, string][] {
    return this.#woken.splice(0)
  }

  #tell(woken: [string, string][]): void {
    for (const [channel, id] of woken) this.#options.onWake(channel, id)
  }
}

/** Made for its owner alone from the first byte, and with its name in its folder on the disk. */
function makeFile(file: string): void {
  try {
    // Never opened when it is there: to close it again would drop the locks of another connection of this process.
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if ((error as { code?: string }).code === 'EEXIST') return
    throw error
  }
  if (process.platform === 'win32') return // folders cannot be opened there
  const folder = openSync(dirname(file), 'r')
  fsyncSync(folder)
  closeSync(folder)
}

/** What Kysely holds during one statement or one transaction. */
class Connection implements DatabaseConnection {
  readonly #driver: OwnDriver
  /** Set while a transaction runs: it has the turn. */
  release: (() => void) | undefined
  aborted = false
  wrote = false

  constructor(driver: OwnDriver) {
    this.#driver = driver
  }

  endTurn(): void {
    this.release?.()
    this.release = undefined
    this.aborted = false
    this.wrote = false
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.#driver.run<R>(this, query)
  }

  // eslint-disable-next-line require-yield
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('Streams are not supported on SQLite: ask for pages')
  }
}

interface Prepared {
  statement: StatementSync
  returnsRows: boolean
  columns: readonly Column[]
}

interface Column {
  /** As the code names it. */
  name: string
  /** Declared `boolean`, which SQLite hands back as 0 and 1. */
  isFlag: boolean
}

class SqliteHandle {
  readonly database: DatabaseSync
  readonly #prepared = new Map<string, Prepared>()

  constructor(file: string) {
    this.database = new DatabaseSync(file, { timeout: 0, enableForeignKeyConstraints: true, enableDoubleQuotedStringLiterals: false })
  }

  run<R>({ sql, parameters }: CompiledQuery): QueryResult<R> {
    const { statement, returnsRows, columns } = this.#prepare(sql)
    const values = parameters.map((value, position) => bindable(value, position, sql))
    if (!returnsRows) {
      const { changes } = statement.run(...values)
      return { numAffectedRows: BigInt(changes), rows: [] }
    }
    const found = statement.all(...values) as unknown as unknown[][]
    return { numAffectedRows: BigInt(found.length), rows: found.map(values => rowOf(columns, values) as R) }
  }

  #prepare(sql: string): Prepared {
    const kept = this.#prepared.get(sql)
    if (kept) {
      this.#prepared.delete(sql) // to the end of the line: the oldest is dropped first
      this.#prepared.set(sql, kept)
      return kept
    }
    const statement = this.database.prepare(sql)
    statement.setReturnArrays(true)
    const columns = statement.columns().map(column => ({ name: naming.inCode(column.name), isFlag: column.type?.toLowerCase() === 'boolean' }))
    const made = { statement, returnsRows: columns.length > 0, columns }
    this.#prepared.set(sql, made)
    if (this.#prepared.size > statementsKept) this.#prepared.delete(this.#prepared.keys().next().value!)
    return made
  }
}

function rowOf(columns: readonly Column[], values: readonly unknown[]): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  for (let column = 0; column < columns.length; column++) {
    const { name, isFlag } = columns[column]!
    const value = values[column]
    row[name] = isFlag && value !== null ? value === 1 : value
  }
  return row
}

/** node:sqlite binds a lone Date as NULL without a word, so what it does not know is refused here. */
function bindable(value: unknown, position: number, sql: string): SQLInputValue {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' || value instanceof Uint8Array) return value
  const kind = value instanceof Date ? 'a Date' : Array.isArray(value) ? 'an array' : typeof value
  throw new TypeError(`Parameter ${position + 1} is ${kind}, which no column holds: ${sql.slice(0, 200)}`)
}

/** Tries again while another process holds the file, 5 s at most, without holding up the loop. */
async function patiently<T>(attempt: () => T): Promise<T> {
  const until = performance.now() + waitAtMost
  for (let pause = 1; ; pause = Math.min(pause * 2, 25)) {
    try {
      return attempt()
    } catch (error) {
      const code = (error as { errcode?: number }).errcode
      if (code === undefined || (code & 0xff) !== busy || performance.now() > until) throw error
      await sleep(pause)
    }
  }
}
