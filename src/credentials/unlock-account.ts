import { randomUUID } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { queueNotice } from '../notify/notices.ts'
import { Refusal } from '../refusal.ts'
import { isOnPremises } from '../rules/authority.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { statusOf } from '../rules/reason.ts'
import { reason } from '../rules/verdict.ts'
import { appendAudit } from '../store/audit.ts'
import { gatherSubject, gatherTenantFacts } from '../store/facts.ts'
import { clearKeys } from '../store/limits.ts'
import { clearLockouts } from '../store/lockouts.ts'
import { addUsageEvent } from '../store/usage-events.ts'
import { lockUser } from '../store/user-lock.ts'
import { accountKeysOf } from './account-key.ts'
import { initiatedBy, isSelf } from './actor.ts'
import type { Actor } from './actor.ts'
import { recoveryKeysOf } from './proof-budget.ts'

/**
 * Lifts the locks of an account without touching its password (sspr §5.3, §8.2): the domain's through its agent, first and
 * outside the transaction, then ours. By its owner after the gates, or by an administrator, who lifts the pause of recovery too.
 */
export async function unlockAccount(
  app: App,
  wish: { tenantId: string; userId: string; actor: Actor; correlationId: string; alsoInTransaction?: (trx: Db) => Promise<void> },
): Promise<void> {
  const { tenantId, userId, actor, correlationId } = wish
  const tenant = await gatherTenantFacts(app.db, tenantId)
  const subject = await gatherSubject(app.db, tenant, userId, app.now())
  if (!subject || subject.deleted) throw refused('LK_NOT_FOUND')
  const self = isSelf(actor, userId)
  if (isOnPremises(subject)) {
    const answer = await app.agents.unlock({ tenantId, userId, messageId: randomUUID() })
    if (answer.status === 'unreachable') throw refused(self ? 'SSPR_0030' : 'WRITEBACK_AGENT_DOWN')
    if (answer.status === 'unknown') throw refused('LK_WRITEBACK_UNKNOWN')
    if (answer.status === 'refused') throw refused(self ? 'SSPR_0029' : answer.code)
  }
  const at = app.now()
  await app.db.transaction().execute(async trx => {
    if (!(await lockUser(trx, tenantId, userId))) throw refused('LK_NOT_FOUND')
    await wish.alsoInTransaction?.(trx)
    await clearLockouts(trx, tenantId, await accountKeysOf(app, trx, tenantId, userId))
    await clearKeys(trx, tenantId, await recoveryKeysOf(app, trx, tenantId, userId))
    await addUsageEvent(trx, { tenantId, at, userId, feature: 'unlock', method: null, status: 'success', failureReason: null })
    await queueNotice(app, trx, { event: 'accountUnlocked', tenantId, userId, at, ipAddress: actor.ipAddress })
    await appendAudit(trx, {
      tenantId, at, service: 'Self-service Password Management', category: 'UserManagement',
      activity: self ? 'Unlock user account (self-service)' : 'Unlock user account (by admin)', result: 'success', correlationId,
      initiatedBy: initiatedBy(actor), targets: [{ type: 'User', id: userId, displayName: subject.displayName }],
    })
  })
}

const refused = (code: ReasonCode) => new Refusal(statusOf(code), [reason(code)])
