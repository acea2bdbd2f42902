import type { Selectable } from 'kysely'
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import type { NodeTable } from './tables.ts'

export type NodeRow = Selectable<NodeTable>
const goneAfter = 5 * 60_000

/** Says that this process is there; called every minute or so. Processes not heard of for five minutes are forgotten. */
export async function reportNode(db: Db, node: { id: string; startedAt: number; version: string }, now: number): Promise<void> {
  await db
    .insertInto('nodes')
    .values({ ...node, lastSeenAt: now })
    .onConflict(clash => clash.column('id').doUpdateSet({ lastSeenAt: now, version: node.version }))
    .execute()
  await db.deleteFrom('nodes').where('lastSeenAt', '<', now - goneAfter).execute()
}

/** The processes heard of within the last five minutes. */
export function listNodes(db: Db, now: number): Promise<NodeRow[]> {
  return db.selectFrom('nodes').select(columns.nodes).where('lastSeenAt', '>=', now - goneAfter).orderBy('startedAt').orderBy('id').limit(999).execute()
}

export async function removeNode(db: Db, id: string): Promise<void> {
  await db.deleteFrom('nodes').where('id', '=', id).execute()
}
