import { allowedOptions, optionsOfKind } from '../rules/method-options.ts'
import { isResetEnabled, resetReadiness } from '../rules/registration.ts'
import type { SubjectFacts } from '../rules/facts.ts'
import type { Readiness, Snapshot } from './snapshot.ts'

type Circumstances = Pick<Snapshot, 'tenant' | 'providers' | 'now'>

/** What stands between a person and a reset, by kind (D-13). */
export interface Gap {
  userId: string
  userPrincipalName: string
  displayName: string
  usable: number
  required: number
  missing: number
  /** Stored values without the right form. */
  malformed: number
  /** Well-formed values of a kind that no policy allows this person. */
  switchedOff: number
}

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

/** The figures for everyone looked at, by the words of the registration report (sspr §4.5). */
export function readinessOf(snapshot: Pick<Snapshot, 'tenant' | 'providers' | 'now' | 'people' | 'morePeople'>): Readiness {
  const each = snapshot.people.map(subject => resetReadiness({ ...snapshot, subject }))
  return {
    users: each.length,
    enabled: each.filter(one => one.isSsprEnabled).length,
    registered: each.filter(one => one.isSsprRegistered).length,
    capable: each.filter(one => one.isSsprCapable).length,
    more: snapshot.morePeople,
  }
}

/** The people a reset is switched on for. */
export function enabledPeople(snapshot: Pick<Snapshot, 'tenant' | 'people'>): SubjectFacts[] {
  return snapshot.people.filter(subject => isResetEnabled({ tenant: snapshot.tenant, subject }))
}
