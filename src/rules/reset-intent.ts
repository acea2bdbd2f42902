import type { TenantFacts } from './facts.ts'
import { isOnPremises } from './authority.ts'
import type { KnownFacts } from './gates.ts'

/**
 * Why somebody is here (sspr §5.3). `reset`: forgot the password; a reset always unlocks too. `unlock`: knows it, wants the
 * domain account unlocked. `knowPassword`: knows it, is locked out in the cloud: is told to wait or reset, and spends no gate.
 */
export type Intent = 'reset' | 'unlock' | 'knowPassword'

/** The choices this person has; with one there is nothing to ask. */
export function resetIntents({ tenant, subject }: Pick<KnownFacts, 'tenant' | 'subject'>): Intent[] {
  if (!isOnPremises(subject)) return ['reset', 'knowPassword']
  return offersUnlock(tenant) ? ['reset', 'unlock'] : ['reset']
}

function offersUnlock(tenant: TenantFacts): boolean {
  return tenant.onPremisesIntegration.passwordWritebackEnabled && tenant.onPremisesIntegration.allowUnlockWithoutReset
}
