import { reasons } from '../rules/reason.ts'
import type { ReasonCode } from '../rules/reason.ts'

/** What people may run into, as they would say it; each answers for several reason codes (M-09, M-30, sspr §12). */
export const problems = {
  notRegistered: ['SSPR_0014', 'LK_REGISTER', 'LK_RECONFIRM', 'LK_METHOD_LAST', 'LK_METHOD_UNVERIFIED'],
  resetOff: ['SSPR_0009', 'SSPR_0011', 'SSPR_0012', 'SSPR_0013', 'LK_REGISTRATION_OFF'],
  onPremises: ['SSPR_0010', 'SSPR_0029', 'SSPR_0030'],
  pending: ['LK_WRITEBACK_UNKNOWN', 'LK_CLOUD_PENDING'],
  blocked: ['LK_BLOCKED', 'LK_TOO_MANY', 'LK_CONTACT_LIMIT', 'LK_RESEND_TOO_SOON', 'LK_CAPTCHA'],
  code: ['LK_CODE_WRONG', 'LK_CODE_EXPIRED', 'LK_CODE_USED', 'LK_CODE_SPENT', 'LK_CODE_NONE'],
  delivery: ['LK_NOT_DELIVERED', 'LK_METHOD_UNAVAILABLE', 'LK_METHOD_COUNTRY'],
  number: ['LK_PHONE_MISMATCH', 'LK_METHOD_MALFORMED'],
  app: ['LK_APP_DENIED', 'LK_APP_TIMEOUT', 'LK_SECOND_FACTOR', 'LK_SECOND_FACTOR_FAILED'],
  answers: ['LK_ANSWERS_WRONG', 'LK_QUESTIONS_COUNT', 'LK_QUESTION_UNKNOWN', 'LK_QUESTION_TWICE', 'LK_ANSWER_LENGTH', 'LK_ANSWER_TWICE'],
  currentPassword: ['LK_SIGNIN_FAILED', 'LK_PASSWORD_CURRENT_WRONG'],
  mustChange: ['LK_MUST_CHANGE', 'LK_PASSWORD_EXPIRED', 'LK_TEMPORARY_PASSWORD_EXPIRED', 'LK_PASSWORD_NEVER_SET'],
  notAllowed: ['LK_NOT_ALLOWED', 'LK_TOKEN_PRIVILEGES', 'LK_PASSWORD_ADMIN_CHOSEN'],
  password: ['LK_ONPREM_POLICY'],
  locked: ['LK_LOCKED_SIGNIN'],
  account: ['LK_SIGNIN_DISABLED', 'LK_EXTERNAL', 'LK_ADMIN_SSPR_OFF'],
  session: [
    'LK_SESSION_EXPIRED', 'LK_SESSION_ENDED', 'LK_NOT_SIGNED_IN', 'LK_STEP_UP', 'LK_OUT_OF_ORDER', 'LK_GATE_NOT_PASSED', 'LK_CSRF',
    'LK_CHANGED_MEANWHILE', 'LK_CONFLICT', 'LK_TOKEN_INVALID', 'LK_TOKEN_EXPIRED',
  ],
  pass: [],
  method: [],
  appPassword: [],
  form: ['LK_NOT_FOUND', 'LK_TOKEN_ME', 'LK_TOO_LARGE', 'LK_MEDIA_TYPE', 'LK_METHOD_NOT_ALLOWED', 'LK_MISDIRECTED', 'LK_WRONG_ORIGIN'],
  busy: ['LK_BUSY', 'LK_UNAVAILABLE', 'LK_INTERNAL', 'LK_SETUP_DONE'],
} as const satisfies Record<string, readonly ReasonCode[]>

export type Problem = keyof typeof problems

/** Families of codes, so that a code added tomorrow has its place at once; a code named above goes first. */
const families: readonly (readonly [prefix: string, problem: Problem])[] = [
  ['LK_APP_PASSWORD_', 'appPassword'],
  ['LK_PASSWORD_', 'password'],
  ['LK_CODE_', 'code'],
  ['LK_TAP_', 'pass'],
  ['LK_METHOD_', 'method'],
  ['LK_QUESTION', 'answers'],
  ['LK_ANSWER', 'answers'],
  ['LK_FIELD_', 'form'],
]

const named = new Map<string, Problem>(Object.entries(problems).flatMap(([problem, codes]) => codes.map(code => [code, problem as Problem])))

/** The problem that explains this code. Anything unforeseen is ours to mend, not the reader's. */
export function problemOf(code: ReasonCode): Problem {
  return named.get(code) ?? families.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 'busy'
}

/** Every code people may be shown; each has its anchor on the help page. */
export const endUserCodes: readonly ReasonCode[] = (Object.keys(reasons) as ReasonCode[]).filter(code => reasons[code].audience === 'anyone')

/** The codes a problem explains. */
export const codesOf = (problem: Problem): readonly ReasonCode[] => endUserCodes.filter(code => problemOf(code) === problem)
