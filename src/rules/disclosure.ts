// What somebody who has proved nothing yet is told (LD-01, LD-22, LD-63, T-01, sspr §5.8). The only place that decides it.
import type { ResetFacts, SubjectFacts } from './facts.ts'
import { allowedOptions, methodOptions } from './method-options.ts'
import { evaluateReset } from './reset-checks.ts'
import { isProvided, wayOf } from './usable-methods.ts'
import type { Way } from './usable-methods.ts'
import { reason } from './verdict.ts'
import type { Reason, Verdict } from './verdict.ts'

export type Shown =
  /** The page goes on. `offer`: methods of the tenant's policy, the same for every name, or those of the account. */
  | { kind: 'goesOn'; offer: 'tenant' | 'account' }
  | { kind: 'refused'; reasons: Reason[] }

/**
 * What the page shows for a verdict. Under `private` a stranger sees the same whatever the account is; only a pause after too
 * many tries shows, since it is counted for every name alike. Under `standard` a refusal is told as the original tells it. Who
 * has passed a gate is no stranger and is told.
 */
export function shownFor(facts: ResetFacts, verdict: Verdict, passedGates = 0): Shown {
  const isPrivate = facts.tenant.settings.disclosure === 'private'
  if (passedGates > 0) return verdict.allowed ? { kind: 'goesOn', offer: 'account' } : { kind: 'refused', reasons: tellable(facts, verdict) }
  if (!verdict.allowed && verdict.reasons.some(one => one.code === 'LK_BLOCKED')) return { kind: 'refused', reasons: [reason('LK_BLOCKED')] }
  if (isPrivate) return { kind: 'goesOn', offer: 'tenant' }
  return verdict.allowed ? { kind: 'goesOn', offer: 'account' } : { kind: 'refused', reasons: tellable(facts, verdict) }
}

/**
 * The reasons for the person at the page. Those kept for administrators (no such account, disabled, deleted …) become the
 * answer that an unregistered member of the tenant would get, so that the two cannot be told apart.
 */
export function tellable(facts: ResetFacts, verdict: Verdict): Reason[] {
  if (verdict.allowed) return []
  const first = verdict.reasons[0]!
  if (first.audience === 'anyone') return [reason(first.code)]
  const neutral = evaluateReset({ ...facts, subject: unregisteredMember(facts), resolvedBy: 'userPrincipalName' })
  return [reason(neutral.allowed ? 'SSPR_0014' : neutral.reasons[0]!.code)]
}

/** May the page say that a typed number is not the stored one (LD-22)? */
export function tellsPhoneMismatch(facts: Pick<ResetFacts, 'tenant'>): boolean {
  return facts.tenant.settings.disclosure === 'standard'
}

/**
 * May sign-in say that nobody could check the password (an on-premises account and no agent)? Under `private` that would tell
 * strangers which accounts are the domain's; the sign-in log has it.
 */
export function tellsSignInUnavailable(settings: { disclosure: 'private' | 'standard' }): boolean {
  return settings.disclosure === 'standard'
}

/**
 * The ways offered at a gate before it may be known who is asking: everything the tenant's policy could allow anybody, security
 * questions only after another gate.
 */
export function waysForStrangers(facts: Pick<ResetFacts, 'tenant' | 'providers'>): Way[] {
  const allowed = allowedOptions(facts.tenant, null)
  const ways = methodOptions.filter(option => allowed.includes(option) && option !== 'securityQuestions').map(wayOf)
  return [...new Set(ways)].filter(way => isProvided(way, facts.providers))
}

function unregisteredMember({ tenant }: ResetFacts): SubjectFacts {
  const domain = tenant.domains.find(one => one.isDefault) ?? tenant.domains[0] ?? {
    id: '', isInitial: true, isDefault: true, isVerified: true, authenticationType: 'Managed' as const, signInModel: null,
    passwordValidityPeriodInDays: null, passwordNotificationWindowInDays: null,
  }
  return {
    id: '', userPrincipalName: '', displayName: '', givenName: null, surname: null, mail: null, userType: 'member', externalKind: 'none',
    accountEnabled: true, deleted: false, onPremisesSyncEnabled: false, domain, roles: [], memberOf: [], roleAssignableGroupMember: false,
    roleAssignableGroupOwner: false, administrativeUnits: [], licences: [], methods: [], passwordPolicies: [], passwordChangedAt: null,
    forceChangePasswordNextSignIn: false, forceChangePasswordNextSignInWithMfa: false, temporaryPasswordExpiresAt: null, lastConfirmedAt: null,
    lastSignInAt: null, perUserMfaState: 'disabled', lastPasswordEvent: null, syncOverwroteAt: null, onPremises: null,
  }
}
