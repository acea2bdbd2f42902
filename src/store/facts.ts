/**
 * The one place that collects what rules decide by. It reads nothing but the database (an agent's health is the heartbeat it left
 * there), opens no sealed value, and makes the same number of queries whether there is such a person or not (T-02).
 */
import type { Db } from '../app.ts'
import type { AdminResetFacts, DomainFacts, ProviderFacts, ResetFacts, SubjectFacts, SubscribedSkuFacts, TenantFacts } from '../rules/facts.ts'
import { agentFacts, selectAgents } from './agents.ts'
import type { AgentRow } from './agents.ts'
import { selectUnits } from './administrative-units.ts'
import { selectDomains } from './domains.ts'
import type { DomainRow } from './domains.ts'
import { selectTransitiveGroups } from './groups.ts'
import { jsonRows } from './json-rows.ts'
import { latest } from './latest.ts'
import { licenceFacts, selectLicences, selectSkus } from './licences.ts'
import { readThrottle } from './limits.ts'
import { countAnswers, methodFacts, selectContacts, selectRegistered } from './method-facts.ts'
import type { Contact, Registered } from './method-facts.ts'
import { eventFacts, selectLastEvent } from './password-events.ts'
import type { PasswordEventRow } from './password-events.ts'
import { policiesIn, selectPolicies } from './policies.ts'
import { prepared } from './prepared.ts'
import { roleFacts, selectRoles } from './roles.ts'
import type { HeldRole } from './roles.ts'
import { selectLastSignIn } from './sign-ins.ts'
import { selectPeople, subjectFacts } from './subject-facts.ts'
import type { TenantRow } from './tenants.ts'

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
  /** The tenant's facts, where they were read a moment ago for somebody else. */
  tenant?: TenantFacts
}

