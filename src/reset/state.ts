/**
 * Where a transaction stands, as it may be shown: one answer for the pages and for programs. Every page of a running transaction
 * is drawn from here, so "back", a second window and a reload all show the step that counts (T-07).
 */
import type { App } from '../app.ts'
import { drawQuestions } from '../credentials/answers.ts'
import { isOnPremises } from '../rules/authority.ts'
import { tellable } from '../rules/disclosure.ts'
import { shortestPassword } from '../rules/password-policy.ts'
import { reason } from '../rules/verdict.ts'
import type { Reason } from '../rules/verdict.ts'
import { readPolicies } from '../store/policies.ts'
import { findReset, typedNamePlace } from '../store/resets.ts'
import type { Locale } from '../text.ts'
import { isMessageKey, translate } from '../text.ts'
import { accountOf, judgeAgain } from './identify.ts'
import { offersFor } from './offer.ts'
import { recordStep } from './record.ts'
import { pausedUntil } from './throttles.ts'
import { move, refusalOf } from './transaction.ts'
import type { Transaction } from './transaction.ts'
import type { Helpdesk, Journey, Offer } from './view.ts'

export type PasswordRules = { kind: 'entra' } | { kind: 'nist'; length: number } | { kind: 'domain' }

export type Standing =
  | { state: 'GATE'; offers: Offer[] }
  | { state: 'INTENT' | 'CHECKING' | 'DONE' | 'DONE_PENDING_CLOUD' | 'UNLOCKED' | 'EXPIRED' | 'CANCELLED' }
  | { state: 'CHOOSE'; userName: string; rules: PasswordRules; reasons: Reason[] }
  | { state: 'UNLOCK'; reasons: Reason[] }
  | { state: 'REFUSED'; reasons: Reason[] }
  | { state: 'BLOCKED'; until: number }

/** What the transaction shows now. A gate at which the checks turned meanwhile becomes a refusal on the way (T-87). */
export async function standingOf(app: App, transaction: Transaction): Promise<Standing> {
  const { reset } = transaction
  switch (reset.state) {
    case 'GATE1':
    case 'GATE2':
      return atGate(app, transaction)
    case 'CHOOSE':
      return { state: 'CHOOSE', ...(await atChoice(app, transaction)), reasons: refusalOf(reset) }
    case 'UNLOCK':
      return { state: 'UNLOCK', reasons: refusalOf(reset) }
    case 'COMMIT':
      return { state: 'CHECKING' }
    case 'DONE':
      return { state: reset.intent === 'unlock' ? 'UNLOCKED' : 'DONE' }
    case 'BLOCKED':
      return { state: 'BLOCKED', until: (await pausedUntil(app, reset)) ?? reset.expiresAt }
    case 'REFUSED':
      return { state: 'REFUSED', reasons: await toldReasons(app, transaction) }
    case 'EXPIRED':
      return { state: reset.finishedAt !== null && reset.finishedAt < reset.expiresAt ? 'CANCELLED' : 'EXPIRED' }
    case 'INTENT':
    case 'DONE_PENDING_CLOUD':
      return { state: reset.state }
    default:
      throw new Error(`A transaction stands in ${reset.state}`)
  }
}

async function atGate(app: App, transaction: Transaction): Promise<Standing> {
  const offered = await offersFor(app, transaction)
  if (offered.kind === 'offers') return { state: 'GATE', offers: offered.offers }
  const { reset } = transaction
  const refusal = JSON.stringify(offered.verdict.allowed ? offered.reasons : offered.verdict.reasons)
  await app.db.transaction().execute(async trx => {
    const moved = await move(app, trx, transaction, 'refuse', {}, { refusal })
    await recordStep(app, trx, moved, `check.refused:${offered.reasons[0]!.code}`, { result: 'failure' })
  })
  return standingOf(app, { ...transaction, reset: (await findReset(app.db, reset.tenantId, reset.id))! })
}

async function atChoice(app: App, { reset }: Transaction): Promise<{ userName: string; rules: PasswordRules }> {
  const userName = await app.keys.openText(typedNamePlace(reset.tenantId, reset.id), reset.typedNameSealed)
  const { facts } = await judgeAgain(app, app.db, reset)
  const { tenant, subject } = facts
  if (subject && isOnPremises(subject)) return { userName, rules: { kind: 'domain' } }
  const nist = tenant.settings.passwordRules === 'nist'
  return { userName, rules: nist ? { kind: 'nist', length: shortestPassword(facts) } : { kind: 'entra' } }
}

/** Codes kept for administrators are told as what an unregistered member would hear (sspr §5.8, A-13). */
async function toldReasons(app: App, { reset }: Transaction): Promise<Reason[]> {
  const kept = refusalOf(reset)
  if (kept.every(one => one.audience === 'anyone')) return kept.length > 0 ? kept.slice(0, 1) : [reason('LK_NOT_ALLOWED')]
  const { facts } = await judgeAgain(app, app.db, reset)
  return tellable(facts, { allowed: false, reasons: kept })
}

/** What every page of the transaction shows. */
export async function journeyOf(app: App, { reset, gates }: Transaction): Promise<Journey> {
  const { passwordResetPolicy } = await readPolicies(app.db, reset.tenantId)
  return { supportCode: reset.supportCode, gate: gates.length > 0 ? 2 : 1, helpdesk: helpdeskOf(passwordResetPolicy) }
}

/** The tenant's own way to its help desk: an address of the web or of mail, nothing else (T-33). */
export function helpdeskOf(policy: { customizeHelpdeskLink: boolean; customHelpdeskEmailOrUrl: string | null }): Helpdesk {
  const custom = policy.customizeHelpdeskLink ? (policy.customHelpdeskEmailOrUrl?.trim() ?? '') : ''
  if (/^https:\/\/[^\s/?#@]+([/?#]|$)/i.test(custom) && URL.canParse(custom)) return { kind: 'link', href: new URL(custom).href }
  if (/^[^\s@:/?#]+@[^\s@:/?#]+$/.test(custom)) return { kind: 'mail', address: custom }
  return { kind: 'request' }
}

/** The questions of this transaction, in the reader's words. */
export async function questionsOf(app: App, { reset }: Transaction, locale: Locale): Promise<{ id: string; text: string }[]> {
  const drawn = await drawQuestions(app, { tenantId: reset.tenantId, userId: reset.userId, account: accountOf(reset), transactionId: reset.id })
  return drawn.map(question => ({ id: question.id, text: question.text ?? wordsOf(question.id, locale) }))
}

function wordsOf(id: string, locale: Locale): string {
  const key = `questions.${id}`
  return isMessageKey(key) ? translate(locale, key) : id
}
