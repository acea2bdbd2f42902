// What the heartbeats that agents left tell about the way to the domain (LD-44). Nothing here asks an agent anything.
import type { AgentFacts, TenantFacts } from './facts.ts'

/** An agent that has not polled for this long is not connected. */
export const connectedWithin = 90_000
/** A sync older than this counts as stuck: agents sync every two minutes (LD-46). */
export const syncStaleAfter = 30 * 60_000

type AgentTenant = Pick<TenantFacts, 'agents' | 'onPremisesIntegration' | 'currentAgentVersion'>

export function connectedAgents(tenant: Pick<TenantFacts, 'agents'>, now: number): AgentFacts[] {
  return tenant.agents.filter(agent =>
    agent.status === 'active' && agent.lastHeartbeatAt !== null && now - agent.lastHeartbeatAt <= connectedWithin)
}

/** Connected and with nothing wrong of its own: can carry a password home. */
export function workingAgents(tenant: Pick<TenantFacts, 'agents'>, now: number): AgentFacts[] {
  return connectedAgents(tenant, now).filter(agent => agent.configurationError === null)
}

/** The newest heartbeat of any agent in use; null when none was ever seen. */
export function lastHeartbeat(tenant: Pick<TenantFacts, 'agents'>): number | null {
  const beats = tenant.agents.flatMap(agent => (agent.status === 'active' && agent.lastHeartbeatAt !== null ? [agent.lastHeartbeatAt] : []))
  return beats.length === 0 ? null : Math.max(...beats)
}

/** True when the version is lower than the other, number by number. */
export function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map(text => text.split('.').map(part => Number.parseInt(part, 10) || 0))
  for (let i = 0; i < Math.max(a!.length, b!.length); i++) {
    if ((a![i] ?? 0) !== (b![i] ?? 0)) return (a![i] ?? 0) < (b![i] ?? 0)
  }
  return false
}

export type WritebackStatus =
  | 'UP' | 'UP_BUT_OUTDATED' | 'UNKNOWN_OUTDATED' | 'CANNOT_CONNECT' | 'NOT_CONFIGURED' | 'TEMPORARY_SERVICE_FAULT'

/** The status line of the on-premises page, in the original's names (sspr §2.8). `fault`: our own side is at fault. */
export function writebackStatus(tenant: AgentTenant, now: number, fault = false): WritebackStatus {
  const known = tenant.agents.filter(agent => agent.status === 'active')
  if (!tenant.onPremisesIntegration.onboarded || known.length === 0) return 'NOT_CONFIGURED'
  if (fault) return 'TEMPORARY_SERVICE_FAULT'
  const connected = connectedAgents(tenant, now)
  const outdated = (agents: readonly AgentFacts[]) => agents.every(agent => isOlder(agent.version, tenant.currentAgentVersion))
  if (connected.length > 0) return outdated(connected) ? 'UP_BUT_OUTDATED' : 'UP'
  return outdated(known) ? 'UNKNOWN_OUTDATED' : 'CANNOT_CONNECT'
}
