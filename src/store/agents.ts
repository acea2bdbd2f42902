import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Db } from '../app.ts'
import type { AgentFacts } from '../rules/facts.ts'
import { columns } from './columns.ts'
import type { AgentTable } from './tables.ts'

export type AgentRow = Selectable<AgentTable>

export function listAgents(db: Db, tenantId: string): Promise<AgentRow[]> {
  return selectAgents(db, tenantId).execute()
}

export const selectAgents = (db: Db, tenantId: string) =>
  db.selectFrom('agents').select(columns.agents).where('tenantId', '=', tenantId).orderBy('enrolledAt').orderBy('id').limit(200)

export function findAgent(db: Db, tenantId: string, id: string): Promise<AgentRow | undefined> {
  return db.selectFrom('agents').select(columns.agents).where('tenantId', '=', tenantId).where('id', '=', id).executeTakeFirst()
}

export async function insertAgent(trx: Db, agent: Insertable<AgentTable>): Promise<void> {
  await trx.insertInto('agents').values(agent).execute()
}

/** A heartbeat, a finished sync, a revocation: false when there is no such agent. */
export async function updateAgent(db: Db, tenantId: string, id: string, changes: Updateable<AgentTable>): Promise<boolean> {
  const row = await db.updateTable('agents').set(changes).where('tenantId', '=', tenantId).where('id', '=', id).returning('id').executeTakeFirst()
  return row !== undefined
}

/** The agent as the rules read it. */
export function agentFacts(row: Pick<AgentRow, 'id' | 'displayName' | 'status' | 'version' | 'lastHeartbeatAt' | 'configurationError' | 'revokedAt'>): AgentFacts {
  const status = row.revokedAt !== null ? 'removed' : row.status === 'pending' ? 'pending' : 'active'
  const { id, displayName: name, lastHeartbeatAt, configurationError } = row
  return { id, name, lastHeartbeatAt, version: row.version ?? '0', status, configurationError }
}
