/**
 * The recovery transaction as a browser holds it (T-07, T-30, LD-19): one row, found by a cookie that only we make, moved only by
 * the table of rules/reset-machine.ts and only from where it was read. Its fifteen minutes are absolute.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { Refusal } from '../refusal.ts'
import type { ResetFacts } from '../rules/facts.ts'
import type { PassedGate } from '../rules/gates.ts'
import { isFinal, transition } from '../rules/reset-machine.ts'
import type { ResetEvent, ResetMachineFacts, ResetState } from '../rules/reset-machine.ts'
import { resetIntents } from '../rules/reset-intent.ts'
import type { Reason } from '../rules/verdict.ts'
import { reason } from '../rules/verdict.ts'
import type { Way } from '../rules/usable-methods.ts'
import { inTransaction } from '../store/engine.ts'
import { claimOnce } from '../store/once-only.ts'
import { findResetByCookie, listResetGates, moveReset } from '../store/resets.ts'
import type { ResetGateRow, ResetRow } from '../store/resets.ts'
import { recordStep } from './record.ts'

/** From the identifier step to the end (LD-19). */
export const recoveryLifetime = 15 * 60_000

export const hashOf = (cookie: string): string => createHash('sha256').update(cookie).digest('base64url')

/** A new handle: 256 random bits for the browser, their hash for us (T-30). */
export function newHandle(): { cookie: string; cookieHash: string } {
  const cookie = randomBytes(32).toString('base64url')
  return { cookie, cookieHash: hashOf(cookie) }
}

/** What a handle looks like; whether it is one of ours only the rows say. */
export const isHandle = (cookie: string | undefined): cookie is string => cookie !== undefined && /^[\w-]{43}$/.test(cookie)

export interface Transaction {
  reset: ResetRow
  gates: ResetGateRow[]
}

/** A transaction with the handle it was found by. */
export interface Held extends Transaction {
  cookie: string
}

/**
 * The transaction behind a cookie, as it stands now; undefined for a cookie that is none of ours. One whose time is over is
 * moved to EXPIRED on the way, whatever it was doing.
 */
export async function findTransaction(app: App, cookie: string | undefined): Promise<Held | undefined> {
  if (!isHandle(cookie)) return undefined
  const reset = await findResetByCookie(app.db, hashOf(cookie))
  if (!reset) return undefined
  const gates = await listResetGates(app.db, reset.tenantId, reset.id)
  if (isFinal(reset.state as ResetState) || app.now() < reset.expiresAt) return { reset, gates, cookie }
  return { reset: await expire(app, { reset, gates }), gates, cookie }
}

/** The transaction a step belongs to. @throws Refusal 409 when there is none, 410 when its time is over */
export async function requireTransaction(app: App, cookie: string | undefined): Promise<Held> {
  const transaction = await findTransaction(app, cookie)
  if (!transaction) throw outOfOrder()
  if (transaction.reset.state === 'EXPIRED') throw new Refusal(410, [reason('LK_SESSION_EXPIRED')])
  return transaction
}

export const outOfOrder = (detail?: string) => new Refusal(409, [reason('LK_OUT_OF_ORDER')], { detail })

async function expire(app: App, transaction: Transaction): Promise<ResetRow> {
  const { reset } = transaction
  return inTransaction(app.db, async trx => {
    if (!(await moveReset(trx, reset, { state: 'EXPIRED', finishedAt: app.now() }))) return { ...reset, state: 'EXPIRED' }
    await recordStep(app, trx, reset, 'expired', { result: 'timeout' })
    return { ...reset, state: 'EXPIRED', version: reset.version + 1 }
  })
}

/** What of the row and of what is known now the machine decides by. */
export function machineFacts({ reset, gates }: Transaction, known: Partial<ResetMachineFacts> = {}): ResetMachineFacts {
  const unseen = reset.disclosure === 'private' && gates.length === 0
  return {
    verdict: unseen ? 'unseen' : reset.refusal === null ? 'allowed' : 'refused',
    blocked: false,
    gatesRequired: reset.gatesRequired ?? 2, // the more while nobody has looked
    passed: gates.map(passedGate),
    mayOnlyUnlock: false,
    intent: reset.intent as 'reset' | 'unlock' | null,
    ...known,
  }
}

export const passedGate = (gate: Pick<ResetGateRow, 'method' | 'destinationIndex'>): PassedGate => ({
  way: gate.method as Way, destinationKey: gate.destinationIndex,
})

/** True when this person has both paths of sspr §5.3. */
export function mayOnlyUnlock(facts: ResetFacts): boolean {
  return facts.subject !== null && resetIntents({ tenant: facts.tenant, subject: facts.subject }).includes('unlock')
}

/** True when the table knows a way from here; asks nothing of the database. */
export function isPossible(transaction: Transaction, event: ResetEvent, known: Partial<ResetMachineFacts> = {}): boolean {
  return transition(transaction.reset.state as ResetState, event, machineFacts(transaction, known)) !== 'impossible'
}

/**
 * Moves the transaction on, in the caller's database transaction.
 * @returns the row as it stands after it
 * @throws Refusal 409 LK_OUT_OF_ORDER when the table has no such step, or someone else moved it meanwhile; nothing is written then
 */
export async function move(
  app: App, trx: Db, transaction: Transaction, event: ResetEvent, known: Partial<ResetMachineFacts> = {}, change: Partial<ResetRow> = {},
): Promise<ResetRow> {
  const { reset } = transaction
  const state = transition(reset.state as ResetState, event, machineFacts(transaction, known))
  if (state === 'impossible') throw outOfOrder(`${event} in ${reset.state}`)
  const finished = isFinal(state) ? { finishedAt: app.now() } : {}
  const moved = { ...change, ...finished, state }
  if (!(await moveReset(trx, reset, moved))) throw outOfOrder(`${event} in ${reset.state}, which someone else left`)
  return { ...reset, ...moved, version: reset.version + 1 }
}

/**
 * A step that fits nowhere is written down (T-07), once for each kind of step in a transaction: whoever hammers on a door does not
 * fill the audit (T-29).
 */
export async function recordImpossible(app: App, { reset }: Transaction, step: string): Promise<void> {
  const claim = { tenantId: reset.tenantId, key: `outOfOrder:${reset.id}:${step}`, expiresAt: reset.expiresAt + recoveryLifetime, now: app.now() }
  if (!(await claimOnce(app.db, claim))) return
  await recordStep(app, app.db, reset, `outOfOrder:${step}`, { result: 'failure', details: [{ key: 'state', value: reset.state }] })
}

/** Why it was refused, as kept under the support code. */
export function refusalOf(reset: Pick<ResetRow, 'refusal'>): Reason[] {
  return reset.refusal === null ? [] : (JSON.parse(reset.refusal) as Reason[])
}
