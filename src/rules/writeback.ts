// Which doors carry a new password home to the domain, and what the others must answer (sspr §8.5, LD-29).
import type { Channel, SubjectFacts, TenantFacts } from './facts.ts'
import { isOnPremises } from './authority.ts'
import { licenceGate } from './licences.ts'
import { allow, deny } from './verdict.ts'
import type { Verdict } from './verdict.ts'

export interface ChannelRow {
  actor: 'self' | 'administrator'
  writesBack: boolean
  /** A door of this product; the others are rows of the rule only, met in records and questions. */
  exists: boolean
}

export const channels: Readonly<Record<Channel, ChannelRow>> = {
  'sspr-portal': { actor: 'self', writesBack: true, exists: true },
  'change-portal': { actor: 'self', writesBack: true, exists: true },
  'signin-expired': { actor: 'self', writesBack: true, exists: true },
  'device-signin': { actor: 'self', writesBack: true, exists: false },
  'admin-portal': { actor: 'administrator', writesBack: true, exists: true },
  'graph-reset': { actor: 'administrator', writesBack: true, exists: true },
  'graph-patch-passwordProfile': { actor: 'administrator', writesBack: false, exists: true },
  'm365-admin': { actor: 'administrator', writesBack: false, exists: false },
  'm365-mobile': { actor: 'administrator', writesBack: false, exists: false },
  'powershell-v1': { actor: 'administrator', writesBack: false, exists: false },
  'powershell-v2': { actor: 'administrator', writesBack: false, exists: false },
  'graph-self': { actor: 'self', writesBack: false, exists: false },
  'admin-self': { actor: 'administrator', writesBack: false, exists: false },
}

/**
 * May this door set the password of this person, as far as the domain is concerned? Refused for people of the domain where the
 * door cannot write back, writeback is off, or the licence is missing. Cloud users pass every door.
 */
export function mayCarryHome(channel: Channel, facts: { tenant: TenantFacts; subject: SubjectFacts }): Verdict {
  if (!isOnPremises(facts.subject)) return allow
  const row = channels[channel]
  if (!row.writesBack) return deny('WRITEBACK_NOT_SUPPORTED', { channel })
  if (!facts.tenant.onPremisesIntegration.passwordWritebackEnabled) return deny(row.actor === 'self' ? 'SSPR_0010' : 'WRITEBACK_OFF')
  return licenceGate(row.actor === 'self' ? 'changePassword' : 'administratorReset', facts)
}

/** True when a password set through this door for this person has to go to an agent. */
export function needsWriteback(channel: Channel, subject: SubjectFacts): boolean {
  return isOnPremises(subject) && channels[channel].writesBack
}

/** True when a copy of the person's password may be kept here (sspr §5.6 step 3): not where the domain is asked each time. */
export function keepsCloudPassword(subject: Pick<SubjectFacts, 'onPremisesSyncEnabled' | 'domain'>): boolean {
  if (!subject.onPremisesSyncEnabled) return true
  return subject.domain.authenticationType === 'Managed' && subject.domain.signInModel === 'phs'
}
