import type { Selectable } from 'kysely'
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import { nameKey } from './names.ts'
import type { UserContactTable, UserTable } from './tables.ts'

export type ImportedUser = Selectable<UserTable>

/** The users of these principal names, by their compared form; at most 999 names at once. */
export async function usersByPrincipalName(db: Db, tenantId: string, names: readonly string[]): Promise<Map<string, ImportedUser>> {
  if (names.length === 0) return new Map()
  const rows = await db
    .selectFrom('users')
    .select(columns.users)
    .where('tenantId', '=', tenantId)
    .where('upnLower', 'in', names.slice(0, 999).map(nameKey))
    .where('deletedDateTime', 'is', null)
    .execute()
  return new Map(rows.map(row => [row.upnLower, row]))
}

export type ContactIndex = Pick<Selectable<UserContactTable>, 'userId' | 'kind' | 'position' | 'valueIndex' | 'valueSealed' | 'id' | 'origin'>

/** Contact data of these people, by kind and position; at most 999 people at once. */
export function contactsOf(db: Db, tenantId: string, userIds: readonly string[]): Promise<ContactIndex[]> {
  if (userIds.length === 0) return Promise.resolve([])
  return db
    .selectFrom('userContacts')
    .select(['userId', 'kind', 'position', 'valueIndex', 'valueSealed', 'id', 'origin'])
    .where('tenantId', '=', tenantId)
    .where('userId', 'in', userIds.slice(0, 999))
    .orderBy('userId')
    .orderBy('kind')
    .orderBy('position')
    .execute()
}

/** Those of these names, in their compared form, that somebody has; at most 999 names at once. */
export async function takenNames(db: Db, tenantId: string, names: readonly string[]): Promise<Set<string>> {
  if (names.length === 0) return new Set()
  const rows = await db.selectFrom('userAliases').select('aliasLower').where('tenantId', '=', tenantId).where('aliasLower', 'in', names.slice(0, 999)).execute()
  return new Set(rows.map(row => row.aliasLower))
}
