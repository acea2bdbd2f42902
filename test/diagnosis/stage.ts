/** Facts for the diagnosis: a tenant in good order and people in it, from which a test changes what it is about. */
import type { MethodFacts, ResetFacts, SubjectFacts, TenantFacts } from '../../src/rules/facts.ts'
import {
  defaultAuthenticationMethodsPolicy, defaultAuthorizationPolicy, defaultOnPremisesIntegration, defaultPasswordProtection,
  defaultPasswordResetPolicy, defaultTenantSettings,
} from '../../src/rules/tenant-settings.ts'
import type { PasswordResetPolicy } from '../../src/rules/tenant-settings.ts'
import { emptyThrottle } from '../../src/rules/throttle.ts'
import { conclude } from '../../src/diagnosis/question.ts'
import type { QuestionId } from '../../src/diagnosis/question.ts'
import { questions } from '../../src/diagnosis/questions.ts'
import { countPerson, nobody } from '../../src/diagnosis/readiness.ts'
import type { Snapshot } from '../../src/diagnosis/snapshot.ts'

export const now = Date.UTC(2026, 10, 21)
const day = 86_400_000

export const roleIds = {
  global: '62e90394-69f5-4237-9190-012177145e10', password: '966707d0-3269-4727-9be2-8c3a10f19b9d',
  helpdesk: '729827e3-9c14-49f7-bb1b-9608f156bbb8', user: 'fe930be7-5e62-47db-91af-98c3a49a38b1', hybrid: '8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2',
  policy: '0526716b-113d-4c15-b2c8-68e3c22b9f80', application: '9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3',
}

export const method = (kind: MethodFacts['kind'], more: Partial<MethodFacts> = {}): MethodFacts => ({
  id: kind, kind, source: 'private', writtenBy: 'self', wellFormed: true, verified: true, heldUntil: null, destinationKey: `to-${kind}`, ...more,
})

export const role = (roleTemplateId: string) => ({ roleTemplateId, directoryScopeId: '/', eligible: false })

const domain = {
  id: 'contoso.example', isInitial: false, isDefault: true, isVerified: true, authenticationType: 'Managed' as const, signInModel: null,
  passwordValidityPeriodInDays: null, passwordNotificationWindowInDays: null,
}

export function person(name: string, more: Partial<SubjectFacts> = {}): SubjectFacts {
  return {
    id: name, userPrincipalName: `${name}@contoso.example`, displayName: name, givenName: null, surname: null, mail: null, userType: 'member',
    externalKind: 'none', accountEnabled: true, deleted: false, onPremisesSyncEnabled: false, domain, roles: [], memberOf: [],
    roleAssignableGroupMember: false, roleAssignableGroupOwner: false, administrativeUnits: [], licences: [], methods: [], passwordPolicies: [],
    passwordChangedAt: now - day, forceChangePasswordNextSignIn: false, forceChangePasswordNextSignInWithMfa: false,
    temporaryPasswordExpiresAt: null, lastConfirmedAt: null, lastSignInAt: null, perUserMfaState: 'disabled', lastPasswordEvent: null,
    syncOverwroteAt: null, onPremises: null, ...more,
  }
}

/** Somebody whose account comes from the domain. */
export const synced = (name: string, more: Partial<SubjectFacts> = {}): SubjectFacts => person(name, {
  onPremisesSyncEnabled: true, domain: { ...domain, signInModel: 'pta' },
  onPremises: { enabled: true, lockedUntil: null, protected: false, cannotChangePassword: false, neverExpires: false }, ...more,
})

export function tenant(more: Partial<TenantFacts> = {}, policy: Partial<PasswordResetPolicy> = {}): TenantFacts {
  return {
    id: 'contoso', displayName: 'Contoso', createdAt: now - 400 * day, domains: [domain], settings: { ...defaultTenantSettings },
    passwordResetPolicy: { ...defaultPasswordResetPolicy, enablementType: 2, ...policy },
    authenticationMethodsPolicy: structuredClone(defaultAuthenticationMethodsPolicy), authorizationPolicy: { ...defaultAuthorizationPolicy },
    passwordProtection: { ...defaultPasswordProtection }, onPremisesIntegration: { ...defaultOnPremisesIntegration },
    policyChangedAt: now - day, subscribedSkus: [], hybrid: { everSynced: false, syncEnabled: false, lastSyncAt: null, lastSyncResult: null },
    agents: [], currentAgentVersion: '1.0.0', ...more,
  }
}

/** A tenant whose domain is connected and well. */
export const hybridTenant = (more: Partial<TenantFacts> = {}, policy: Partial<PasswordResetPolicy> = {}): TenantFacts => tenant({
  hybrid: { everSynced: true, syncEnabled: true, lastSyncAt: now - 60_000, lastSyncResult: 'ok' },
  onPremisesIntegration: { onboarded: true, passwordWritebackEnabled: true, allowUnlockWithoutReset: false },
  agents: [{ id: 'agent', name: 'dc1', lastHeartbeatAt: now - 10_000, version: '1.0.0', status: 'active', configurationError: null }], ...more,
}, policy)

export const providers = { mail: true, sms: true, voice: false, push: false }

/** What a test says of a snapshot; people by themselves, of whom the snapshot keeps the figures. */
export type Told = Partial<Omit<Snapshot, 'people'>> & { people?: readonly SubjectFacts[] }

export function snapshot({ people = [], ...more }: Told = {}): Snapshot {
  const base: Snapshot = {
    now, tenant: tenant(), providers, caller: person('gus', { roles: [role(roleIds.global)] }), target: null, targetName: null, reset: null,
    signInLockedUntil: null, attempt: null, people: nobody(), prompts: { prompted: 0, completed: 0, skipped: 0 }, scopeGroup: null,
    nodes: [{ id: 'node-1', lastSeenAt: now }], applications: { total: 0, expiring: 0, owned: false }, ...more,
  }
  for (const one of people) countPerson(base.people, base, one)
  const reset: ResetFacts | null = base.target && { tenant: base.tenant, subject: base.target, resolvedBy: 'userPrincipalName', throttle: emptyThrottle, providers, now }
  return { ...base, reset: more.reset ?? reset }
}

/** The codes of the answer: the verdict first, then what contributes. */
export function ask(id: QuestionId, facts: Told = {}): string[] {
  const seen = snapshot(facts)
  const { verdict, contributing } = conclude(questions[id], seen, questions[id].findings(seen))
  return [verdict.code, ...contributing.map(one => one.code)]
}

/** The verdict alone. */
export const verdictOf = (id: QuestionId, facts: Told = {}): string => ask(id, facts)[0]!
