// Is the on-premises integration page there, and is what it shows well (sspr §2.8, D-09)?
import type { SubjectFacts, TenantFacts } from './facts.ts'
import { connectedAgents, isOlder, lastHeartbeat, syncStaleAfter, workingAgents } from './agents.ts'
import { holdsRole, roles } from './roles.ts'
import { diagnose } from './reset-checks.ts'
import type { Check } from './reset-checks.ts'
import type { Finding, Outcome } from './verdict.ts'

export interface OnPremisesFacts {
  tenant: TenantFacts
  caller: SubjectFacts
  now: number
}

const onboarded = (tenant: TenantFacts) => tenant.onPremisesIntegration.onboarded
/** Asks only once the earlier step exists: a tenant without sync has no agent to be down. */
const whenOnboarded = (test: (facts: OnPremisesFacts) => Outcome) => (facts: OnPremisesFacts) => (onboarded(facts.tenant) ? test(facts) : 'notApplicable')

/** The first three decide whether the page is there; the others are what it reports when it is (M-19). */
export const onPremisesChecks: readonly Check<OnPremisesFacts>[] = [
  { check: 'hybrid', code: 'NOT_HYBRID', test: ({ tenant }) => (tenant.hybrid.everSynced ? 'ok' : 'blocks'),
    evidence: ({ tenant }) => ({ everSynced: tenant.hybrid.everSynced, agents: tenant.agents.length }) },
  { check: 'writebackOnboarded', code: 'WRITEBACK_NOT_USED', test: ({ tenant }) => (onboarded(tenant) ? 'ok' : 'blocks') },
  { check: 'callerMayLook', code: 'NO_ROLE', test: ({ caller }) => (pageAccess(caller) === 'none' ? 'blocks' : 'ok'),
    evidence: ({ caller }) => ({ access: pageAccess(caller) }) },
  { check: 'writebackEnabled', code: 'WRITEBACK_OFF',
    test: whenOnboarded(({ tenant }) => (tenant.onPremisesIntegration.passwordWritebackEnabled ? 'ok' : 'warns')) },
  { check: 'agentConnected', code: 'WRITEBACK_AGENT_DOWN',
    test: whenOnboarded(({ tenant, now }) => (connectedAgents(tenant, now).length > 0 ? 'ok' : 'warns')),
    evidence: ({ tenant }) => ({ since: lastHeartbeat(tenant) }), values: ({ tenant }) => ({ since: lastHeartbeat(tenant) ?? 0 }) },
  { check: 'agentHealthy', code: 'WRITEBACK_MISCONFIGURED',
    test: whenOnboarded(({ tenant, now }) =>
      (connectedAgents(tenant, now).length === 0 ? 'notApplicable' : workingAgents(tenant, now).length > 0 ? 'ok' : 'warns')),
    evidence: ({ tenant, now }) => ({ configurationError: connectedAgents(tenant, now)[0]?.configurationError ?? null }) },
  { check: 'syncRunning', code: 'CONNECTOR_DOWN',
    test: ({ tenant, now }) => {
      if (!tenant.hybrid.everSynced) return 'notApplicable'
      const { lastSyncAt, lastSyncResult } = tenant.hybrid
      return lastSyncResult === 'failed' || lastSyncAt === null || now - lastSyncAt > syncStaleAfter ? 'warns' : 'ok'
    },
    evidence: ({ tenant }) => ({ lastSyncAt: tenant.hybrid.lastSyncAt, lastSyncResult: tenant.hybrid.lastSyncResult }),
    values: ({ tenant }) => ({ lastSync: tenant.hybrid.lastSyncAt ?? 0 }) },
  { check: 'agentCurrent', code: 'AGENT_OUTDATED',
    test: whenOnboarded(({ tenant, now }) =>
      (connectedAgents(tenant, now).some(agent => isOlder(agent.version, tenant.currentAgentVersion)) ? 'warns' : 'ok')),
    evidence: ({ tenant }) => ({ currentVersion: tenant.currentAgentVersion }) },
]

/** The tenant has synced, writeback was connected once, and the caller may look (sspr §2.8). */
export function isOnPremisesPageVisible(facts: OnPremisesFacts): boolean {
  return onPremisesChecks.every(check => check.test(facts) !== 'blocks')
}

export function diagnoseOnPremises(facts: OnPremisesFacts): Finding[] {
  return diagnose(onPremisesChecks, facts)
}

/** What the caller may do on the page. */
export function pageAccess(caller: Pick<SubjectFacts, 'roles'>): 'write' | 'read' | 'none' {
  if (holdsRole(caller.roles, roles.globalAdministrator, roles.hybridIdentityAdministrator)) return 'write'
  return holdsRole(caller.roles, roles.globalReader) ? 'read' : 'none'
}
