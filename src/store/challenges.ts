import type { Insertable } from 'kysely'
import type { Db } from '../app.ts'
import type { ChallengeTable } from './tables.ts'

const columns = [
  'tenantId', 'id', 'purpose', 'transactionId', 'userId', 'method', 'methodId', 'destinationSealed', 'destinationIndex', 'codeMac',
  'triesLeft', 'createdAt', 'expiresAt', 'supersededAt', 'consumedAt',
] as const

export interface ChallengeRow {
  tenantId: string
  id: string
  purpose: string
  transactionId: string
  userId: string | null
  method: string
  methodId: string | null
  destinationSealed: string | null
  destinationIndex: string | null
  codeMac: string
  triesLeft: number
  createdAt: number
  expiresAt: number
  supersededAt: number | null
  consumedAt: number | null
}

/** For what a code counts: all four must agree (T-06). */
export interface ChallengeScope {
  tenantId: string
  purpose: string
  transactionId: string
  method: string
  userId: string | null
}

export async function insertChallenge(trx: Db, row: Insertable<ChallengeTable>): Promise<void> {
  await trx.insertInto('challenges').values(row).execute()
}

export function findChallenge(db: Db, tenantId: string, id: string): Promise<ChallengeRow | undefined> {
  return db.selectFrom('challenges').select(columns).where('tenantId', '=', tenantId).where('id', '=', id).executeTakeFirst()
}

/**
 * The challenge a typed code is held against: the newest of its transaction and method that a code went out for; where none
 * has, the newest. So a request for another code that was not let out (N-SEND) does not kill the code already under way.
 */
export async function currentChallenge(db: Db, scope: ChallengeScope): Promise<ChallengeRow | undefined> {
  const rows = await db
    .selectFrom('challenges')
    .select(columns)
    .where('tenantId', '=', scope.tenantId)
    .where('transactionId', '=', scope.transactionId)
    .where('purpose', '=', scope.purpose)
    .where('method', '=', scope.method)
    .where('supersededAt', 'is', null)
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(20)
    .execute()
  // A row without a person has no code yet, or never gets one: it can be held against anybody and matches nobody.
  const own = rows.filter(row => row.userId === null || row.userId === scope.userId)
  return own.find(row => row.destinationIndex !== null) ?? own[0]
}

/** Takes one try, before anything is compared (T-04). Undefined: none left, or the code is over, used or replaced. */
export function reserveTry(db: Db, tenantId: string, id: string, now: number): Promise<{ codeMac: string } | undefined> {
  return db
    .updateTable('challenges')
    .set(eb => ({ triesLeft: eb('triesLeft', '-', 1) }))
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
    .where('triesLeft', '>', 0)
    .where('consumedAt', 'is', null)
    .where('supersededAt', 'is', null)
    .where('expiresAt', '>', now)
    .returning(['codeMac'])
    .executeTakeFirst()
}

/** Uses the code up; true for one caller only (T-05). Belongs into the transaction that gains by it. */
export async function consumeChallenge(trx: Db, tenantId: string, id: string, codeMac: string, now: number): Promise<boolean> {
  const done = await trx
    .updateTable('challenges')
    .set({ consumedAt: now })
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
    .where('codeMac', '=', codeMac)
    .where('consumedAt', 'is', null)
    .where('supersededAt', 'is', null)
    .where('expiresAt', '>', now)
    .executeTakeFirst()
  return done.numUpdatedRows > 0n
}

/** Gives a challenge its code, once; false when it has one, is over, or was used. */
export async function armChallenge(
  trx: Db,
  tenantId: string,
  id: string,
  code: { userId: string; codeMac: string; destinationSealed: string; destinationIndex: string; methodId: string | null },
  now: number,
): Promise<boolean> {
  const done = await trx
    .updateTable('challenges')
    .set(code)
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
    .where('destinationIndex', 'is', null)
    .where(eb => eb.or([eb('userId', 'is', null), eb('userId', '=', code.userId)]))
    .where('consumedAt', 'is', null)
    .where('supersededAt', 'is', null)
    .where('expiresAt', '>', now)
    .executeTakeFirst()
  return done.numUpdatedRows > 0n
}

/** Of a transaction and method only the newest code counts (LD-02). */
export async function supersedeOthers(trx: Db, challenge: ChallengeRow, now: number): Promise<void> {
  await trx
    .updateTable('challenges')
    .set({ supersededAt: now })
    .where('tenantId', '=', challenge.tenantId)
    .where('transactionId', '=', challenge.transactionId)
    .where('purpose', '=', challenge.purpose)
    .where('method', '=', challenge.method)
    .where('id', '!=', challenge.id)
    .where('supersededAt', 'is', null)
    .execute()
}

/** Takes back whatever codes a transaction still has open. */
export async function endChallenges(trx: Db, tenantId: string, transactionId: string, now: number): Promise<void> {
  await trx
    .updateTable('challenges')
    .set({ supersededAt: now })
    .where('tenantId', '=', tenantId)
    .where('transactionId', '=', transactionId)
    .where('supersededAt', 'is', null)
    .where('consumedAt', 'is', null)
    .execute()
}
