/** Kysely's way into PostgreSQL: one pool, named statements, numbers for numbers, and the tenant a connection may see. */
import { createHash } from 'node:crypto'
import pg from 'pg'
import type { Client, Pool, PoolClient } from 'pg'
import { PostgresDialect } from 'kysely'
import type { PostgresPool as PostgresPoolLike } from 'kysely'
import { PostgresCompiler } from './naming.ts'

/** Statements of so many texts are kept prepared on a connection; `in (…)` lists of every length must not fill the server. */
const namedTexts = 1_000
/** Every tenant's rows: the server's own `db`. `forTenant` narrows it (LD-38). */
export const everyTenant = '*'

const int8 = 20
const numeric = 1700

export interface PostgresOptions {
  databaseUrl: string
  /** The owner migrates: no limit on a statement's time. */
  owner?: boolean
  /** Milliseconds after which the server ends a statement (T-65). */
  statementTimeout?: number
  /** Connections at most. */
  connections?: number
}

/** What one server process shares: a pool, and which tenant each of its connections is set to. */
export interface PostgresPool {
  pool: Pool
  /** A dialect whose statements see this tenant's rows only, or with `'*'` all. */
  dialectFor(tenantId: string): PostgresDialect
}

export function openPool(options: PostgresOptions): PostgresPool {
  const statementTimeout = options.statementTimeout ?? 2_000
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    max: options.connections ?? 10,
    connectionTimeoutMillis: 3_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: options.owner ? 0 : statementTimeout,
    // A server that has gone without a word ends no statement: then it is this side that gives up.
    query_timeout: options.owner ? 0 : statementTimeout + 1_000,
    idle_in_transaction_session_timeout: options.owner ? 0 : 10_000,
    keepAlive: true,
    application_name: options.owner ? 'latchkey migrate' : 'latchkey',
    types: { getTypeParser },
  })
  // A connection that dies while nobody uses it says so here; the pool drops it, the next query opens another.
  pool.on('error', () => {})
  pool.on('connect', client => {
    client.on('error', () => {}) // the query in flight fails by itself
    nameStatements(client)
    giveUpWhenSilent(client)
  })
  return { pool, dialectFor: tenantId => dialectOn(() => Promise.resolve(narrowed(pool, tenantId))) }
}

function dialectOn(pool: () => Promise<PostgresPoolLike>): PostgresDialect {
  const dialect = new PostgresDialect({ pool })
  dialect.createQueryCompiler = () => new PostgresCompiler()
  return dialect
}

/** A connection of its own, for LISTEN. */
export function newClient(databaseUrl: string): Client {
  return new pg.Client({
    connectionString: databaseUrl,
    keepAlive: true,
    connectionTimeoutMillis: 3_000,
    query_timeout: 3_000,
    application_name: 'latchkey wake',
  })
}

/** Counts and sums come as int8 and numeric, which pg hands over as text: everything we count fits a number. */
const getTypeParser: typeof pg.types.getTypeParser = ((oid: number, format?: 'text' | 'binary') =>
  oid === int8 || oid === numeric ? Number : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser

/** The tenant each connection is set to: setting it costs a round trip, so only when it differs. */
const tenantOf = new WeakMap<object, string>()

function narrowed(pool: Pool, tenantId: string): { connect(): Promise<PoolClient>; end(): Promise<void>; options: Pool['options'] } {
  return {
    options: pool.options,
    end: async () => {}, // the pool is shared: open.ts ends it
    connect: async () => {
      const client = await pool.connect()
      if (tenantOf.get(client) === tenantId) return client
      try {
        await client.query(`select set_config('latchkey.tenant', $1, false)`, [tenantId])
        tenantOf.set(client, tenantId)
        return client
      } catch (error) {
        client.release(true)
        throw error
      }
    },
  }
}

/** A connection whose answer did not come in time still waits for it: it is closed, and the pool opens another. */
function giveUpWhenSilent(client: PoolClient): void {
  const ask = client.query.bind(client) as (...parameters: unknown[]) => unknown
  const watched = (...parameters: unknown[]): unknown => {
    const answer = ask(...parameters)
    if (answer instanceof Promise) {
      answer.catch((error: unknown) => {
        if (error instanceof Error && error.message === 'Query read timeout') (client as unknown as Client).end().catch(() => {})
      })
    }
    return answer
  }
  client.query = watched as PoolClient['query']
}

const names = new Map<string, string>()

/** A named statement is parsed and planned once per connection: 2.4 times the rate. */
function nameStatements(client: PoolClient): void {
  const plain = client.query.bind(client) as (...parameters: unknown[]) => unknown
  const named = (text: unknown, values?: unknown, ...rest: unknown[]): unknown => {
    if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0) return plain(text, values, ...rest)
    const name = nameOf(text)
    return name === undefined ? plain(text, values, ...rest) : plain({ name, text, values }, ...rest)
  }
  client.query = named as PoolClient['query']
}

function nameOf(text: string): string | undefined {
  const known = names.get(text)
  if (known !== undefined || names.size >= namedTexts) return known
  const name = createHash('sha1').update(text).digest('hex')
  names.set(text, name)
  return name
}
