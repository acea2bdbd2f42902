import { randomUUID } from 'node:crypto'
import type { Insertable, Selectable } from 'kysely'
import type { App, Db } from '../app.ts'
import { columns } from './columns.ts'
import { pageSize } from './engine.ts'
import { insertMany } from './insert-many.ts'
import type { SignInTable } from './tables.ts'

const insertSignIns = insertMany('signIns', columns.signIns)

export type SignInRow = Omit<Selectable<SignInTable>, 'proofs'> & { proofs: string[] }
export type NewSignIn = Omit<Insertable<SignInTable>, 'id' | 'proofs'> & {
  /** Methods, in the order given. */
  proofs: readonly string[]
}

const together = 200
const atMostWaiting = 10_000
const writeEvery = 500

/** Writes sign-ins in batches, off the path of the sign-in itself: the security log is the audit, this one may lose its last half second. */
export interface SignInLog {
  add(signIn: NewSignIn): void
  /** Writes what waits now. */
  flush(): Promise<void>
  stop(): Promise<void>
}

const logs = new WeakMap<App, SignInLog>()

/** Starts the writer of this App's sign-ins; `addSignIn` finds it. */
export function startSignInLog(app: App): SignInLog {
  const waiting: Insertable<SignInTable>[] = []
  let lost = 0
  let writing: Promise<void> = Promise.resolve()

  const writeAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const rows = waiting.slice(0, together)
      await app.db.transaction().execute(trx => insertSignIns(trx, rows))
      waiting.splice(0, rows.length)
    }
  }
  const flush = (): Promise<void> => {
    const next = writing.then(writeAll)
    writing = next.catch(() => {}) // they wait for the next try
    return next
  }
  const inBackground = (): void => {
    if (lost > 0) app.log.warn('sign-in log rows lost', { count: lost })
    lost = 0
    if (waiting.length > 0) flush().catch(error => app.log.warn('sign-in log not written', { error, count: waiting.length }))
  }
  const timer = setInterval(inBackground, writeEvery)
  timer.unref()
  const log: SignInLog = {
    add: signIn => {
      if (waiting.length >= atMostWaiting) lost += 1 // bounded while the database is away
      else waiting.push({ ...signIn, id: randomUUID(), proofs: JSON.stringify(signIn.proofs) })
    },
    flush,
    stop: async () => {
      clearInterval(timer)
      await flush().catch(error => app.log.warn('sign-in log not written', { error, count: waiting.length }))
      logs.delete(app)
    },
  }
  logs.set(app, log)
  return log
}

/** Notes a sign-in for the report. Written within half a second when the App's log runs, at once when it does not (command line). */
export async function addSignIn(app: App, signIn: NewSignIn): Promise<void> {
  const log = logs.get(app)
  if (log) return log.add(signIn)
  await app.db.insertInto('signIns').values({ ...signIn, id: randomUUID(), proofs: JSON.stringify(signIn.proofs) }).execute()
}

/** Writes what waits now, so that a report asked for right afterwards shows it. */
export async function flushSignIns(app: App): Promise<void> {
  await logs.get(app)?.flush()
}

export interface SignInPage {
  tenantId: string
  userId?: string | undefined
  correlationId?: string | undefined
  from?: number | undefined
  to?: number | undefined
  after?: { at: number; id: string } | undefined
  top?: number | undefined
}

/** A page of sign-ins, the newest first. */
export async function listSignIns(db: Db, { tenantId, userId, correlationId, from, to, after, top }: SignInPage): Promise<SignInRow[]> {
  let query = db.selectFrom('signIns').select(columns.signIns).where('tenantId', '=', tenantId)
  if (userId !== undefined) query = query.where('userId', '=', userId)
  if (correlationId !== undefined) query = query.where('correlationId', '=', correlationId)
  if (from !== undefined) query = query.where('at', '>=', from)
  if (to !== undefined) query = query.where('at', '<', to)
  if (after) query = query.where(eb => eb(eb.refTuple('at', 'id'), '<', eb.tuple(after.at, after.id)))
  const rows = await query.orderBy('at', 'desc').orderBy('id', 'desc').limit(pageSize(top)).execute()
  return rows.map(row => ({ ...row, proofs: JSON.parse(row.proofs) as string[] }))
}

export async function findSignIn(db: Db, tenantId: string, id: string): Promise<SignInRow | undefined> {
  const row = await db.selectFrom('signIns').select(columns.signIns).where('tenantId', '=', tenantId).where('id', '=', id).executeTakeFirst()
  return row && { ...row, proofs: JSON.parse(row.proofs) as string[] }
}

/** The newest sign-in that succeeded, and from where. */
export function selectLastSignIn(db: Db, tenantId: string, userId: string) {
  return db
    .selectFrom('signIns')
    .select(['at', 'ipAddress'])
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .where('result', '=', 'success')
    .orderBy('at', 'desc')
    .limit(1)
}

/** The same, read. */
export function lastSignIn(db: Db, tenantId: string, userId: string): Promise<{ at: number; ipAddress: string | null } | undefined> {
  return selectLastSignIn(db, tenantId, userId).executeTakeFirst()
}

/** When each of these people last signed in; those who never did are missing. One query. */
export async function lastSignIns(db: Db, tenantId: string, userIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('users as u')
    .select(eb => [
      'u.id as userId',
      eb
        .selectFrom('signIns as s')
        .select('s.at')
        .whereRef('s.tenantId', '=', 'u.tenantId')
        .whereRef('s.userId', '=', 'u.id')
        .where('s.result', '=', 'success')
        .orderBy('s.at', 'desc')
        .limit(1)
        .as('at'),
    ])
    .where('u.tenantId', '=', tenantId)
    .where('u.id', 'in', userIds)
    .execute()
  return new Map(rows.flatMap(row => (row.at === null ? [] : [[row.userId, row.at] as const])))
}
