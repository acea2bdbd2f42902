import type { Db } from '../app.ts'
import { isReasonCode } from '../rules/reason.ts'
import { reason } from '../rules/verdict.ts'
import type { Reason } from '../rules/verdict.ts'
import type { AuditRow } from '../store/audit.ts'
import { listAudit } from '../store/audit.ts'
import { listDeliveries } from '../store/deliveries.ts'
import { findResetBySupportCode } from '../store/resets.ts'
import type { Attempt } from './snapshot.ts'

/** One line of what happened, as the audit has it. */
export interface Step {
  at: number
  activity: string
  result: string
  reason: string | null
}

export interface FoundAttempt extends Attempt {
  userId: string | null
  steps: Step[]
}

/**
 * What is kept under a support code: the recovery and its true reasons, whatever the page said (LD-01), and every audit record
 * that bears the code. Null when nothing does.
 */
export async function findAttempt(db: Db, tenantId: string, supportCode: string): Promise<FoundAttempt | null> {
  const code = supportCode.trim()
  const reset = await findResetBySupportCode(db, tenantId, code)
  const rows = await listAudit(db, { tenantId, filter: { correlationId: code }, top: 50 })
  if (!reset && rows.length === 0) return null
  const sent = await listDeliveries(db, { tenantId, supportCode: code, top: 50 })
  const kept = reset?.refusal ? (JSON.parse(reset.refusal) as Reason[]).filter(one => isReasonCode(one.code)) : []
  const newest = rows[0]
  return {
    supportCode: code,
    at: reset?.startedAt ?? newest!.activityDateTime,
    state: reset?.state ?? newest!.result,
    reasons: kept.length > 0 ? kept.map(one => reason(one.code, one.values)) : reasonsOf(rows),
    deliveries: sent.map(({ at, kind, messageName, outcome, detail }) => ({ at, kind, message: messageName, outcome, limit: outcome === 'suppressed' ? detail : null })),
    userId: reset?.userId ?? userOf(newest),
    steps: rows.map(row => ({ at: row.activityDateTime, activity: row.activity, result: row.result, reason: row.resultReason })).toReversed(),
  }
}

/** The person's last recovery or change that failed, when there is one and nothing has succeeded since. */
export async function lastAttempt(db: Db, tenantId: string, userId: string): Promise<FoundAttempt | null> {
  const rows = await listAudit(db, { tenantId, filter: { targetId: userId, service: 'Self-service Password Management' }, top: 50 })
  const newest = rows.find(row => codeIn(row.resultReason) !== undefined || row.activity !== 'Self-service password reset flow activity progress')
  return newest && newest.result !== 'success' ? findAttempt(db, tenantId, newest.correlationId) : null
}

/** Reasons of failed records, the newest first, each once. */
function reasonsOf(rows: readonly AuditRow[]): Reason[] {
  const codes = rows.filter(row => row.result !== 'success').flatMap(row => codeIn(row.resultReason) ?? [])
  return [...new Set(codes)].map(code => reason(code))
}

/** `check.refused:SSPR_0013`, `password.rejected:LK_PASSWORD_BANNED` and bare codes all name one. */
function codeIn(text: string | null) {
  const last = text?.slice(text.lastIndexOf(':') + 1).trim() ?? ''
  return isReasonCode(last) ? last : undefined
}

function userOf(row: AuditRow | undefined): string | null {
  if (!row) return null
  const targets = JSON.parse(row.targets) as { type: string; id: string }[]
  const id = targets.find(target => target.type.toLowerCase() === 'user')?.id ?? row.initiatorId
  return id === 'unknown' ? null : id // as a reset of a name nobody has is written down
}