/** @throws when there is no such tenant. */
export async function gatherFacts(db: Db, wanted: FactsWanted): Promise<ResetFacts> {
  const { tenantId, userId, now, providers } = wanted
  const tenant = wanted.tenant ?? (await gatherTenantFacts(db, tenantId, wanted))
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

const domainRows = jsonRows<Omit<DomainRow, 'tenantId' | 'capturedCopy' | 'createdAt'>>(
  ['id', 'isInitial', 'isDefault', 'isVerified', 'authenticationType', 'signInModel', 'passwordValidityPeriodInDays', 'passwordNotificationWindowInDays'],
  ['isInitial', 'isDefault', 'isVerified'],
)
const skuRows = jsonRows<SubscribedSkuFacts>(['skuId', 'skuPartNumber', 'enabledUnits', 'capabilityStatus', 'isTrial', 'consumedUnits'], ['isTrial'])
type AgentPart = Pick<AgentRow, 'id' | 'displayName' | 'status' | 'version' | 'lastHeartbeatAt' | 'lastSyncAt' | 'lastSyncResult' | 'configurationError' | 'revokedAt'>
const agentRows = jsonRows<AgentPart>(['id', 'displayName', 'status', 'version', 'lastHeartbeatAt', 'lastSyncAt', 'lastSyncResult', 'configurationError', 'revokedAt'])
const tenantRows = jsonRows<Pick<TenantRow, 'id' | 'displayName' | 'createdAt'>>(['id', 'displayName', 'createdAt'])
const syncedRows = jsonRows<{ id: string }>(['id'])

/** Everything about a tenant, in texts that are the same as long as it is. */
const tenantTexts = prepared<{ tenantId: string }>()((db, value) => {
  const tenantId = value('tenantId')
  return db.selectNoFrom([
    tenantRows.select(db, db.selectFrom('tenants').select(['id', 'displayName', 'createdAt']).where('id', '=', tenantId), 'tenant'),
    domainRows.select(db, selectDomains(db, tenantId), 'domains'),
    selectPolicies(db, tenantId),
    skuRows.select(db, selectSkus(db, tenantId, 1), 'skus'),
    agentRows.select(db, selectAgents(db, tenantId), 'agents'),
    syncedRows.select(db, selectSynced(db, tenantId), 'synced'),
  ])
})
const tenants = latest(tenantFacts)

/**
 * One query; nobody may change what comes back.
 * @throws when there is no such tenant.
 */
export async function gatherTenantFacts(
  db: Db,
  tenantId: string,
  { currentAgentVersion = '0' }: { currentAgentVersion?: string } = {},
): Promise<TenantFacts> {
  const { tenant, domains, policies, skus, agents, synced } = await tenantTexts.only(db, { tenantId })
  if (tenant === '[]') throw new Error('There is no such tenant')
  return tenants.of(tenantId, [tenant, domains, policies, skus, agents, synced, currentAgentVersion].join('\n'))
}

/** JSON has no line breaks of its own, so the texts fall apart again where they were joined. */
function tenantFacts(texts: string): TenantFacts {
  const [tenant, domains, policiesText, skus, agentsText, synced, currentAgentVersion] = texts.split('\n') as [string, string, string, string, string, string, string]
  const [{ id, displayName, createdAt }] = tenantRows.read(tenant) as [Pick<TenantRow, 'id' | 'displayName' | 'createdAt'>]
  const policies = policiesIn(policiesText)
  const agents = agentRows.read(agentsText)
  const inUse = agents.filter(agent => agent.revokedAt === null)
  const newest = inUse.reduce<AgentPart | undefined>((best, one) => ((one.lastSyncAt ?? 0) > (best?.lastSyncAt ?? 0) ? one : best), undefined)
  return {
    id,
    displayName,
    createdAt,
    domains: domainRows.read(domains).map(domainFacts),
    settings: policies.tenantSettings,
    passwordResetPolicy: policies.passwordResetPolicy,
    authenticationMethodsPolicy: policies.authenticationMethodsPolicy,
    authorizationPolicy: policies.authorizationPolicy,
    passwordProtection: policies.passwordProtection,
    onPremisesIntegration: policies.onPremisesIntegration,
    policyChangedAt: policies.changedAt,
    subscribedSkus: skuRows.read(skus),
    hybrid: {
      everSynced: synced !== '[]' || agents.some(agent => agent.lastSyncAt !== null),
      syncEnabled: inUse.length > 0,
      lastSyncAt: newest?.lastSyncAt ?? null,
      lastSyncResult: newest?.lastSyncResult == null ? null : newest.lastSyncResult === 'ok' ? 'ok' : 'failed',
    },
    agents: agents.map(agentFacts),
    currentAgentVersion,
  }
}

const groupRows = jsonRows<{ id: string; isAssignableToRole: boolean }>(['id', 'isAssignableToRole'], ['isAssignableToRole'])
const roleRows = jsonRows<HeldRole>(['roleDefinitionId', 'directoryScopeId', 'state', 'groupId', 'restricted', 'privileged'])
const ownedRows = jsonRows<{ id: string }>(['id'])
const unitRows = jsonRows<{ id: string; restricted: boolean }>(['id', 'restricted'], ['restricted'])
const licenceRows = jsonRows<{ skuId: string; skuPartNumber: string; disabledPlans: string }>(['skuId', 'skuPartNumber', 'disabledPlans'])
const registeredRows = jsonRows<Registered>(['id', 'kind', 'origin', 'valueIndex', 'verifiedAt', 'heldUntil'])
const contactRows = jsonRows<Contact>(['id', 'kind', 'origin', 'valueIndex', 'wellFormed'], ['wellFormed'])
const eventRows = jsonRows<Pick<PasswordEventRow, 'at' | 'channel' | 'writeback' | 'code'>>(['at', 'channel', 'writeback', 'code'])
const signInRows = jsonRows<{ at: number }>(['at'])

const personWithParts = prepared<{ tenantId: string; userId: string }>()((db, value) => {
  const [tenantId, userId] = [value('tenantId'), value('userId')]
  return selectPeople(db, tenantId)
    .where('u.id', '=', userId)
    .select([
      groupRows.select(db, selectTransitiveGroups(db, tenantId, userId), 'groups'),
      roleRows.select(db, selectRoles(db, tenantId, userId), 'roles'),
      ownedRows.select(db, selectOwnedRoleGroup(db, tenantId, userId), 'ownedRoleGroup'),
      unitRows.select(db, selectUnits(db, tenantId, userId), 'units'),
      licenceRows.select(db, selectLicences(db, tenantId, userId), 'licences'),
      registeredRows.select(db, selectRegistered(db, tenantId, userId), 'registered'),
      contactRows.select(db, selectContacts(db, tenantId, userId), 'contacts'),
      countAnswers(db, tenantId, userId).$asScalar().as('answers'),
      eventRows.select(db, selectLastEvent(db, tenantId, userId), 'lastEvent'),
      signInRows.select(db, selectLastSignIn(db, tenantId, userId), 'lastSignIn'),
    ])
})

/** One person as the rules see them; null for nobody. Deleted people too: a rule says what that means. One query. */
export async function gatherSubject(db: Db, tenant: Pick<TenantFacts, 'id' | 'domains'>, userId: string | null, now: number): Promise<SubjectFacts | null> {
  const row = await personWithParts.first(db, { tenantId: tenant.id, userId: userId ?? '' }) // nobody's id: the same query finds nothing
  if (!row) return null
  const [event] = eventRows.read(row.lastEvent)
  return subjectFacts(tenant.domains, row, {
    groups: groupRows.read(row.groups),
    roles: roleRows.read(row.roles).map(roleFacts),
    ownsRoleGroup: row.ownedRoleGroup !== '[]',
    administrativeUnits: unitRows.read(row.units),
    licences: licenceRows.read(row.licences).map(licenceFacts),
    methods: methodFacts(registeredRows.read(row.registered), contactRows.read(row.contacts), Number(row.answers ?? 0)),
    lastPasswordEvent: event ? eventFacts(event) : null,
    lastSignInAt: signInRows.read(row.lastSignIn)[0]?.at ?? null,
  }, now)
}

function selectOwnedRoleGroup(db: Db, tenantId: string, userId: string) {
  return db
    .selectFrom('groupOwners as o')
    .innerJoin('groups as g', join => join.onRef('g.tenantId', '=', 'o.tenantId').onRef('g.id', '=', 'o.groupId'))
    .select('g.id')
    .where('o.tenantId', '=', tenantId)
    .where('o.ownerId', '=', userId)
    .where('g.isAssignableToRole', '=', true)
    .where('g.deletedDateTime', 'is', null)
    .limit(1)
}

/** Immutable ids come from a directory only, and stay when sync is turned off. */
const selectSynced = (db: Db, tenantId: string) =>
  db.selectFrom('users').select('id').where('tenantId', '=', tenantId).where('onPremisesImmutableId', '>', '').limit(1)

export function domainFacts(row: Omit<DomainRow, 'tenantId' | 'capturedCopy' | 'createdAt'>): DomainFacts {
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
