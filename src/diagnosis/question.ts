import type { ReasonCode } from '../rules/reason.ts'
import { finding, reason } from '../rules/verdict.ts'
import type { Evidence, Finding, Outcome, Reason, ReasonValues } from '../rules/verdict.ts'
import { hasTarget } from './snapshot.ts'
import type { Snapshot, TargetSnapshot } from './snapshot.ts'

export const questionIds = [
  'D-03', 'D-04', 'D-05', 'D-06', 'D-07', 'D-08', 'D-09', 'D-10', 'D-11', 'D-12', 'D-13', 'D-14', 'D-15', 'D-16', 'D-17', 'D-18', 'D-19',
] as const
export type QuestionId = (typeof questionIds)[number]

export interface Question {
  id: QuestionId
  /** Whether the question is about a person: then a name nobody has is the answer itself. */
  target: 'needed' | 'optional' | 'none'
  /** The checks in their order, with what they saw. */
  findings(snapshot: Snapshot): Finding[]
  /** The verdict when nothing stands in the way. */
  otherwise(snapshot: Snapshot): Reason
  /** Goes before the checks, where something is known already (the attempt behind a support code). */
  known?(snapshot: Snapshot): Reason | undefined
  /** A warning is an answer too; otherwise warnings only contribute. */
  warningsDecide?: boolean
}

export interface Conclusion {
  verdict: Reason
  contributing: Reason[]
}

/** The primary verdict and what else contributes, each once (sspr §1.2). */
export function conclude(question: Question, snapshot: Snapshot, findings: readonly Finding[]): Conclusion {
  const deciding = findings.filter(one => one.outcome === 'blocks' || (question.warningsDecide === true && one.outcome === 'warns'))
  const known = question.known?.(snapshot)
  const asReason = (one: Finding): Reason => reason(one.code, one.values)
  const all = [
    ...(known ? [known] : []),
    ...deciding.filter(one => one.outcome === 'blocks').map(asReason),
    ...deciding.filter(one => one.outcome === 'warns').map(asReason),
    ...(deciding.length === 0 && !known ? [question.otherwise(snapshot)] : []),
    ...findings.filter(one => one.outcome === 'warns').map(asReason),
  ]
  const unique = all.filter((one, index) => all.findIndex(other => other.code === one.code) === index)
  return { verdict: unique[0]!, contributing: unique.slice(1) }
}

/** A check that saw something: `look('inScope', 'NOT_IN_SCOPE', good ? 'ok' : 'blocks', { group })`. */
export const look = (check: string, code: ReasonCode, outcome: Outcome, evidence: Evidence = {}, values?: ReasonValues): Finding =>
  finding(check, code, outcome, evidence, values)

export const blocksUnless = (good: boolean): Outcome => (good ? 'ok' : 'blocks')
export const warnsUnless = (good: boolean): Outcome => (good ? 'ok' : 'warns')

/** For questions about a person: nobody of that name is the only finding there can be. */
export function aboutTarget(findings: (snapshot: TargetSnapshot) => Finding[]): (snapshot: Snapshot) => Finding[] {
  return snapshot => (hasTarget(snapshot) ? findings(snapshot) : [look('targetExists', 'TARGET_NOT_FOUND', 'blocks')])
}

/** The same verdict whatever the snapshot holds. */
export const always = (code: ReasonCode): (() => Reason) => () => reason(code)
