/**
 * What is written down about every step of a reset (sspr §11.2): the flow's progress, its end, a pause after too many tries. A
 * name that leads to nobody is not repeated in the audit, for people type passwords into the wrong field (T-78); the support code
 * stands in every record.
 */
import type { App, Db } from '../app.ts'
import { appendAudit } from '../store/audit.ts'
import type { AuditEntry } from '../store/audit.ts'
import { inTransaction } from '../store/engine.ts'
import { addUsageEvent } from '../store/usage-events.ts'
import type { ResetRow } from '../store/resets.ts'
import { findUser } from '../store/users.ts'
import type { UserRow } from '../store/users.ts'

/** Reasons of the activity progress, in the words of sspr §11.2: `gate1.email.sent`, `check.refused:SSPR_0014` … */
export type Step = string

export interface Recorded {
  result?: AuditEntry['result']
  details?: readonly { key: string; value: string }[]
}

const progress = 'Self-service password reset flow activity progress'

/** One record of "Self-service password reset flow activity progress". */
export function recordStep(app: App, db: Db, reset: ResetRow, step: Step, { result = 'success', details }: Recorded = {}): Promise<void> {
  return record(app, db, reset, progress, { result, resultReason: step, details })
}

/** The same record, for whoever writes many of them and knows the person, if there is one. */
export function stepEntry(app: App, reset: ResetRow, person: Person | null, step: Step, { result = 'success', details }: Recorded = {}): AuditEntry {
  return entryOf(app, reset, person ?? undefined, progress, { result, resultReason: step, details })
}

/** "Blocked from self-service password reset", which is written with the status Success (sspr §5.7). */
export async function recordBlocked(app: App, db: Db, reset: ResetRow, limit: string): Promise<void> {
  await record(app, db, reset, 'Blocked from self-service password reset', { result: 'success', details: [{ key: 'limit', value: limit }] })
}

/** "Reset password (self-service)" or "Unlock user account (self-service)". */
export function recordEnd(app: App, db: Db, reset: ResetRow, kind: 'reset' | 'unlock', result: 'success' | 'failure', code?: string): Promise<void> {
  const activity = kind === 'reset' ? 'Reset password (self-service)' : 'Unlock user account (self-service)'
  return record(app, db, reset, activity, { result, ...(code === undefined ? {} : { resultReason: code }) })
}

/** A line of the reports on resets by method (sspr §11.5). */
export function recordUsage(
  app: App, db: Db, reset: ResetRow, event: { feature?: 'reset' | 'unlock'; method: string | null; status: 'success' | 'failure' | 'started'; reason?: string },
): Promise<void> {
  const { feature = 'reset', method, status, reason = null } = event
  return addUsageEvent(db, { tenantId: reset.tenantId, at: app.now(), userId: reset.userId, feature, method, status, failureReason: reason })
}

/** The reports' own names for the ways (sspr §11.5). */
export const reportedMethod: Readonly<Record<string, string>> = {
  email: 'email', mobileSms: 'mobileSMS', mobileCall: 'mobileCall', officeCall: 'officePhone', securityQuestions: 'securityQuestion',
  appNotification: 'appNotification', appCode: 'appCode', oathCode: 'appCode', code: 'appCode',
}

interface Outcome {
  result: AuditEntry['result']
  resultReason?: string
  details?: Recorded['details']
}

async function record(app: App, db: Db, reset: ResetRow, activity: string, outcome: Outcome): Promise<void> {
  await inTransaction(db, async trx => {
    // The same query for a name that nobody has: what is written down must not take longer for one who exists (T-02).
    const user = await findUser(trx, reset.tenantId, reset.userId ?? reset.id)
    await appendAudit(trx, entryOf(app, reset, user, activity, outcome))
  })
}

type Person = Pick<UserRow, 'id' | 'userPrincipalName' | 'displayName'>

function entryOf(app: App, reset: ResetRow, user: Person | undefined, activity: string, { result, resultReason, details = [] }: Outcome): AuditEntry {
  const person = user ? { userId: user.id, userPrincipalName: user.userPrincipalName, displayName: user.displayName } : {}
  return {
    tenantId: reset.tenantId,
    at: app.now(),
    service: 'Self-service Password Management',
    category: 'UserManagement',
    activity,
    result,
    resultReason: resultReason ?? null,
    correlationId: reset.supportCode,
    initiatedBy: { ...person, ...(reset.ipAddress ? { ipAddress: reset.ipAddress } : {}), ...(user ? {} : { app: 'unknown' }) },
    targets: [{ type: 'User', id: user?.id ?? 'unknown', ...(user ? { displayName: user.displayName } : {}) }],
    additionalDetails: [{ key: 'supportCode', value: reset.supportCode }, { key: 'clientType', value: reset.clientType }, ...details],
  }
}
