import type { AgentHub } from './app.ts'

/** The hub of an installation to which no agent has been connected: everything is unreachable, and says so. */
export const noAgents: AgentHub = {
  writePassword: async () => ({ status: 'unreachable' }),
  unlock: async () => ({ status: 'unreachable' }),
  verifyPassword: async () => 'unreachable',
}
