/**
 * "Ask your administrator" (sspr §5.9, LD-54). The request leaves one job and answers; who is asked, and whether anybody is, the
 * worker finds out, so that the page is the same for a name nobody has (T-21).
 */
import type { App } from '../app.ts'
import { contactAdministrator } from '../notify/contact-administrator.ts'
import { defineJob, queueJob } from '../notify/jobs.ts'
import { readPolicies } from '../store/policies.ts'
import { findReset } from '../store/resets.ts'
import { identifyLater } from './identify.ts'
import { recordImpossible, isPossible, outOfOrder } from './transaction.ts'
import type { Transaction } from './transaction.ts'
import { recordStep } from './record.ts'
import { helpdeskOf } from './state.ts'

export const contactJob = 'reset.contact'

/**
 * Leaves the request for the worker.
 * @throws Refusal 409 out of order
 */
export async function askAdministrator(app: App, transaction: Transaction): Promise<void> {
  const { reset } = transaction
  if (!isPossible(transaction, 'contactAdministrator')) {
    await recordImpossible(app, transaction, 'contact')
    throw outOfOrder('contact')
  }
  await app.db.transaction().execute(async trx => {
    await queueJob(app, trx, { tenantId: reset.tenantId, kind: contactJob, payload: { resetId: reset.id }, quiet: true })
  })
}

/** Counted for the name as typed, whoever has it; a tenant with its own help desk sends no mail of ours. */
defineJob(contactJob, async (app, payload, { tenantId }) => {
  const { resetId } = payload as { resetId: string }
  await identifyLater(app, tenantId, resetId)
  const reset = await findReset(app.db, tenantId, resetId)
  if (!reset) return
  const { passwordResetPolicy } = await readPolicies(app.db, tenantId)
  if (helpdeskOf(passwordResetPolicy).kind !== 'request') return
  const outcome = await contactAdministrator(app, { tenantId, userId: reset.userId, account: reset.accountKey, supportCode: reset.supportCode })
  const result = outcome === 'asked' || outcome === 'digest' ? 'success' : 'failure'
  await recordStep(app, app.db, reset, 'contactAdmin', { result, details: [{ key: 'outcome', value: outcome }] })
})
