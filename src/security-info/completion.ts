import type { App, Db } from '../app.ts'
import { initiatedBy } from '../credentials/actor.ts'
import { resetReadiness } from '../rules/registration.ts'
import { appendAudit } from '../store/audit.ts'
import { gatherFacts } from '../store/facts.ts'
import { findUser, updateUser } from '../store/users.ts'
import type { Visit } from './visit.ts'

/**
 * After a method was added, in the same transaction: when that makes the set complete for the first time, the person counts as
 * registered from now on, and the time until the next confirmation begins (sspr §4.3, §4.4). One record for the whole set,
 * beside the one for each item (C-17).
 */
export async function noteIfComplete(app: App, trx: Db, visit: Visit): Promise<void> {
  const { tenantId, userId, actor, correlationId } = visit
  const user = await findUser(trx, tenantId, userId)
  if (!user || user.registrationCompletedAt !== null) return
  const facts = await gatherFacts(trx, { tenantId, userId, now: app.now(), providers: visit.facts.providers })
  if (!facts.subject || !resetReadiness({ ...facts, subject: facts.subject }).isSsprRegistered) return
  const at = app.now()
  // On the way in the review is still to come, and tells by this moment that it is.
  await updateUser(trx, tenantId, userId, { registrationCompletedAt: at, lastConfirmedAt: visit.door === 'register' ? visit.signedInAt : at })
  await appendAudit(trx, {
    tenantId, at, service: 'Self-service Password Management', category: 'UserManagement', activity: 'User registered for self-service password reset',
    result: 'success', correlationId, initiatedBy: initiatedBy(actor), targets: [{ type: 'User', id: userId, displayName: user.displayName }],
  })
}
