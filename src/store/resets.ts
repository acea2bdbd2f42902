import type { Insertable, Updateable } from 'kysely'
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import { prepared } from './prepared.ts'
import type { ResetGateTable, ResetTable } from './tables.ts'

/** A recovery transaction as it is read: every column of its row. */
export interface ResetRow {
  tenantId: string
  id: string
  cookieHash: string
  userId: string | null
  typedNameSealed: string
  accountKey: string
  state: string
  intent: string | null
  disclosure: string
  refusal: string | null
  supportCode: string
  gatesRequired: number | null
  locale: string
  clientType: string
  ipAddress: string | null
  version: number
  startedAt: number
  expiresAt: number
  finishedAt: number | null
}

export interface ResetGateRow {
  gate: number
  method: string
  methodId: string
  destinationIndex: string
  challengeId: string | null
  passedAt: number
}

/** Where the typed name lives, for the key ring. */
export function typedNamePlace(tenantId: string, id: string) {
  return { tenantId, table: 'resets', column: 'typedNameSealed', rowId: id }
}

const inserting = prepared<ResetRow>()((db, value) =>
  db.insertInto('resets').values(Object.fromEntries(columns.resets.map(column => [column, value(column)])) as never))
const resetByCookie = prepared<{ cookieHash: string }>()((db, value) => db.selectFrom('resets').select(columns.resets).where('cookieHash', '=', value('cookieHash')))
const resetById = prepared<{ tenantId: string; id: string }>()((db, value) =>
  db.selectFrom('resets').select(columns.resets).where('tenantId', '=', value('tenantId')).where('id', '=', value('id')))
const gatesOf = prepared<{ tenantId: string; resetId: string }>()((db, value) =>
  db
    .selectFrom('resetGates')
    .select(['gate', 'method', 'methodId', 'destinationIndex', 'challengeId', 'passedAt'])
    .where('tenantId', '=', value('tenantId'))
    .where('resetId', '=', value('resetId'))
    .orderBy('gate'))
const noting = prepared<{ tenantId: string; id: string; userId: string | null; gatesRequired: number; refusal: string | null }>()((db, value) =>
  db
    .updateTable('resets')
    .set({ userId: value('userId'), gatesRequired: value('gatesRequired'), refusal: value('refusal') })
    .where('tenantId', '=', value('tenantId'))
    .where('id', '=', value('id'))
    .where('gatesRequired', 'is', null))

export async function insertReset(trx: Db, row: ResetRow): Promise<void> {
  await inserting.run(trx, row)
}

/** The transaction behind a browser's cookie; the hash is unique in the installation. */
export function findResetByCookie(db: Db, cookieHash: string): Promise<ResetRow | undefined> {
  return resetByCookie.first(db, { cookieHash })
}

export function findReset(db: Db, tenantId: string, id: string): Promise<ResetRow | undefined> {
  return resetById.first(db, { tenantId, id })
}

/** Those of these transactions that are there, in no order. */
export function findResets(db: Db, tenantId: string, ids: readonly string[]): Promise<ResetRow[]> {
  return db.selectFrom('resets').select(columns.resets).where('tenantId', '=', tenantId).where('id', 'in', ids).execute()
}

/** What an administrator looks up when a person reads a support code out (LD-01, D-05). */
export function findResetBySupportCode(db: Db, tenantId: string, supportCode: string): Promise<ResetRow | undefined> {
  return db.selectFrom('resets').select(columns.resets).where('tenantId', '=', tenantId).where('supportCode', '=', supportCode).executeTakeFirst()
}

/**
 * Moves a transaction on, if it still stands where it was read: state and version must both agree (T-07). False means that
 * someone else moved it, so nothing that was decided on the old row may happen.
 */
export async function moveReset(trx: Db, seen: ResetRow, change: Updateable<ResetTable>): Promise<boolean> {
  const done = await trx
    .updateTable('resets')
    .set({ ...change, version: seen.version + 1 })
    .where('tenantId', '=', seen.tenantId)
    .where('id', '=', seen.id)
    .where('state', '=', seen.state)
    .where('version', '=', seen.version)
    .executeTakeFirst()
  return done.numUpdatedRows > 0n
}

/**
 * What the worker found out about the name, once: whose it is, how many gates, and why not. Moves nothing, so a browser that
 * is a step further by now is not thrown back.
 */
export async function noteIdentity(
  trx: Db,
  tenantId: string,
  id: string,
  found: { userId: string | null; gatesRequired: number; refusal: string | null },
): Promise<boolean> {
  return (await noting.run(trx, { tenantId, id, ...found })) > 0
}

/** A later look at the same account found another answer: kept under the support code, moves nothing. */
export async function noteRefusal(trx: Db, tenantId: string, id: string, refusal: string | null): Promise<void> {
  await trx.updateTable('resets').set({ refusal }).where('tenantId', '=', tenantId).where('id', '=', id).execute()
}

export async function insertResetGate(trx: Db, row: Insertable<ResetGateTable>): Promise<void> {
  await trx.insertInto('resetGates').values(row).execute()
}

/** The gates passed in a transaction, in their order. */
export function listResetGates(db: Db, tenantId: string, resetId: string): Promise<ResetGateRow[]> {
  return gatesOf.all(db, { tenantId, resetId })
}

/** When a code by this way was last asked for in a transaction. Requests, not messages, so it tells nothing (T-01). */
export async function lastChallengeAt(db: Db, reset: Pick<ResetRow, 'tenantId' | 'id'>, method: string): Promise<number | undefined> {
  const row = await challengesOf(db, reset, method).orderBy('createdAt', 'desc').limit(1).executeTakeFirst()
  return row?.createdAt
}

/** True when a code by this way went out in this transaction. */
export async function wasCodeSent(db: Db, reset: Pick<ResetRow, 'tenantId' | 'id'>, method: string): Promise<boolean> {
  return (await challengesOf(db, reset, method).where('destinationIndex', 'is not', null).limit(1).executeTakeFirst()) !== undefined
}

const challengesOf = (db: Db, { tenantId, id }: Pick<ResetRow, 'tenantId' | 'id'>, method: string) =>
  db
    .selectFrom('challenges')
    .select('createdAt')
    .where('tenantId', '=', tenantId)
    .where('transactionId', '=', id)
    .where('purpose', '=', 'reset')
    .where('method', '=', method)
