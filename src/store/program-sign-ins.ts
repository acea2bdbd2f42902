/**
 * Sign-ins of programs. Each is on disk before its token leaves, and still they cost one commit for many: what arrives while a
 * commit is under way goes into the next one together (docs/decisions/011).
 */
import { randomUUID } from 'node:crypto'
import type { CompiledQuery } from 'kysely'
import type { App, Db } from '../app.ts'

export interface ProgramSignIn {
  tenantId: string
  /** Epoch milliseconds. */
  at: number
  /** Service principal; what was typed, keyed, when there is no such client. */
  accountKey: string
  /** The client's name, or the first letter of what was typed (T-78). */
  accountHint: string
  appId: string | null
  resourceId: string | null
  credentialKeyId: string | null
  tokenId: string | null
  result: 'success' | 'failure'
  /** AADSTS code of a failure. */
  errorCode: number | null
  proofs: readonly string[]
  ipAddress: string
  userAgent: string | null
  correlationId: string
}

interface Waiting {
  row: ProgramSignIn
  written(): void
  failed(error: unknown): void
}

const mostTogether = 64

class Writer {
  readonly #db: Db
  readonly #waiting: Waiting[] = []
  #writing = false

  constructor(db: Db) {
    this.#db = db
  }

  write(row: ProgramSignIn): Promise<void> {
    return new Promise((written, failed) => {
      this.#waiting.push({ row, written, failed })
      if (this.#writing) return
      this.#writing = true
      // Whoever arrives in the same turn of the loop is taken along.
      setImmediate(() => void this.#writeAll())
    })
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, mostTogether)
      try {
        await insertTogether(this.#db, batch.map(one => one.row))
        for (const one of batch) one.written()
      } catch (error) {
        for (const one of batch) one.failed(error)
      }
    }
    this.#writing = false
  }
}

const writers = new WeakMap<App, Writer>()

/** @returns when the row is committed. Throws what the database says: then no token may leave. */
export function writeProgramSignIn(app: App, row: ProgramSignIn): Promise<void> {
  let writer = writers.get(app)
  if (writer === undefined) writers.set(app, (writer = new Writer(app.db)))
  return writer.write(row)
}

const names = [
  'tenantId', 'id', 'at', 'userId', 'accountKey', 'accountHint', 'kind', 'result', 'reasonCode', 'proofs', 'ipAddress', 'userAgent', 'correlationId', 'appId',
  'resourceId', 'credentialKeyId', 'tokenId', 'errorCode',
] as const

/** The statement for so many rows, built once for each database: building it costs more than running it. */
const statements = new WeakMap<Db, Map<number, CompiledQuery>>()

async function insertTogether(db: Db, rows: readonly ProgramSignIn[]): Promise<void> {
  const values = rows.flatMap(row => [
    row.tenantId, randomUUID(), row.at, null, row.accountKey, row.accountHint, 'servicePrincipal', row.result, null, JSON.stringify(row.proofs), row.ipAddress,
    row.userAgent, row.correlationId, row.appId, row.resourceId, row.credentialKeyId, row.tokenId, row.errorCode,
  ])
  await db.executeQuery({ ...statementFor(db, rows.length), parameters: values })
}

function statementFor(db: Db, count: number): CompiledQuery {
  let known = statements.get(db)
  if (known === undefined) statements.set(db, (known = new Map()))
  let statement = known.get(count)
  if (statement === undefined) {
    const one = Object.fromEntries(names.map(name => [name, '?']))
    statement = db.insertInto('signIns').values(Array.from({ length: count }, () => one) as never).compile()
    known.set(count, statement)
  }
  return statement
}
