import { isAdministrator } from '../rules/admin-policy.ts'
import { allowedOptions, optionsOfKind } from '../rules/method-options.ts'
import { resetReadiness } from '../rules/registration.ts'
import { inScope } from '../rules/scope.ts'
import type { SubjectFacts } from '../rules/facts.ts'
import type { Gap, GapCounts, PeopleSeen, Snapshot } from './snapshot.ts'

type Circumstances = Pick<Snapshot, 'tenant' | 'providers' | 'now'>

/** How the person stands, by the same functions the reset itself uses (LD-23). */
export function gapOf(circumstances: Circumstances, subject: SubjectFacts): Gap {
  const { usable, required } = resetReadiness({ ...circumstances, subject })
  const allowed = allowedOptions(circumstances.tenant, subject)
  const off = subject.methods.filter(method => method.wellFormed && optionsOfKind[method.kind].length > 0
    && !optionsOfKind[method.kind].some(option => allowed.includes(option)))
  return {
    userId: subject.id, userPrincipalName: subject.userPrincipalName, displayName: subject.displayName, usable, required,
    missing: Math.max(0, required - usable), malformed: subject.methods.filter(method => !method.wellFormed).length, switchedOff: off.length,
  }
}

/** Nobody yet. */
export const noGaps = (): GapCounts => ({ inScope: 0, lacking: 0, malformed: 0, switchedOff: 0, missing: 0 })
export const nobody = (): PeopleSeen => ({ readiness: { users: 0, enabled: 0, registered: 0, capable: 0 }, gaps: noGaps(), strandedAdministrators: 0 })

export function countGap(counts: GapCounts, gap: Gap): void {
  counts.inScope++
  if (gap.missing === 0) return
  counts.lacking++
  if (gap.malformed > 0) counts.malformed++
  if (gap.switchedOff > 0) counts.switchedOff++
  if (gap.malformed === 0 && gap.switchedOff === 0) counts.missing++
}

/**
 * Adds one person to the figures, by the words of the registration report (sspr §4.5). Returns the gap of somebody a reset is
 * switched on for, undefined for everybody else.
 */
export function countPerson(seen: PeopleSeen, circumstances: Circumstances, subject: SubjectFacts): Gap | undefined {
  const { isSsprEnabled, isSsprRegistered, isSsprCapable } = resetReadiness({ ...circumstances, subject })
  seen.readiness.users++
  if (isSsprEnabled) seen.readiness.enabled++
  if (isSsprRegistered) seen.readiness.registered++
  if (isSsprCapable) seen.readiness.capable++
  const { tenant } = circumstances
  if (!tenant.authorizationPolicy.allowedToUseSSPR && isAdministrator(subject) && inScope(tenant, subject)) seen.strandedAdministrators++
  if (!isSsprEnabled) return undefined
  const gap = gapOf(circumstances, subject)
  countGap(seen.gaps, gap)
  return gap
}
