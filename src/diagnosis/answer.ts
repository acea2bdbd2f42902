import { remedyOf } from '../rules/reason.ts'
import type { ReasonCode, RemedyCode } from '../rules/reason.ts'
import type { Evidence, Finding, Reason } from '../rules/verdict.ts'
import { formatDateTime, isMessageKey, reasonText, translate } from '../text.ts'
import type { Locale } from '../text.ts'
import { conclude } from './question.ts'
import type { Question, QuestionId } from './question.ts'
import type { Snapshot } from './snapshot.ts'

export interface AnswerRemedy {
  code: RemedyCode
  text: string
  /** Where it can be done; null when it is done elsewhere. */
  link: string | null
}

export interface AnswerCheck {
  check: string
  /** What was looked at, in words. */
  fact: string
  /** What was seen, in words. */
  value: string
  evidence: Evidence
  outcome: Finding['outcome']
  /** The outcome in words. */
  outcomeText: string
  pass: boolean
  code: ReasonCode
  remedy: AnswerRemedy
}

export interface AnswerVerdict {
  code: ReasonCode
  message: string
  remedy: AnswerRemedy
  values: Record<string, string | number>
}

export interface Answer {
  question: QuestionId
  title: string
  checks: AnswerCheck[]
  verdict: AnswerVerdict
  contributing: AnswerVerdict[]
}

/** Where a remedy can be carried out. `{id}` stands for the person asked about. */
const links: Partial<Record<RemedyCode, string>> = {
  enableReset: '/admin/password-reset', definePolicy: '/admin/password-reset', requireRegistration: '/admin/password-reset', correctPolicy: '/admin/password-reset',
  confirmImpact: '/admin/password-reset', enableMethod: '/admin/password-reset', allowAdministratorReset: '/admin/password-reset',
  assignLicence: '/admin/licences', addToGroup: '/admin/groups', changeMembership: '/admin/groups',
  addMethods: '/admin/users/{id}', correctData: '/admin/users/{id}', clearThrottle: '/admin/users/{id}', unlockAccount: '/admin/users/{id}',
  enableAccount: '/admin/users/{id}', resetWithWriteback: '/admin/users/{id}', temporaryPass: '/admin/users/{id}', waitForSync: '/admin/on-premises',
  sendToRegistration: '/security-info', useChangePassword: '/changepassword', requestRole: '/admin/roles', askAnotherAdministrator: '/admin/roles',
  enableWriteback: '/admin/on-premises', startAgent: '/admin/on-premises', agentRights: '/admin/on-premises', agentConfiguration: '/admin/on-premises',
  updateAgent: '/admin/on-premises', fixSync: '/admin/on-premises', configureSync: '/admin/on-premises', unlockOnPremises: '/admin/on-premises',
  renewCredential: '/admin/app-registrations', testWithUser: '/admin/diagnosis', reportSupportCode: '/admin/audit', checkDelivery: '/admin/audit',
  stepUp: '/signin/again', signInAgain: '/signin', startAgain: '/reset',
}

/** The whole answer in the caller's language. */
export function answer(question: Question, snapshot: Snapshot, findings: readonly Finding[], locale: Locale): Answer {
  const { verdict, contributing } = conclude(question, snapshot, findings)
  const about = snapshot.target?.id
  return {
    question: question.id,
    title: translate(locale, `diagnosis.question.${question.id}`),
    checks: findings.map(one => ({
      check: one.check, fact: words(locale, `diagnosis.check.${one.check}`, one.check), value: evidenceText(locale, one.evidence), evidence: one.evidence,
      outcome: one.outcome, outcomeText: translate(locale, `diagnosis.outcome.${one.outcome}`), pass: one.outcome === 'ok' || one.outcome === 'notApplicable', code: one.code, remedy: remedy(locale, one.code, about),
    })),
    verdict: verdictText(locale, verdict, about),
    contributing: contributing.map(one => verdictText(locale, one, about)),
  }
}

const words = (locale: Locale, key: string, fallback: string): string => (isMessageKey(key) ? translate(locale, key) : fallback)

function verdictText(locale: Locale, one: Reason, about: string | undefined): AnswerVerdict {
  const values = readable(locale, one.values ?? {})
  return { code: one.code, message: reasonText(locale, { code: one.code, values }), remedy: remedy(locale, one.code, about), values: one.values ?? {} }
}

function remedy(locale: Locale, code: ReasonCode, about: string | undefined): AnswerRemedy {
  const name = remedyOf(code)
  const link = links[name] ?? null
  return { code: name, text: words(locale, `remedy.${name}`, name), link: link?.includes('{id}') ? (about ? link.replace('{id}', about) : '/admin/users') : link }
}

/** What people read for moments, yes and no, and the policy's numbers; everything else is already a word. */
function valueText(locale: Locale, name: string, value: string | number | boolean | null): string {
  if (value === null || value === '') return translate(locale, 'diagnosis.value.none')
  if (typeof value === 'boolean') return translate(locale, `diagnosis.value.${value}`)
  if (name === 'enablementType') return ['None', 'Selected', 'All'][Number(value)] ?? String(value)
  if (typeof value === 'number' && isMoment(name)) return value === 0 ? translate(locale, 'diagnosis.value.none') : formatDateTime(locale, value)
  return String(value)
}

const isMoment = (name: string): boolean => /(At|Until)$|^(at|since|until|when|lastSync)$/.test(name)

function readable(locale: Locale, values: Record<string, string | number>): Record<string, string | number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value === 'number' && !isMoment(name) ? value : valueText(locale, name, value)]))
}

function evidenceText(locale: Locale, evidence: Evidence): string {
  return Object.entries(evidence)
    .map(([name, value]) => `${words(locale, `diagnosis.fact.${name}`, name)}: ${valueText(locale, name, value)}`)
    .join('; ')
}
