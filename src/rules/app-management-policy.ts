// The tenant's own limits for credentials of programs: appManagementPolicies (graph §2.3, §3.1). One default for all, and policies for
// single applications and service principals, which replace the default where they stand.
import { reason } from './verdict.ts'
import type { Reason } from './verdict.ts'

export const passwordRestrictions = ['passwordAddition', 'passwordLifetime', 'symmetricKeyAddition', 'symmetricKeyLifetime', 'customPasswordAddition'] as const
export const keyRestrictions = ['asymmetricKeyLifetime', 'trustedCertificateAuthority'] as const

export interface Restriction {
  restrictionType: string
  state: 'enabled' | 'disabled'
  /** ISO 8601, 'P90D'; only for lifetimes. */
  maxLifetime: string | null
  /** The restriction holds for what was created after it, epoch milliseconds; null for all. */
  restrictForAppsCreatedAfterDateTime: number | null
}

export interface Restrictions {
  passwordCredentials: readonly Restriction[]
  keyCredentials: readonly Restriction[]
}

export interface ManagementPolicy {
  id: string
  isEnabled: boolean
  restrictions: Restrictions
}

const day = 86_400_000
/** Months and years as the longest they can be: a limit of a month allows a secret of thirty-one days. */
const units: readonly [pattern: string, milliseconds: number][] = [['Y', 366 * day], ['M', 31 * day], ['W', 7 * day], ['D', day]]
const timeUnits: readonly [pattern: string, milliseconds: number][] = [['H', 3_600_000], ['M', 60_000], ['S', 1000]]
const form = /^P(?=\d|T\d)(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,7})H)?(?:(\d{1,7})M)?(?:(\d{1,9})(?:\.\d{1,7})?S)?)?$/

/** Milliseconds of an ISO 8601 duration; undefined when it is none, or nothing. */
export function durationOf(text: string): number | undefined {
  const found = form.exec(text)
  if (!found) return undefined
  const all = [...units, ...timeUnits].map(([, size], index) => Number(found[index + 1] ?? 0) * size)
  const sum = all.reduce((total, one) => total + one, 0)
  return sum > 0 ? sum : undefined
}

/** The policy in force for an object: its own where it has one that is on, else the tenant's. */
export function policyInForce(own: ManagementPolicy | undefined, tenantDefault: ManagementPolicy | undefined): ManagementPolicy | undefined {
  if (own?.isEnabled) return own
  return tenantDefault?.isEnabled ? tenantDefault : undefined
}

export interface NewCredentialFacts {
  kind: 'password' | 'certificate'
  startDateTime: number
  endDateTime: number
  /** When the application or service principal was created. */
  ownerCreatedAt: number
}

/** Why the policy forbids this credential, with the policy's id for the message; undefined when it does not. */
export function refusedByPolicy(policy: ManagementPolicy | undefined, credential: NewCredentialFacts): Reason | undefined {
  if (!policy) return undefined
  const { kind, startDateTime, endDateTime, ownerCreatedAt } = credential
  const rows = (kind === 'password' ? policy.restrictions.passwordCredentials : policy.restrictions.keyCredentials)
    .filter(one => one.state === 'enabled' && ownerCreatedAt >= (one.restrictForAppsCreatedAfterDateTime ?? 0))
  if (kind === 'password' && rows.some(one => one.restrictionType === 'passwordAddition')) return reason('LK_CREDENTIAL_FORBIDDEN', { policyId: policy.id })
  const lifetimes = rows.filter(one => one.restrictionType === (kind === 'password' ? 'passwordLifetime' : 'asymmetricKeyLifetime'))
    .flatMap(one => (one.maxLifetime === null ? [] : [one.maxLifetime]))
  const broken = lifetimes.find(text => endDateTime - startDateTime > (durationOf(text) ?? 0))
  return broken === undefined ? undefined : reason('LK_CREDENTIAL_LIFETIME', { policyId: policy.id, maxLifetime: broken })
}
