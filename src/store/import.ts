import type { Selectable } from 'kysely'
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import { byIndex, pageLimit } from './engine.ts'
import { nameKey } from './names.ts'
import type { UserContactTable, UserTable } from './tables.ts'

export type ImportedUser = Selectable<UserTable>

/** The users of these principal names, by their compared form. */
export async function usersByPrincipalName(db: Db, tenantId: string, names: readonly string[]): Promise<Map<string, ImportedUser>> {
  const found = new Map<string, ImportedUser>()
  for (const some of bundles(names)) {
    const rows = await byIndex(db, one => one
      .selectFrom('users')
      .select(columns.users)
      .where('tenantId', '=', tenantId)
      .where('upnLower', 'in', some.map(nameKey))
      .where('deletedDateTime', 'is', null)
      .execute())
    for (const row of rows) found.set(row.upnLower, row)
  }
  return found
}

/** What one question may name. */
function bundles<T>(all: readonly T[]): (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / pageLimit) }, (_, at) => all.slice(at * pageLimit, (at + 1) * pageLimit))
}

export type ContactIndex = Pick<Selectable<UserContactTable>, 'userId' | 'kind' | 'position' | 'valueIndex' | 'valueSealed' | 'id' | 'origin'>

/** Contact data of these people, by kind and position. */
export async function contactsOf(db: Db, tenantId: string, userIds: readonly string[]): Promise<ContactIndex[]> {
  const found: ContactIndex[] = []
  for (const some of bundles(userIds)) {
    found.push(...await db
      .selectFrom('userContacts')
      .select(['userId', 'kind', 'position', 'valueIndex', 'valueSealed', 'id', 'origin'])
      .where('tenantId', '=', tenantId)
      .where('userId', 'in', some)
      .orderBy('userId')
      .orderBy('kind')
      .orderBy('position')
      .execute())
  }
  return found
}

/** Those of these names, in their compared form, that somebody has. */
export async function takenNames(db: Db, tenantId: string, names: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>()
  for (const some of bundles(names)) {
    const rows = await byIndex(db, one => one.selectFrom('userAliases').select('aliasLower').where('tenantId', '=', tenantId).where('aliasLower', 'in', some).execute())
    for (const row of rows) found.add(row.aliasLower)
  }
  return found
}
