// What a new password must be (sspr §7.1, LD-04, LD-26). Every rule that fails is named, so that a page can show them all at once.
import type { SubjectFacts, TenantFacts } from './facts.ts'
import { isOnPremises } from './authority.ts'
import { checkBanned, shortestName } from './banned-passwords.ts'
import { bannedTerms } from './banned-terms.ts'
import { licenceGate } from './licences.ts'
import { hasSecondFactor } from './usable-methods.ts'
import { reason } from './verdict.ts'
import type { Reason, ReasonValues } from './verdict.ts'

export type PasswordRuleCode =
  | 'LK_PASSWORD_TOO_SHORT' | 'LK_PASSWORD_TOO_LONG' | 'LK_PASSWORD_HAS_UNSUPPORTED_CHARACTERS' | 'LK_PASSWORD_NOT_MEET_COMPLEXITY'
  | 'LK_PASSWORD_CONTAINS_NAME' | 'LK_PASSWORD_BANNED' | 'LK_PASSWORD_BANNED_CUSTOM' | 'LK_PASSWORD_BREACHED' | 'LK_PASSWORD_SAME_AS_CURRENT'

/** Rule names of `POST /users/validatePassword`; `AllChecks` stands for success. */
export const ruleNames: Readonly<Record<PasswordRuleCode, string>> = {
  LK_PASSWORD_TOO_SHORT: 'password_too_short',
  LK_PASSWORD_TOO_LONG: 'password_too_long',
  LK_PASSWORD_HAS_UNSUPPORTED_CHARACTERS: 'password_has_unsupported_characters',
  LK_PASSWORD_NOT_MEET_COMPLEXITY: 'password_not_meet_complexity',
  LK_PASSWORD_CONTAINS_NAME: 'password_contains_name',
  LK_PASSWORD_BANNED: 'password_banned',
  LK_PASSWORD_BANNED_CUSTOM: 'password_banned',
  LK_PASSWORD_BREACHED: 'password_banned',
  LK_PASSWORD_SAME_AS_CURRENT: 'password_same_as_current',
}

export interface PasswordFacts {
  tenant: TenantFacts
  /** Null for a password that belongs to nobody yet (validatePassword without a caller). */
  subject: SubjectFacts | null
  /** The new password equals the current one. Asked on a change only: a reset does not know the old one. */
  sameAsCurrent?: boolean
  /** Found in the operator's file of breached passwords (LD-51). */
  breached?: boolean
  /** Replaces the shipped list of base terms, or adds to it: the operator's data. */
  terms?: readonly string[]
}

export interface FailedRule extends Reason {
  code: PasswordRuleCode
  ruleName: string
}

/** Largest length of a new password, in code points (LD-26). */
export const longestPassword = 256
const printableAscii = /^[\x20-\x7e]+$/
// What nobody can type or see: control characters and lone halves of a pair.
const unsupported = /[\p{Cc}\p{Cs}]/u
const classes = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/]

/**
 * The rules that a password fails, in the order of the specification; empty = it may be set. For people of the domain only
 * characters and the banned list are looked at here, since their own domain decides the rest (sspr §5.6), unless the tenant
 * enforces the cloud's rules on them.
 */
export function checkPassword(text: string, facts: PasswordFacts): FailedRule[] {
  const { tenant, subject } = facts
  const nist = tenant.settings.passwordRules === 'nist'
  const length = [...text].length
  const shortest = shortestPassword(facts)
  const failed: FailedRule[] = []
  const fail = (code: PasswordRuleCode, values?: ReasonValues) => failed.push({ ...reason(code, values), code, ruleName: ruleNames[code] })

  if (decidesLength(facts) && length < shortest) fail('LK_PASSWORD_TOO_SHORT', { min: shortest })
  if (length > longestPassword) fail('LK_PASSWORD_TOO_LONG', { max: longestPassword })
  if (text !== '' && (nist ? unsupported.test(text) : !printableAscii.test(text))) fail('LK_PASSWORD_HAS_UNSUPPORTED_CHARACTERS')
  if (needsComplexity(facts) && classes.filter(one => one.test(text)).length < 3) fail('LK_PASSWORD_NOT_MEET_COMPLEXITY')
  // Longer text is refused already and need not be looked through.
  if (length > 0 && length <= longestPassword) {
    const banned = bannedRule(text, facts)
    if (banned) fail(banned)
  }
  if (facts.breached) fail('LK_PASSWORD_BREACHED')
  if (facts.sameAsCurrent && subject) fail('LK_PASSWORD_SAME_AS_CURRENT')
  return failed
}

/** The smallest length in force: 8; with `nist` 15, or 8 beside a second factor. */
export function shortestPassword({ tenant, subject }: Pick<PasswordFacts, 'tenant' | 'subject'>): number {
  return tenant.settings.passwordRules === 'nist' && !(subject && hasSecondFactor(subject)) ? 15 : 8
}

/** Names that a password may not contain (sspr §7.3, LD-26). */
export function namesOf({ tenant, subject }: Pick<PasswordFacts, 'tenant' | 'subject'>): string[] {
  const initial = tenant.domains.find(domain => domain.isInitial)?.id.split('.')[0] ?? ''
  const ownName = subject ? [subject.givenName ?? '', subject.surname ?? ''] : []
  // The sign-in name counts under the `entra` rules only.
  const signInName = subject && tenant.settings.passwordRules === 'entra' ? [subject.userPrincipalName.split('@')[0]!] : []
  return [...ownName, ...signInName, ...tenant.displayName.split(/\s+/), initial].filter(name => [...name].length >= shortestName)
}

function bannedRule(text: string, facts: PasswordFacts): PasswordRuleCode | null {
  const gate = { tenant: facts.tenant, subject: facts.subject }
  const names = namesOf(facts)
  const global = licenceGate('globalBannedList', gate).allowed ? (facts.terms ?? bannedTerms) : []
  const first = checkBanned(text, { terms: global, names })
  if (first.banned) {
    if (first.why === 'name') return 'LK_PASSWORD_CONTAINS_NAME'
    // Without a list there is nothing to be too close to: what remains is the count of characters, which length decides.
    return global.length > 0 ? 'LK_PASSWORD_BANNED' : null
  }
  const protection = facts.tenant.passwordProtection
  if (!protection.enableBannedPasswordCheck || !licenceGate('customBannedList', gate).allowed) return null
  return checkBanned(text, { terms: [...global, ...protection.bannedPasswordList], names: [] }).banned ? 'LK_PASSWORD_BANNED_CUSTOM' : null
}

function decidesLength({ tenant, subject }: PasswordFacts): boolean {
  return !subject || !isOnPremises(subject) || tenant.settings.enforceCloudPasswordPolicyForPasswordSyncedUsers
}

function needsComplexity(facts: PasswordFacts): boolean {
  const { settings } = facts.tenant
  if (settings.passwordRules === 'nist' || settings.kind === 'education' || !decidesLength(facts)) return false
  return !facts.subject?.passwordPolicies.includes('DisableStrongPassword')
}
