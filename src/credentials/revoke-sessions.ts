import type { App, Db } from '../app.ts'
import { queueNotice } from '../notify/notices.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import { appendAudit } from '../store/audit.ts'
import { carrySessionOver, endOtherSessions } from '../store/sessions.ts'
import { bumpCredentialEpoch, findUser } from '../store/users.ts'
import { initiatedBy } from './actor.ts'
import type { Actor } from './actor.ts'

/** The activity under which the end of all sessions is published (sspr §11.4). */
export const sessionsActivity = 'Update StsRefreshTokenValidFrom Timestamp'

/**
 * Signs a person out everywhere, at once and in all processes (T-19); `keepSession` is the id hash of the one that goes on.
 * Returns how many sessions ended.
 */
export async function revokeSessions(
  app: App,
  wish: {
    tenantId: string
    userId: string
    keepSession?: string | undefined
    actor: Actor
    correlationId: string
    /** Decides under the same lock as the act; throwing undoes everything (T-41). */
    alsoInTransaction?: (trx: Db) => Promise<void>
  },
): Promise<number> {
  const { tenantId, userId, actor, correlationId } = wish
  const at = app.now()
  return app.db.transaction().execute(async trx => {
    await wish.alsoInTransaction?.(trx)
    const ended = await endSessions(trx, { tenantId, userId, keepSession: wish.keepSession, at })
    await queueNotice(app, trx, { event: 'sessionsRevoked', tenantId, userId, at, ipAddress: actor.ipAddress })
    const user = await findUser(trx, tenantId, userId)
    await appendAudit(trx, {
      tenantId, at, service: 'Core Directory', category: 'UserManagement', activity: sessionsActivity, result: 'success', correlationId,
      initiatedBy: initiatedBy(actor), targets: [{ type: 'User', id: userId, displayName: user?.displayName ?? '' }],
    })
    return ended
  })
}

/** The same in the transaction of something greater, which tells of it itself. Holds the person's row until the end (T-87). */
export async function endSessions(
  trx: Db,
  { tenantId, userId, keepSession, at }: { tenantId: string; userId: string; keepSession?: string | undefined; at: number },
): Promise<number> {
  if ((await bumpCredentialEpoch(trx, tenantId, userId, at)) === undefined) throw new Refusal(404, [reason('LK_NOT_FOUND')])
  const ended = await endOtherSessions(trx, { tenantId, userId, ...(keepSession === undefined ? {} : { except: keepSession }) })
  if (keepSession !== undefined) await carrySessionOver(trx, { tenantId, userId, idHash: keepSession })
  return ended
}
