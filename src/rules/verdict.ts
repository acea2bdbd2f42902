import { audienceOf, remedyOf } from './reason.ts'
import type { Audience, ReasonCode, RemedyCode } from './reason.ts'

/** Named values for the placeholders of a reason's sentence. */
export type ReasonValues = Record<string, string | number>

export interface Reason {
  code: ReasonCode
  audience: Audience
  values?: ReasonValues
}

export type Verdict = { allowed: true } | { allowed: false; reasons: Reason[] }

export type Outcome = 'ok' | 'warns' | 'blocks' | 'notApplicable'

/** What a check saw, so that an explanation can show the fact and not only the conclusion. */
export type Evidence = Record<string, string | number | boolean | null>

export interface Finding {
  /** The reason this check gives when it blocks or warns; of a check that passed, the reason it would have given. */
  code: ReasonCode
  /** The check's own name, stable and unique within its list. */
  check: string
  outcome: Outcome
  evidence: Evidence
  remedy: RemedyCode
  values?: ReasonValues
}

export const allow: Verdict = { allowed: true }

/** A reason with the audience its code has. */
export function reason(code: ReasonCode, values?: ReasonValues): Reason {
  return values ? { code, audience: audienceOf(code), values } : { code, audience: audienceOf(code) }
}

/** A no with one reason. */
export function deny(code: ReasonCode, values?: ReasonValues): Verdict {
  return { allowed: false, reasons: [reason(code, values)] }
}

/** A finding with the remedy its code has. */
export function finding(check: string, code: ReasonCode, outcome: Outcome, evidence: Evidence = {}, values?: ReasonValues): Finding {
  const found: Finding = { code, check, outcome, evidence, remedy: remedyOf(code) }
  return values ? { ...found, values } : found
}
