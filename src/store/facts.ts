/**
 * The one place that collects what rules decide by. It reads nothing but the database (an agent's health is the heartbeat it left
 * there), opens no sealed value, and makes the same number of queries whether there is such a person or not (T-02).
 */
import type { Db } from '../app.ts'
import type { AdminResetFacts, DomainFacts, ProviderFacts, ResetFacts, SubjectFacts, TenantFacts } from '../rules/facts.ts'
import { agentFacts, listAgents } from './agents.ts'
import { unitsOf } from './administrative-units.ts'
import { listDomains } from './domains.ts'
import type { DomainRow } from './domains.ts'
import { transitiveGroups } from './groups.ts'
import { licencesOf, subscribedSkus } from './licences.ts'
import { readThrottle } from './limits.ts'
import { methodsOf } from './method-facts.ts'
import { nameKey } from './names.ts'
import { lastPasswordEvent } from './password-events.ts'
import { readPolicies } from './policies.ts'
import { rolesOf } from './roles.ts'
import { lastSignIn } from './sign-ins.ts'
import { findTenant } from './tenants.ts'

export interface FactsWanted {
  tenantId: string
  /** null: the name led to nobody. As many queries are made. */
  userId: string | null
  now: number
  providers: ProviderFacts
  /** How the name was resolved; by its user principal name when not given. */
  resolvedBy?: ResetFacts['resolvedBy']
  /** Where the account's recovery tries are counted (limits.ts); `recovery:<user id>` when not given. */
  throttleKey?: string
  /** The lowest agent version that this server supports fully. */
  currentAgentVersion?: string
}

/** @throws when there is no such tenant. */
export async function gatherFacts(db: Db, wanted: FactsWanted): Promise<ResetFacts> {
  const { tenantId, userId, now, providers } = wanted
  const tenant = await gatherTenantFacts(db, tenantId, wanted)
  const subject = await gatherSubject(db, tenant, userId, now)
  const throttle = await readThrottle(db, tenantId, wanted.throttleKey ?? `recovery:${userId ?? ''}`)
  return { tenant, subject, resolvedBy: wanted.resolvedBy ?? 'userPrincipalName', throttle, providers, now }
}

export interface AdminFactsWanted {
  tenantId: string
  callerId: string
  targetId: string
  now: number
  currentAgentVersion?: string
}

/** @throws when there is no such tenant or caller; a missing target is null. */
export async function gatherAdminFacts(db: Db, wanted: AdminFactsWanted): Promise<AdminResetFacts> {
  const { tenantId, callerId, targetId, now } = wanted
  const tenant = await gatherTenantFacts(db, tenantId, wanted)
  const caller = await gatherSubject(db, tenant, callerId, now)
  const target = await gatherSubject(db, tenant, targetId, now)
  if (!caller) throw new Error('The caller of an administrative action is nobody')
  return { tenant, caller, target, now }
}

/** @throws when there is no such tenant. */
export async function gatherTenantFacts(
  db: Db,
  tenantId: string,
  { currentAgentVersion = '0' }: { currentAgentVersion?: string } = {},
): Promise<TenantFacts> {
  const tenant = await findTenant(db, tenantId)
  const domains = await listDomains(db, tenantId)
  const policies = await readPolicies(db, tenantId)
  const skus = await subscribedSkus(db, tenantId)
  const agents = await listAgents(db, tenantId)
  const synced = await someoneSynced(db, tenantId)
  if (!tenant) throw new Error('There is no such tenant')
  const inUse = agents.filter(agent => agent.revokedAt === null)
  const newest = inUse.reduce<(typeof inUse)[number] | undefined>((best, one) => ((one.lastSyncAt ?? 0) > (best?.lastSyncAt ?? 0) ? one : best), undefined)
  return {
    id: tenant.id,
    displayName: tenant.displayName,
    createdAt: tenant.createdAt,
    domains: domains.map(domainFacts),
    settings: policies.tenantSettings,
    passwordResetPolicy: policies.passwordResetPolicy,
    authenticationMethodsPolicy: policies.authenticationMethodsPolicy,
    authorizationPolicy: policies.authorizationPolicy,
    passwordProtection: policies.passwordProtection,
    onPremisesIntegration: policies.onPremisesIntegration,
    policyChangedAt: policies.changedAt,
    subscribedSkus: skus,
    hybrid: {
      everSynced: synced || agents.some(agent => agent.lastSyncAt !== null),
      syncEnabled: inUse.length > 0,
      lastSyncAt: newest?.lastSyncAt ?? null,
      lastSyncResult: newest?.lastSyncResult == null ? null : newest.lastSyncResult === 'ok' ? 'ok' : 'failed',
    },
    agents: agents.map(agentFacts),
    currentAgentVersion,
  }
}

