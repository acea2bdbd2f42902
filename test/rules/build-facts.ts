// People and tenants for the tests of the rules: everything in order unless a test says otherwise.
import type { AdminResetFacts, AgentFacts, DomainFacts, MethodFacts, MethodKind, ResetFacts, RoleFacts, SubjectFacts, SubscribedSkuFacts, TenantFacts } from '../../src/rules/facts.ts'
import type { KnownFacts } from '../../src/rules/gates.ts'
import {
  defaultAuthenticationMethodsPolicy, defaultAuthorizationPolicy, defaultOnPremisesIntegration, defaultPasswordProtection,
  defaultPasswordResetPolicy, defaultTenantSettings,
} from '../../src/rules/tenant-settings.ts'
import type { PasswordResetPolicy, TenantSettings } from '../../src/rules/tenant-settings.ts'
import { emptyThrottle } from '../../src/rules/throttle.ts'
import { skus } from '../../src/rules/licences.ts'

export const now = Date.UTC(2026, 0, 15, 12)
export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour

export const domain = (more: Partial<DomainFacts> = {}): DomainFacts => ({
  id: 'contoso.example', isInitial: false, isDefault: true, isVerified: true, authenticationType: 'Managed', signInModel: null,
  passwordValidityPeriodInDays: 2_147_483_647, passwordNotificationWindowInDays: null, ...more,
})

export const agent = (more: Partial<AgentFacts> = {}): AgentFacts => ({
  id: 'agent-1', name: 'dc1', lastHeartbeatAt: now - 20_000, version: '1.0.0', status: 'active', configurationError: null, ...more,
})

/** A subscription by part number, enabled, with units assigned. */
export const sku = (skuPartNumber: string, more: Partial<SubscribedSkuFacts> = {}): SubscribedSkuFacts => ({
  skuPartNumber, skuId: skus.find(one => one.skuPartNumber === skuPartNumber)!.skuId, enabledUnits: 10, consumedUnits: 1,
  capabilityStatus: 'Enabled', isTrial: false, ...more,
})

type TenantMore = Partial<Omit<TenantFacts, 'settings' | 'passwordResetPolicy'>>
  & { settings?: Partial<TenantSettings>; passwordResetPolicy?: Partial<PasswordResetPolicy> }

/** Reset on for all with mail and mobile, no licences kept, writeback well. */
export const tenant = ({ settings, passwordResetPolicy, ...more }: TenantMore = {}): TenantFacts => ({
  id: 'tenant-1', displayName: 'Contoso', createdAt: now - 400 * day, domains: [domain()],
  settings: { ...defaultTenantSettings, ...settings },
  passwordResetPolicy: { ...defaultPasswordResetPolicy, enablementType: 2, ...passwordResetPolicy },
  authenticationMethodsPolicy: defaultAuthenticationMethodsPolicy,
  authorizationPolicy: defaultAuthorizationPolicy,
  passwordProtection: defaultPasswordProtection,
  onPremisesIntegration: { ...defaultOnPremisesIntegration, onboarded: true, passwordWritebackEnabled: true },
  policyChangedAt: null,
  subscribedSkus: [],
  hybrid: { everSynced: true, syncEnabled: true, lastSyncAt: now - minute, lastSyncResult: 'ok' },
  agents: [agent()],
  currentAgentVersion: '1.0.0',
  ...more,
})

export const role = (roleTemplateId: string, more: Partial<RoleFacts> = {}): RoleFacts =>
  ({ roleTemplateId, directoryScopeId: '/', eligible: false, ...more })

/** A verified method the person registered, to a destination of its own. */
export const method = (kind: MethodKind, more: Partial<MethodFacts> = {}): MethodFacts => ({
  id: `${kind}-1`, kind, source: 'private', writtenBy: 'self', wellFormed: true, verified: true, heldUntil: null, destinationKey: `to-${kind}`,
  ...(kind === 'securityQuestions' && { answeredQuestions: 5 }), ...more,
})

/** Ann: a user of the cloud with a mail address and a mobile given by an administrator. */
export const person = (more: Partial<SubjectFacts> = {}): SubjectFacts => ({
  id: 'ann', userPrincipalName: 'ann@contoso.example', displayName: 'Ann Berg', givenName: 'Ann', surname: 'Berg', mail: 'ann@contoso.example',
  userType: 'member', externalKind: 'none', accountEnabled: true, deleted: false, onPremisesSyncEnabled: false, domain: domain(),
  roles: [], memberOf: [], roleAssignableGroupMember: false, roleAssignableGroupOwner: false, administrativeUnits: [], licences: [],
  methods: [method('email', { source: 'public', writtenBy: 'administrator', verified: false }),
    method('mobile', { source: 'public', writtenBy: 'administrator', verified: false })],
  passwordPolicies: [], passwordChangedAt: now - 10 * day, forceChangePasswordNextSignIn: false, forceChangePasswordNextSignInWithMfa: false,
  temporaryPasswordExpiresAt: null, lastConfirmedAt: null, lastSignInAt: null, perUserMfaState: 'disabled', lastPasswordEvent: null,
  syncOverwroteAt: null, onPremises: null, ...more,
})

/** Somebody of the domain, whose password lives there. */
export const synced = (more: Partial<SubjectFacts> = {}): SubjectFacts => person({
  onPremisesSyncEnabled: true, domain: domain({ signInModel: 'pta' }),
  onPremises: { enabled: true, lockedUntil: null, protected: false, cannotChangePassword: false, neverExpires: false }, ...more,
})

const providers = { mail: true, sms: true, voice: true, push: true }

export const resetFacts = (more: Partial<ResetFacts> = {}): ResetFacts =>
  ({ tenant: tenant(), subject: person(), resolvedBy: 'userPrincipalName', throttle: emptyThrottle, providers, now, ...more })

export const known = (more: Partial<KnownFacts> = {}): KnownFacts => ({ ...resetFacts(), subject: person(), ...more })

export const adminFacts = (more: Partial<AdminResetFacts> = {}): AdminResetFacts =>
  ({ tenant: tenant(), caller: person({ id: 'gus' }), target: person(), now, ...more })
