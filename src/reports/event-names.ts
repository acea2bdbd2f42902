import type { Db } from '../app.ts'
import { listUsers } from '../store/users.ts'
import type { UserRow } from '../store/users.ts'

/** The people behind a page of events, by their ids; whoever is deleted has no name any more. */
export async function namesOf(db: Db, tenantId: string, events: readonly { userId: string | null }[]): Promise<Map<string, UserRow>> {
  const ids = [...new Set(events.flatMap(event => event.userId ?? []))]
  const users = await listUsers(db, { tenantId, top: 999, filter: { ids } })
  return new Map(users.map(user => [user.id, user]))
}
