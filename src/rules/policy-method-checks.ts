// May this authentication methods policy be saved, and does it make accounts easier to take over (sspr §2.9, graph §7.1, T-45)?
import type { ReasonCode } from './reason.ts'
import type { AuthenticationMethodsPolicy, MethodConfiguration, PasswordResetPolicy } from './tenant-settings.ts'
import { validateMigration, validatePasswordResetPolicy } from './policy-checks.ts'
import { finding } from './verdict.ts'
import type { Finding } from './verdict.ts'

/** Bounds of a temporary access pass; minutes and characters. */
export const passLimits = { lifetime: [10, 43_200], length: [8, 48] } as const

/** Of the reset policy's checks those that a change of methods can break. */
const shared: readonly ReasonCode[] = ['policy.methods.too_few', 'policy.questions.alone', 'policy.methods.app_needs_company']

/** Every rule of the methods policy, and of the reset policy that is read together with it. Save only when none blocks. */
export function validateMethodsPolicy(next: AuthenticationMethodsPolicy, before: AuthenticationMethodsPolicy, reset: PasswordResetPolicy): Finding[] {
  const rest = { group: null, fallBelow: [], impactConfirmed: true, primaryAddresses: [] }
  const brokenNow = validatePasswordResetPolicy(reset, { ...rest, methodsPolicy: before }).filter(blocks).map(one => one.code)
  return [
    validateMigration(before.policyMigrationState, next.policyMigrationState),
    ...next.authenticationMethodConfigurations.flatMap(validateConfiguration),
    ...campaignFindings(next),
    // What was broken before is no reason to refuse its repair in steps.
    ...validatePasswordResetPolicy(reset, { ...rest, methodsPolicy: next }).filter(one => shared.includes(one.code) && !brokenNow.includes(one.code)),
  ]
}

const blocks = (one: Finding): boolean => one.outcome === 'blocks'
const isWithin = (value: number | undefined, [min, max]: readonly [number, number]): boolean => value === undefined || (Number.isInteger(value) && value >= min && value <= max)
const invalid = (field: string, good: boolean): Finding => finding('configuration', 'LK_FIELD_INVALID', good ? 'ok' : 'blocks', { field }, { field })

function validateConfiguration(one: MethodConfiguration): Finding[] {
  if (one.id !== 'TemporaryAccessPass') return []
  const { minimumLifetimeInMinutes: min, maximumLifetimeInMinutes: max, defaultLifetimeInMinutes: usual } = one
  return [
    invalid('minimumLifetimeInMinutes', isWithin(min, passLimits.lifetime) && (min ?? 0) <= (max ?? Infinity)),
    invalid('maximumLifetimeInMinutes', isWithin(max, passLimits.lifetime)),
    invalid('defaultLifetimeInMinutes', isWithin(usual, [min ?? passLimits.lifetime[0], max ?? passLimits.lifetime[1]])),
    invalid('defaultLength', isWithin(one.defaultLength, passLimits.length)),
  ]
}

function campaignFindings({ registrationCampaign }: AuthenticationMethodsPolicy): Finding[] {
  return registrationCampaign ? [invalid('registrationEnforcement.snoozeDurationInDays', isWithin(registrationCampaign.snoozeDurationInDays, [0, 14]))] : []
}

/**
 * The parts of a change that open one more way in, or a longer one; by the configuration's id. Wider groups are none: they give people
 * what they may have under the same proofs.
 */
export function weakeningsOfMethods(before: AuthenticationMethodsPolicy, after: AuthenticationMethodsPolicy): string[] {
  return after.authenticationMethodConfigurations.filter(one => {
    const was = before.authenticationMethodConfigurations.find(other => other.id === one.id)
    const opened = one.state === 'enabled' && was?.state !== 'enabled'
    const longer = (one.maximumLifetimeInMinutes ?? 0) > (was?.maximumLifetimeInMinutes ?? 0) || (one.defaultLifetimeInMinutes ?? 0) > (was?.defaultLifetimeInMinutes ?? 0)
    const shorter = (one.defaultLength ?? 0) < (was?.defaultLength ?? 0)
    const reusable = was?.isUsableOnce === true && one.isUsableOnce !== true
    const more = (one.isOfficePhoneAllowed === true && was?.isOfficePhoneAllowed !== true) || (one.isSoftwareOathEnabled === true && was?.isSoftwareOathEnabled !== true)
    return opened || (one.state === 'enabled' && (longer || shorter || reusable || more))
  }).map(one => one.id)
}
