import type { App, Db } from '../app.ts'
import { faultPoint } from '../fault-point.ts'
import { queueNotice } from '../notify/notices.ts'
import { Refusal } from '../refusal.ts'
import { checkAnswers as mayBeSaved, normaliseAnswer, poolBeyondReset } from '../rules/security-questions.ts'
import type { PasswordResetPolicy } from '../rules/tenant-settings.ts'
import { Secret } from '../secret.ts'
import { appendAudit } from '../store/audit.ts'
import { readPolicies } from '../store/policies.ts'
import { findDraw, pinDraw, readAnswers, replaceAnswers } from '../store/security-answers.ts'
import type { SecurityAnswerRow } from '../store/security-answers.ts'
import { addUsageEvent } from '../store/usage-events.ts'
import { initiatedBy } from './actor.ts'
import type { Actor } from './actor.ts'
import { hashPassword, matchesHash } from './hash-password.ts'
import { reserveProof } from './proof-budget.ts'
import type { ProofPurpose } from './proof-budget.ts'

/** A drawn set stays pinned for so long (T-12). */
const pinnedFor = 24 * 3_600_000

export interface GivenAnswer {
  questionId: string
  answer: Secret
}

/**
 * Saves somebody's own answers in place of any they had; nobody else can (sspr §4.6). Each has a salt of its own. Refuses with
 * the rule that is broken.
 */
export async function saveAnswers(
  app: App,
  given: { tenantId: string; userId: string; answers: readonly GivenAnswer[]; actor: Actor; correlationId: string; alsoInTransaction?: (trx: Db) => Promise<void> },
): Promise<void> {
  const { tenantId, userId, answers, actor, correlationId } = given
  const { passwordResetPolicy: policy } = await readPolicies(app.db, tenantId)
  const plain = answers.map(one => ({ questionId: one.questionId, text: one.answer.reveal() }))
  const verdict = mayBeSaved(plain, { questionIds: policy.securityQuestions.map(one => one.id), numberToRegister: policy.numberOfQuestionsToRegister })
  if (!verdict.allowed) throw new Refusal(422, verdict.reasons)
  const now = app.now()
  const rows: SecurityAnswerRow[] = []
  for (const { questionId, text } of plain) {
    const answerHash = await hashPassword(app, new Secret(normaliseAnswer(text)))
    rows.push({ questionId, questionText: textOf(policy, questionId), answerHash, createdDateTime: now })
  }
  await app.db.transaction().execute(async trx => {
    await given.alsoInTransaction?.(trx)
    await replaceAnswers(trx, tenantId, userId, rows)
    await addUsageEvent(trx, { tenantId, at: now, userId, feature: 'registration', method: 'securityQuestion', status: 'success', failureReason: null })
    await queueNotice(app, trx, { event: 'methodAdded', tenantId, userId, ipAddress: actor.ipAddress, values: { method: 'securityQuestions' } })
    await auditAnswers(trx, { tenantId, userId, actor, correlationId, at: now, activity: 'User registered security info' })
  })
}

/** Removes somebody's answers; an administrator may do so without ever seeing them. */
export async function removeAnswers(app: App, given: { tenantId: string; userId: string; actor: Actor; correlationId: string }): Promise<void> {
  const { tenantId, userId, actor } = given
  const now = app.now()
  await app.db.transaction().execute(async trx => {
    if ((await readAnswers(trx, tenantId, userId)).length === 0) throw new Refusal(404, [{ code: 'LK_NOT_FOUND', audience: 'anyone' }])
    await replaceAnswers(trx, tenantId, userId, [])
    await queueNotice(app, trx, { event: 'methodRemoved', tenantId, userId, ipAddress: actor.ipAddress, values: { method: 'securityQuestions' } })
    const activity = actor.userId === userId ? 'User deleted security info' : 'Admin deleted security info'
    await auditAnswers(trx, { ...given, at: now, activity })
  })
}

export interface Question {
  id: string
  /** Null for a predefined one: its words are `questions.<id>`. */
  text: string | null
}

export interface Draw {
  tenantId: string
  userId: string | null
  /** The keyed hash of the name, for names nobody has. */
  account?: string
  /** The same questions are asked for as long as the transaction lasts. */
  transactionId: string
}

/**
 * The questions to ask: as many as the policy says, out of a pool of a few more that stays pinned to the account for 24 hours, so
 * that starting over and over does not bring up the one whose answer is known (T-12). Nobody's account has questions too.
 */
export async function drawQuestions(app: App, draw: Draw): Promise<Question[]> {
  const { passwordResetPolicy: policy } = await readPolicies(app.db, draw.tenantId)
  const asked = await askedIds(app, draw, policy)
  return asked.map(id => ({ id, text: textOf(policy, id) }))
}

