import type { App } from '../app.ts'
import { reportedKind } from '../credentials/methods.ts'
import { Refusal } from '../refusal.ts'
import type { ReasonCode } from '../rules/reason.ts'
import type { RegistrableKind } from '../rules/registration.ts'
import { claimOnce } from '../store/once-only.ts'
import { addUsageEvent } from '../store/usage-events.ts'
import type { Visit } from './visit.ts'

/** Not tries that failed: a form sent empty, or twice, and a second code asked for before the first had time to come. */
const hiccups: ReadonlySet<ReasonCode> = new Set(['LK_FIELD_REQUIRED', 'LK_CODE_NONE', 'LK_RESEND_TOO_SOON'])
/** Longer than any session lives (LD-19). */
const remembered = 25 * 3_600_000

/**
 * Runs one step of a registration; where it is refused, the reports count a registration that failed, with method and reason (sspr
 * §11.5). One for each session, method and reason: five wrong codes are one failure, and nobody fills the table by trying.
 */
export async function countingFailure<T>(app: App, visit: Visit, kind: RegistrableKind, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof Refusal && error.status < 500 && !hiccups.has(error.code)) {
      // The refusal is the answer, whatever becomes of the count.
      await note(app, visit, kind, error.code).catch((failed: unknown) => app.log.warn('a failed registration was not counted', { error: failed }))
    }
    throw error
  }
}

async function note(app: App, { tenantId, userId, transactionId }: Visit, kind: RegistrableKind, code: ReasonCode): Promise<void> {
  const now = app.now()
  await app.db.transaction().execute(async trx => {
    if (!(await claimOnce(trx, { tenantId, key: `registration-failed:${transactionId} ${kind} ${code}`, expiresAt: now + remembered, now }))) return
    await addUsageEvent(trx, { tenantId, at: now, userId, feature: 'registration', method: reportedKind(kind), status: 'failure', failureReason: code })
  })
}
