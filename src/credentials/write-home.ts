import type { App, WritebackOutcome } from '../app.ts'
import type { Channel } from '../rules/facts.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { channels } from '../rules/writeback.ts'
import type { Secret } from '../secret.ts'
import { claimOnce, findOutcome, releaseClaim, saveOutcome } from '../store/once-only.ts'

/** For how long a repeated request meets the outcome of the first. */
const remembered = 3_600_000

export interface HomeWriting {
  tenantId: string
  userId: string
  newPassword: Secret
  oldPassword?: Secret | undefined
  mustChange: boolean
  unlock: boolean
  channel: Channel
  /** Equal for a repetition of the same request: the reset's id. */
  idempotencyKey: string
}

export type HomeWritten =
  | { status: 'ok'; agentId: string | null; repeated: boolean }
  | { status: 'failed' | 'unknown'; code: ReasonCode; agentId: string | null }

/**
 * Carries a password to the domain, never inside a transaction. The message id is made of the request and the password, so a
 * repetition with the same password is the same message: a domain that has accepted it is not asked again, and an agent
 * that keeps a journal knows it. Nothing of the password can be read from the id.
 */
export async function writeHome(app: App, writing: HomeWriting): Promise<HomeWritten> {
  const { tenantId, userId, newPassword, oldPassword, mustChange, unlock, channel, idempotencyKey } = writing
  const text = `${idempotencyKey}\n${userId}\n${newPassword.reveal()}`
  const messageId = app.keys.mac('idempotency', text).split('.')[1]!.slice(0, 40)
  const key = `writeback:${messageId}`
  const now = app.now()
  const first = await claimOnce(app.db, { tenantId, key, expiresAt: now + remembered, now })
  if (!first && (await findOutcome(app.db, tenantId, key, now)) === 'ok') return { status: 'ok', agentId: null, repeated: true }
  const answer = await app.agents.writePassword({ tenantId, userId, newPassword, ...(oldPassword ? { oldPassword } : {}), mustChange, unlock, messageId })
  if (answer.status === 'done') {
    await saveOutcome(app.db, tenantId, key, 'ok')
    return { status: 'ok', agentId: answer.agentId, repeated: !first }
  }
  if (answer.status === 'unknown') return { status: 'unknown', code: 'LK_WRITEBACK_UNKNOWN', agentId: null }
  await releaseClaim(app.db, tenantId, key)
  return { status: 'failed', code: codeOf(answer, channel), agentId: answer.status === 'refused' ? answer.agentId : null }
}

/** People are told the original's codes, administrators what to look at (sspr §12.1, D-09). */
function codeOf(answer: Extract<WritebackOutcome, { status: 'refused' | 'unreachable' }>, channel: Channel): ReasonCode {
  const self = channels[channel].actor === 'self'
  if (answer.status === 'unreachable') return self ? 'SSPR_0030' : 'WRITEBACK_AGENT_DOWN'
  return answer.code === 'AD_PROTECTED_ACCOUNT' && self ? 'SSPR_0029' : answer.code
}
