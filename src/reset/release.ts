/**
 * The last look before a password is set or an account unlocked, inside the very transaction that does it (T-07, T-87): account,
 * policy, methods and gates are read again from their rows, and nothing that was decided earlier counts.
 */
import type { App, Db } from '../app.ts'
import { Refusal } from '../refusal.ts'
import type { ResetFacts } from '../rules/facts.ts'
import { gatesSuffice } from '../rules/reset-machine.ts'
import { usableMethods } from '../rules/usable-methods.ts'
import { tellable } from '../rules/disclosure.ts'
import { reason } from '../rules/verdict.ts'
import { endChallenges } from '../store/challenges.ts'
import { findReset, listResetGates } from '../store/resets.ts'
import type { ResetGateRow, ResetRow } from '../store/resets.ts'
import { findTenant } from '../store/tenants.ts'
import { judgeAgain } from './identify.ts'
import { machineFacts, mayOnlyUnlock, move, outOfOrder, passedGate } from './transaction.ts'
import type { Transaction } from './transaction.ts'

/** What was allowed is not any more. The transaction ends with it; a new start is possible. */
export class Tightened extends Refusal {
  constructor(reasons: Refusal['reasons'], detail: string) {
    super(403, reasons, { detail })
    this.name = 'Tightened'
  }
}

export interface Released {
  facts: ResetFacts
  gatesRequired: number
  gates: ResetGateRow[]
}

/** May the new password be set now? @throws Tightened when not; Refusal 410 when the time is over */
export async function requireRelease(app: App, db: Db, reset: ResetRow): Promise<Released> {
  const now = app.now()
  if (now >= reset.expiresAt) throw new Refusal(410, [reason('LK_SESSION_EXPIRED')])
  if ((await findTenant(db, reset.tenantId))?.suspendedAt != null) throw new Tightened([reason('SSPR_0009')], 'the tenant is suspended')
  const { facts, verdict, gatesRequired } = await judgeAgain(app, db, reset)
  if (!verdict.allowed) throw new Tightened(tellable(facts, verdict), verdict.reasons[0]!.code)
  const gates = (await listResetGates(db, reset.tenantId, reset.id)).filter(gate => stillCounts(gate, reset, facts))
  if (!gatesSuffice(gates.map(passedGate), gatesRequired))
    throw new Tightened([reason('LK_GATE_NOT_PASSED')], `${gates.length} of ${gatesRequired} gates count`)
  return { facts, gatesRequired, gates }
}

/** Passed in this transaction's time, by a method the person still has and may still use, to where it leads now. */
function stillCounts(gate: ResetGateRow, reset: ResetRow, { tenant, subject, providers, now }: ResetFacts): boolean {
  if (gate.passedAt < reset.startedAt || gate.passedAt >= reset.expiresAt || !subject) return false
  return usableMethods({ tenant, subject, providers, now }).some(
    method => method.methodId === gate.methodId && method.way === gate.method && method.destinationKey === gate.destinationIndex,
  )
}

/** Ends the transaction as done, in the database transaction that does it; whoever comes second finds it moved. */
export async function commitReset(app: App, trx: Db, seen: ResetRow, event: 'commit' | 'commitWithoutCloud'): Promise<ResetRow> {
  const reset = await findReset(trx, seen.tenantId, seen.id)
  if (!reset || reset.userId !== seen.userId) throw outOfOrder('the transaction is gone')
  const { facts, gatesRequired, gates } = await requireRelease(app, trx, reset)
  const transaction: Transaction = { reset, gates }
  const done = await move(app, trx, transaction, event, { ...machineFacts(transaction), gatesRequired, mayOnlyUnlock: mayOnlyUnlock(facts) }, { refusal: null })
  await endChallenges(trx, reset.tenantId, reset.id, app.now())
  return done
}
