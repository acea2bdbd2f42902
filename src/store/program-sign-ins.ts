/** Sign-ins of programs: each is on disk before its token leaves, and still they cost one commit for many (decision 014). */
import type { Selectable } from 'kysely'
import type { App, Db } from '../app.ts'
import { columns } from './columns.ts'
import { pageSize } from './engine.ts'
import { insertMany } from './insert-many.ts'
import type { ProgramSignInTable } from './oauth-tables.ts'
import { earliestId, timedId } from './timed-id.ts'

export type ProgramSignIn = Selectable<ProgramSignInTable>

/** A row on its way to the disk. */
export interface Line {
  /** When it is committed; whoever asks can wait no longer, so it is written with all that wait by now. Throws what the database says. */
  written(): Promise<void>
}

interface Waiting {
  row: ProgramSignIn
  committed: PromiseWithResolvers<void>
  /** Its token is ready: it can wait no longer. */
  wanted: boolean
}

const mostTogether = 64

/**
 * One commit at a time, for as many rows as have come. A row that comes alone is written at once; where several come, a commit begins
 * when the first of their signatures is there and takes the rows of all the others along, which therefore find theirs written.
 */
class Writer {
  readonly #db: Db
  readonly #waiting: Waiting[] = []
  #writing = false

  constructor(db: Db) {
    this.#db = db
  }

  add(row: ProgramSignIn): Line {
    const waiting: Waiting = { row, committed: Promise.withResolvers(), wanted: false }
    waiting.committed.promise.catch(() => {}) // whoever waits hears of it
    this.#waiting.push(waiting)
    if (!this.#writing && this.#waiting.length === 1) this.#begin()
    return {
      written: () => {
        waiting.wanted = true
        if (!this.#writing && this.#waiting.includes(waiting)) this.#begin()
        return waiting.committed.promise
      },
    }
  }

  #begin(): void {
    this.#writing = true
    // Whoever arrives in the same turn of the loop is taken along.
    setImmediate(() => void this.#writeAll())
  }

  async #writeAll(): Promise<void> {
    do {
      const batch = this.#waiting.splice(0, mostTogether)
      try {
        await insertTogether(this.#db, batch.map(one => one.row))
        for (const one of batch) one.committed.resolve()
      } catch (error) {
        for (const one of batch) one.committed.reject(error)
      }
    } while (this.#waiting.length >= mostTogether || this.#waiting.some(one => one.wanted))
    this.#writing = false
  }
}

const writers = new WeakMap<App, Writer>()

/** Puts a sign-in into the log; no token may leave before its line is written. */
export function addProgramSignIn(app: App, signIn: Omit<ProgramSignIn, 'id'>): Line {
  let writer = writers.get(app)
  if (writer === undefined) writers.set(app, (writer = new Writer(app.db)))
  return writer.add({ ...signIn, id: timedId(signIn.at) })
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
