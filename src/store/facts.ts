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
import { lastPasswordEvent } from './password-events.ts'
import { readPolicies } from './policies.ts'
import { rolesOf } from './roles.ts'
import { lastSignIn } from './sign-ins.ts'
import { selectPeople, subjectFacts } from './subject-facts.ts'
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
  const person = await selectPeople(db, tenantId).where('u.id', '=', id).executeTakeFirst()
  const groups = await transitiveGroups(db, tenantId, id)
  const roles = await rolesOf(db, tenantId, id)
  const ownsRoleGroup = await ownsRoleAssignableGroup(db, tenantId, id)
  const administrativeUnits = await unitsOf(db, tenantId, id)
  const licences = await licencesOf(db, tenantId, id)
  const methods = await methodsOf(db, tenantId, id)
  const lastEvent = await lastPasswordEvent(db, tenantId, id)
  const signIn = await lastSignIn(db, tenantId, id)
  if (!person) return null
  return subjectFacts(tenant.domains, person, {
    groups, roles, ownsRoleGroup, administrativeUnits, licences, methods, lastPasswordEvent: lastEvent, lastSignInAt: signIn?.at ?? null,
  }, now)
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