/** One person as the rules see them; null for nobody. Deleted people too: a rule says what that means. */
export async function gatherSubject(db: Db, tenant: Pick<TenantFacts, 'id' | 'domains'>, userId: string | null, now: number): Promise<SubjectFacts | null> {
  const tenantId = tenant.id
  const id = userId ?? '' // nobody's id: the same queries find nothing
  const user = await findPerson(db, tenantId, id)
  const groups = await transitiveGroups(db, tenantId, id)
  const roles = await rolesOf(db, tenantId, id)
  const owner = await ownsRoleAssignableGroup(db, tenantId, id)
  const administrativeUnits = await unitsOf(db, tenantId, id)
  const licences = await licencesOf(db, tenantId, id)
  const methods = await methodsOf(db, tenantId, id)
  const passwordEvent = await lastPasswordEvent(db, tenantId, id)
  const signIn = await lastSignIn(db, tenantId, id)
  if (!user) return null
  return {
    id: user.id,
    userPrincipalName: user.userPrincipalName,
    displayName: user.displayName,
    givenName: user.givenName,
    surname: user.surname,
    mail: user.mail,
    userType: user.userType === 'Guest' ? 'guest' : 'member',
    externalKind: (user.externalKind ?? 'none') as SubjectFacts['externalKind'],
    accountEnabled: user.accountEnabled,
    deleted: user.deletedDateTime !== null,
    onPremisesSyncEnabled: user.onPremisesSyncEnabled,
    domain: domainOf(user.userPrincipalName, tenant.domains),
    roles,
    memberOf: groups.map(group => group.id),
    roleAssignableGroupMember: groups.some(group => group.isAssignableToRole),
    roleAssignableGroupOwner: owner,
    administrativeUnits,
    licences,
    methods,
    passwordPolicies: passwordPoliciesOf(user.passwordPolicies),
    passwordChangedAt: user.changedAt,
    forceChangePasswordNextSignIn: user.forceChangePasswordNextSignIn ?? false,
    forceChangePasswordNextSignInWithMfa: user.forceChangePasswordNextSignInWithMfa ?? false,
    temporaryPasswordExpiresAt: user.temporaryUntil,
    lastConfirmedAt: user.lastConfirmedAt,
    lastSignInAt: signIn?.at ?? null,
    perUserMfaState: user.perUserMfaState as SubjectFacts['perUserMfaState'],
    lastPasswordEvent: passwordEvent,
    syncOverwroteAt: null, // told by sync intake, which sets no password without an event of its own
    onPremises: onPremisesOf(user.onPremisesAccount, now),
  }
}

