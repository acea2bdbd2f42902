/** Reset, or only unlock: the answer, and giving up (sspr §5.3). */
import type { App } from '../app.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import type { ResetRow } from '../store/resets.ts'
import { judgeAgain } from './identify.ts'
import { recordStep } from './record.ts'
import { isPossible, mayOnlyUnlock, move, outOfOrder, recordImpossible } from './transaction.ts'
import type { Transaction } from './transaction.ts'

/**
 * Takes what the person needs.
 * @throws Refusal 409 out of order; 422 LK_FIELD_INVALID for anything but `reset` and `unlock`
 */
export async function chooseIntent(app: App, transaction: Transaction, intent: string): Promise<ResetRow> {
  if (transaction.reset.state !== 'INTENT') {
    await recordImpossible(app, transaction, 'intent')
    throw outOfOrder('intent')
  }
  if (intent !== 'reset' && intent !== 'unlock') throw new Refusal(422, [reason('LK_FIELD_INVALID', { field: 'intent' })], { field: 'intent' })
  const { facts, gatesRequired } = await judgeAgain(app, app.db, transaction.reset)
  return app.db.transaction().execute(async trx => {
    const reset = await move(app, trx, transaction, 'chooseIntent', { intent, gatesRequired, mayOnlyUnlock: mayOnlyUnlock(facts) }, { intent })
    await recordStep(app, trx, reset, `intent.${intent}`)
    return reset
  })
}

/** The person stops: the transaction is over before its time. Nothing to stop is no fault. */
export async function cancelReset(app: App, transaction: Transaction): Promise<void> {
  if (!isPossible(transaction, 'expire') || transaction.reset.state === 'COMMIT') return
  await app.db.transaction().execute(async trx => {
    const reset = await move(app, trx, transaction, 'expire')
    await recordStep(app, trx, reset, 'cancelled')
  })
}
