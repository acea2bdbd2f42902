/**
 * A proof that was right, sent again: the server died between its commit and its answer, or the answer was lost, and the browser
 * still has the handle from before the gate. It is answered as the first would have been. The handle after a gate is made from
 * the one before it with a key of ours, so nobody can work it out (T-30) and we can give it again: to whoever brings the handle
 * before and the very proof, for two minutes. Nothing is opened or used up a second time (T-05).
 */
import type { App, Db } from '../app.ts'
import { plainDigits } from '../credentials/code.ts'
import { reserveProof } from '../credentials/proof-budget.ts'
import { claimOnce, findOutcome } from '../store/once-only.ts'
import { findResetByCookie } from '../store/resets.ts'
import type { ResetRow } from '../store/resets.ts'
import { accountOf } from './identify.ts'
import { countTry, giveBack } from './throttles.ts'
import { hashOf, isHandle } from './transaction.ts'
import type { Proof } from './verify-gate.ts'

const repeatable = 2 * 60_000

/** The handle that follows one at a gate: another one under each of our keys, the active one first. */
const handlesAfter = (app: App, cookie: string): string[] => app.keys.macs('resetHandle', cookie).map(mac => mac.slice(mac.indexOf('.') + 1))

export function handleAfter(app: App, cookie: string): { cookie: string; cookieHash: string } {
  const [next] = handlesAfter(app, cookie)
  return { cookie: next!, cookieHash: hashOf(next!) }
}

/** Keeps what tells a repetition, in the transaction that opens the gate. Without the handle, which we do not keep, it tells nothing. */
export async function keepProof(app: App, trx: Db, tenantId: string, { cookie, proof }: { cookie: string; proof: Proof }): Promise<void> {
  const now = app.now()
  await claimOnce(trx, { tenantId, key: keyOf(cookie), expiresAt: now + repeatable, now, outcome: app.keys.mac('idempotency', textOf(cookie, proof)) })
}

/**
 * The answer the first request did not get; undefined when this is no repetition of it. A try is counted before anything is
 * compared and given back when it is right (T-04), as at the gate.
 *
 * @param resetId the transaction the request names, where it names one
 */
export async function repeatedProof(app: App, cookie: string | undefined, proof: Proof, resetId?: string): Promise<{ cookie: string; reset: ResetRow } | undefined> {
  if (!isHandle(cookie)) return undefined
  const found = await findAfter(app, cookie)
  if (!found || (resetId !== undefined && found.reset.id !== resetId) || app.now() >= found.reset.expiresAt) return undefined
  const { reset } = found
  const kept = await findOutcome(app.db, reset.tenantId, keyOf(cookie), app.now())
  if (typeof kept !== 'string') return undefined
  const counted = await countTry(app, reset, ['proof'])
  if (!counted.served) return undefined
  const point = await reserveProof(app, { tenantId: reset.tenantId, purpose: 'reset', account: accountOf(reset) })
  if (!point.served || !app.keys.macMatches('idempotency', textOf(cookie, proof), kept)) return undefined
  await giveBack(app, app.db, reset, 'proof', counted.at)
  await point.giveBack(app.db)
  return found
}

/** The transaction that stands one gate further than this handle. */
async function findAfter(app: App, cookie: string): Promise<{ cookie: string; reset: ResetRow } | undefined> {
  for (const next of handlesAfter(app, cookie)) {
    const reset = await findResetByCookie(app.db, hashOf(next))
    if (reset) return { cookie: next, reset }
  }
  return undefined
}

const keyOf = (cookie: string): string => `gate:${hashOf(cookie)}`

/** The same for a code however it was typed. */
const textOf = (cookie: string, { method, code, answers }: Proof): string =>
  JSON.stringify([cookie, method, code === undefined ? null : (plainDigits(code) ?? code), answers ?? []])