function findPerson(db: Db, tenantId: string, id: string) {
  return db
    .selectFrom('users as u')
    .leftJoin('passwords as p', join => join.onRef('p.tenantId', '=', 'u.tenantId').onRef('p.userId', '=', 'u.id'))
    .select([
      'u.id', 'u.userPrincipalName', 'u.displayName', 'u.givenName', 'u.surname', 'u.mail', 'u.userType', 'u.externalKind', 'u.accountEnabled',
      'u.deletedDateTime', 'u.onPremisesSyncEnabled', 'u.onPremisesAccount', 'u.passwordPolicies', 'u.perUserMfaState', 'u.lastConfirmedAt',
      'p.changedAt', 'p.forceChangePasswordNextSignIn', 'p.forceChangePasswordNextSignInWithMfa', 'p.temporaryUntil',
    ])
    .where('u.tenantId', '=', tenantId)
    .where('u.id', '=', id)
    .executeTakeFirst()
}

async function ownsRoleAssignableGroup(db: Db, tenantId: string, userId: string): Promise<boolean> {
  const row = await db
    .selectFrom('groupOwners as o')
    .innerJoin('groups as g', join => join.onRef('g.tenantId', '=', 'o.tenantId').onRef('g.id', '=', 'o.groupId'))
    .select('g.id')
    .where('o.tenantId', '=', tenantId)
    .where('o.ownerId', '=', userId)
    .where('g.isAssignableToRole', '=', true)
    .where('g.deletedDateTime', 'is', null)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Immutable ids come from a directory only, and stay when sync is turned off. */
async function someoneSynced(db: Db, tenantId: string): Promise<boolean> {
  const row = await db
    .selectFrom('users')
    .select('id')
    .where('tenantId', '=', tenantId)
    .where('onPremisesImmutableId', '>', '')
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

export function domainFacts(row: DomainRow): DomainFacts {
  return {
    id: row.id,
    isInitial: row.isInitial,
    isDefault: row.isDefault,
    isVerified: row.isVerified,
    authenticationType: row.authenticationType === 'Federated' ? 'Federated' : 'Managed',
    signInModel: row.signInModel === 'phs' || row.signInModel === 'pta' ? row.signInModel : null,
    passwordValidityPeriodInDays: row.passwordValidityPeriodInDays,
    passwordNotificationWindowInDays: row.passwordNotificationWindowInDays,
  }
}

/** The domain of a user principal name; a name whose domain the tenant does not have (any more) goes by an ordinary one. */
function domainOf(userPrincipalName: string, domains: readonly DomainFacts[]): DomainFacts {
  const id = nameKey(userPrincipalName.slice(userPrincipalName.lastIndexOf('@') + 1))
  const ordinary: DomainFacts = {
    id, isInitial: false, isDefault: false, isVerified: false, authenticationType: 'Managed', signInModel: null,
    passwordValidityPeriodInDays: null, passwordNotificationWindowInDays: null,
  }
  return domains.find(domain => domain.id === id) ?? ordinary
}

const knownPasswordPolicies = ['DisablePasswordExpiration', 'DisableStrongPassword'] as const

function passwordPoliciesOf(text: string | null): SubjectFacts['passwordPolicies'] {
  const named = (text ?? '').split(',').map(one => one.trim().toLowerCase())
  return knownPasswordPolicies.filter(policy => named.includes(policy.toLowerCase()))
}

/** A lock seen without its end is taken for as long as directories lock by default. */
const usualLock = 30 * 60_000

interface SeenAccount {
  enabled?: boolean
  lockedOut?: boolean
  lockedUntil?: number | null
  cannotChangePassword?: boolean
  neverExpires?: boolean
  adminCount?: number | boolean
  protected?: boolean
}

function onPremisesOf(text: string | null, now: number): SubjectFacts['onPremises'] {
  if (text === null) return null
  const seen = JSON.parse(text) as SeenAccount
  return {
    enabled: seen.enabled ?? true,
    lockedUntil: seen.lockedUntil ?? (seen.lockedOut ? now + usualLock : null),
    protected: seen.protected ?? Number(seen.adminCount ?? 0) > 0,
    cannotChangePassword: seen.cannotChangePassword ?? false,
    neverExpires: seen.neverExpires ?? false,
  }
}
