/**
 * Sign-ins of programs. Each is on disk before its token leaves, and still they cost one commit for many: what arrives while a
 * commit is under way goes into the next one together (docs/decisions/011).
 */
import type { Selectable } from 'kysely'
import type { App, Db } from '../app.ts'
import { columns } from './columns.ts'
import { pageSize } from './engine.ts'
import { insertMany } from './insert-many.ts'
import type { ProgramSignInTable } from './oauth-tables.ts'
import { earliestId, timedId } from './timed-id.ts'

export type ProgramSignIn = Selectable<ProgramSignInTable>

interface Waiting {
  row: ProgramSignIn
  written(): void
  failed(error: unknown): void
}

const mostTogether = 64
/** Where several arrive while one commit runs, the next waits so long (milliseconds) for more of them: a signature takes longer than that there. */
const gatherFor = 2

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
    let before = 1
    while (this.#waiting.length > 0) {
      if (before > 1 && this.#waiting.length < mostTogether) await new Promise(resolve => setTimeout(resolve, gatherFor))
      const batch = this.#waiting.splice(0, mostTogether)
      before = batch.length
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
export function writeProgramSignIn(app: App, signIn: Omit<ProgramSignIn, 'id'>): Promise<void> {
  const row = { ...signIn, id: timedId(signIn.at) }
  let writer = writers.get(app)
  if (writer === undefined) writers.set(app, (writer = new Writer(app.db)))
  return writer.write(row)
}

const insertTogether = insertMany('programSignIns', columns.programSignIns, mostTogether)

export interface ProgramSignInPage {
  tenantId: string
  servicePrincipalId?: string | undefined
  /** Epoch milliseconds, the second not included. */
  from?: number | undefined
  to?: number | undefined
  /** The last id of the page before. */
  after?: string | undefined
  top?: number | undefined
}

/** A page of programs' sign-ins, the newest first. */
export function listProgramSignIns(db: Db, { tenantId, servicePrincipalId, from, to, after, top }: ProgramSignInPage): Promise<ProgramSignIn[]> {
  let query = db.selectFrom('programSignIns').select(columns.programSignIns).where('tenantId', '=', tenantId)
  if (servicePrincipalId !== undefined) query = query.where('servicePrincipalId', '=', servicePrincipalId)
  if (from !== undefined) query = query.where('id', '>=', earliestId(from))
  if (to !== undefined) query = query.where('id', '<', earliestId(to))
  if (after !== undefined) query = query.where('id', '<', after)
  return query.orderBy('id', 'desc').limit(pageSize(top)).execute()
}

export function findProgramSignIn(db: Db, tenantId: string, id: string): Promise<ProgramSignIn | undefined> {
  return db.selectFrom('programSignIns').select(columns.programSignIns).where('tenantId', '=', tenantId).where('id', '=', id).executeTakeFirst()
}