async function askedIds(app: App, draw: Draw, policy: PasswordResetPolicy): Promise<string[]> {
  const { tenantId, userId, transactionId } = draw
  const size = policy.numberOfQuestionsToReset
  const answered = (await readAnswers(app.db, tenantId, userId ?? '')).map(row => row.questionId)
  const allowed = policy.securityQuestions.map(one => one.id)
  const candidates = userId === null ? allowed : answered.filter(id => allowed.includes(id))
  const pool = await poolOf(app, draw, candidates, size + poolBeyondReset)
  return inKeyedOrder(app, pool, transactionId).slice(0, size)
}

/** Pinned in a row for people; for nobody's name made from the name and the day, which comes to the same for whoever looks. */
async function poolOf(app: App, { tenantId, userId, account }: Draw, candidates: readonly string[], size: number): Promise<string[]> {
  const now = app.now()
  const fresh = inKeyedOrder(app, candidates, `${userId ?? account}\n${Math.floor(now / pinnedFor)}`).slice(0, size)
  if (userId === null) return fresh
  const pinned = await findDraw(app.db, tenantId, userId)
  const still = pinned && pinned.drawnAt > now - pinnedFor ? pinned.questionIds.filter(id => candidates.includes(id)) : []
  if (still.length >= Math.min(size, candidates.length)) return still
  // A pool that a change of policy has made too small is drawn anew; otherwise the first one pinned counts.
  return pinDraw(app.db, { tenantId, userId, questionIds: fresh, drawnAt: now }, pinned && still.length < pinned.questionIds.length ? now : now - pinnedFor)
}

/** A random-looking order that is the same for the same text, and that nobody can work out without the key. */
function inKeyedOrder(app: App, ids: readonly string[], text: string): string[] {
  const rank = new Map(ids.map(id => [id, app.keys.mac('nonce', `questions\n${text}\n${id}`)]))
  return [...ids].sort((a, b) => (rank.get(a)! < rank.get(b)! ? -1 : 1))
}

/**
 * True proof only when every asked question is answered rightly. All answers are always hashed, also after a wrong one and also for
 * nobody; the outcome is one bit (T-12).
 */
export async function checkAnswers(
  app: App,
  check: Draw & { purpose?: ProofPurpose; answers: readonly GivenAnswer[]; alsoInTransaction?: (trx: Db) => Promise<void> },
): Promise<'right' | 'wrong' | 'blocked'> {
  const { tenantId, userId, answers, purpose = 'reset' } = check
  const account = userId ?? check.account
  if (account === undefined) throw new Error('Answers are checked for a user, or for the key of a name')
  const { passwordResetPolicy: policy } = await readPolicies(app.db, tenantId)
  const asked = await askedIds(app, check, policy)
  const stored = new Map((await readAnswers(app.db, tenantId, userId ?? '')).map(row => [row.questionId, row.answerHash]))
  const point = await reserveProof(app, { tenantId, purpose, account, attempt: 'questions' })
  if (!point.served) return 'blocked'
  try {
    let right = asked.length >= policy.numberOfQuestionsToReset && userId !== null
    for (let place = 0; place < policy.numberOfQuestionsToReset; place++) {
      const id = asked[place]
      const given = answers.find(one => one.questionId === id)?.answer.reveal() ?? ''
      const same = await matchesHash(app, (id && stored.get(id)) || null, new Secret(normaliseAnswer(given)))
      right = right && same
    }
    if (!right) return 'wrong'
  } catch (error) {
    await point.giveBack(app.db) // nothing was compared: the hashing lane was full
    throw error
  }
  try {
    await app.db.transaction().execute(async trx => check.alsoInTransaction?.(trx))
    faultPoint('checkAnswers.committed')
  } finally {
    await point.giveBack(app.db)
  }
  return 'right'
}

function textOf(policy: PasswordResetPolicy, questionId: string): string | null {
  return policy.securityQuestions.find(one => one.id === questionId)?.text ?? null
}

async function auditAnswers(
  trx: Db,
  { tenantId, userId, actor, correlationId, at, activity }: { tenantId: string; userId: string; actor: Actor; correlationId: string; at: number; activity: string },
): Promise<void> {
  const common = { tenantId, at, category: 'UserManagement', result: 'success' as const, correlationId, initiatedBy: initiatedBy(actor) }
  const targets = [{ type: 'User', id: userId }]
  const additionalDetails = [{ key: 'method', value: 'securityQuestions' }]
  await appendAudit(trx, { ...common, service: 'Authentication Methods', activity, targets, additionalDetails })
  if (activity !== 'User registered security info') return
  const saved = 'Security info saved for self-service password reset'
  await appendAudit(trx, { ...common, service: 'Self-service Password Management', activity: saved, targets, additionalDetails })
}
