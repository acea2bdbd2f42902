import type { App, Db } from '../app.ts'
import { queueAdministratorReset, queueNotice, queueResetAlert } from '../notify/notices.ts'
import { isAdministrator } from '../rules/admin-policy.ts'
import type { Channel, SubjectFacts } from '../rules/facts.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { channels } from '../rules/writeback.ts'
import { appendAudit } from '../store/audit.ts'
import type { AuditEntry } from '../store/audit.ts'
import { addPasswordEvent } from '../store/password-events.ts'
import { addUsageEvent } from '../store/usage-events.ts'
import { initiatedBy } from './actor.ts'
import type { Actor } from './actor.ts'
import { lastChangeOfSecurityInfo, worthALook } from './recent-change.ts'
import { sessionsActivity } from './revoke-sessions.ts'

/** What the records say of a password that was set, or was not. */
interface Wish {
  tenantId: string
  userId: string
  channel: Channel
  actor: Actor
  correlationId: string
  mustChange?: boolean
  temporary?: boolean
}

interface Known {
  subject: SubjectFacts
}

type Kind = 'reset' | 'change' | 'adminReset'

function kindOf(channel: Channel): Kind {
  if (channels[channel].actor === 'administrator') return 'adminReset'
  return channel === 'sspr-portal' ? 'reset' : 'change'
}

/** The activities under which each is published (sspr §11.2, §11.4). */
const activities: Record<Kind, { service: string; directory: string }> = {
  reset: { service: 'Reset password (self-service)', directory: 'Reset password' },
  change: { service: 'Change password (self-service)', directory: 'Change user password' },
  adminReset: { service: 'Reset password (by admin)', directory: 'Reset password' },
}

/** The alert of T-84; our own name, for the original has none. */
export const soonAfterChange = 'Alert: password reset soon after a change of security info'

/** Everything that is written about a password that has been set; last in its transaction, for the audit holds others up. */
export async function recordSuccess(app: App, trx: Db, wish: Wish, known: Known, how: { at: number; home: { agentId: string | null } | null }): Promise<void> {
  const { tenantId, userId, channel, actor } = wish
  const { at, home } = how
  const kind = kindOf(channel)
  const writeback = home ? 'ok' : 'notNeeded'
  await addPasswordEvent(trx, { tenantId, userId, at, channel, writeback, code: null, actorId: actor.userId ?? null })
  await addUsageEvent(trx, { tenantId, at, userId, feature: kind, method: null, status: 'success', failureReason: null })
  await queueNotices(app, trx, wish, known, kind, at)
  const agent = home ? 'Connector' : 'None'
  const common = commonOf(wish, known, at, [{ key: 'onPremisesAgent', value: agent }, { key: 'writeback', value: writeback }])
  const forced = kind === 'adminReset' && (wish.mustChange || wish.temporary)
  await appendAudit(trx, { ...common, service: 'Self-service Password Management', activity: activities[kind].service, result: 'success' })
  await appendAudit(trx, { ...common, service: 'Core Directory', activity: activities[kind].directory, result: 'success' })
  if (forced) await appendAudit(trx, { ...common, service: 'Core Directory', activity: 'Set force change user password', result: 'success' })
  await appendAudit(trx, { ...common, service: 'Core Directory', activity: sessionsActivity, result: 'success' })
  if (kind === 'reset') await raiseAlert(app, trx, common)
}

/** A row to look for, and a word to the Global Administrators: whoever changes somebody's security info and then resets takes the account over (T-84). */
async function raiseAlert(app: App, trx: Db, common: Omit<AuditEntry, 'service' | 'activity' | 'result'>): Promise<void> {
  const { tenantId, at, targets, correlationId, initiatedBy: { ipAddress } } = common
  const userId = targets[0]!.id
  const changedAt = await lastChangeOfSecurityInfo(trx, { tenantId, userId, from: at - worthALook })
  if (changedAt === null) return
  await queueResetAlert(app, trx, { tenantId, userId, changedAt, at, ipAddress, supportCode: correlationId })
  const additionalDetails = [...(common.additionalDetails ?? []), { key: 'securityInfoChanged', value: new Date(changedAt).toISOString() }]
  await appendAudit(trx, { ...common, additionalDetails, service: 'Self-service Password Management', activity: soonAfterChange, result: 'success' })
}

async function queueNotices(app: App, trx: Db, wish: Wish, { subject }: Known, kind: Kind, at: number): Promise<void> {
  const { tenantId, userId, actor } = wish
  const event = { reset: 'passwordReset', change: 'passwordChanged', adminReset: 'passwordResetByAdministrator' } as const
  await queueNotice(app, trx, { event: event[kind], tenantId, userId, at, ipAddress: actor.ipAddress })
  if (kind === 'reset' && isAdministrator(subject)) await queueAdministratorReset(app, trx, { tenantId, userId, at, ipAddress: actor.ipAddress })
}

export interface Failure {
  code: ReasonCode
  writeback: 'notNeeded' | 'failed' | 'notSupported' | 'unknown'
  result: 'failure' | 'timeout'
}

/** A password that was not set, and why; in a transaction of its own, since nothing else happens. */
export async function recordFailure(app: App, wish: Wish, known: Known, { code, writeback, result }: Failure): Promise<void> {
  const { tenantId, userId, channel, actor } = wish
  const at = app.now()
  const kind = kindOf(channel)
  await app.db.transaction().execute(async trx => {
    // A rule of passwords says nothing about the way to the domain: D-11 asks the events about that.
    if (writeback !== 'notNeeded') await addPasswordEvent(trx, { tenantId, userId, at, channel, writeback, code, actorId: actor.userId ?? null })
    await addUsageEvent(trx, { tenantId, at, userId, feature: kind, method: null, status: 'failure', failureReason: code })
    await appendAudit(trx, {
      ...commonOf(wish, known, at, [{ key: 'writeback', value: writeback }]),
      service: 'Self-service Password Management', activity: activities[kind].service, result, resultReason: publishedReason(code),
    })
  })
}

/** The domain took the password and here it could not be stored: D-11 finds it, and the next sync settles it. */
export async function recordPending(app: App, wish: Wish, known: Known): Promise<void> {
  const { tenantId, userId, channel, actor } = wish
  const at = app.now()
  await app.db.transaction().execute(async trx => {
    await addPasswordEvent(trx, { tenantId, userId, at, channel, writeback: 'ok', code: 'LK_CLOUD_PENDING', actorId: actor.userId ?? null })
    await appendAudit(trx, {
      ...commonOf(wish, known, at, [{ key: 'onPremisesAgent', value: 'Connector' }, { key: 'writeback', value: 'ok' }]),
      service: 'Self-service Password Management', activity: activities[kindOf(channel)].service, result: 'unknown', resultReason: 'pendingCloud',
    })
  })
}

/** The banned list is published under the original's name for it (sspr §11.2). */
function publishedReason(code: ReasonCode): string {
  return code === 'LK_PASSWORD_BANNED' || code === 'LK_PASSWORD_BANNED_CUSTOM' ? 'FuzzyPolicyViolationInvalidPassword' : code
}

function commonOf(
  { tenantId, userId, channel, actor, correlationId }: Wish,
  { subject }: Known,
  at: number,
  details: { key: string; value: string }[],
): Omit<AuditEntry, 'service' | 'activity' | 'result'> {
  return {
    tenantId, at, category: 'UserManagement', correlationId, initiatedBy: initiatedBy(actor),
    targets: [{ type: 'User', id: userId, displayName: subject.displayName }],
    additionalDetails: [{ key: 'channel', value: channel }, ...details],
  }
}
