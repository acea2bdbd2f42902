/** People, groups, applications and service principals by id alone: one namespace of object ids in a tenant. */
import type { Selectable } from 'kysely'
import type { Db } from '../app.ts'
import type { ApplicationTable, ServicePrincipalTable } from './application-tables.ts'
import { columns } from './columns.ts'
import { pageLimit } from './engine.ts'
import type { GroupRow } from './groups.ts'
import { parseUser } from './users.ts'
import type { UserRow } from './users.ts'

export type DirectoryObject =
  | { kind: 'user'; id: string; row: UserRow }
  | { kind: 'group'; id: string; row: GroupRow }
  | { kind: 'application'; id: string; row: Selectable<ApplicationTable> }
  | { kind: 'servicePrincipal'; id: string; row: Selectable<ServicePrincipalTable> }
export type ObjectKind = DirectoryObject['kind']

export const objectKinds: readonly ObjectKind[] = ['user', 'group', 'application', 'servicePrincipal']

/**
 * Those that there are, in the order of their ids. Any number of ids is taken in bundles of 999.
 * @param deleted the deleted items instead of the living
 */
export async function findObjects(db: Db, tenantId: string, ids: readonly string[], { kinds = objectKinds, deleted = false }: { kinds?: readonly ObjectKind[]; deleted?: boolean } = {}): Promise<DirectoryObject[]> {
  const found: DirectoryObject[] = []
  for (let at = 0; at < ids.length; at += pageLimit) {
    const some = ids.slice(at, at + pageLimit)
    for (const kind of kinds) found.push(...(await ofKind(db, tenantId, some, kind, deleted)))
  }
  return found.toSorted((a, b) => Number(a.id > b.id) - Number(a.id < b.id))
}

export async function findObject(db: Db, tenantId: string, id: string, options?: { kinds?: readonly ObjectKind[]; deleted?: boolean }): Promise<DirectoryObject | undefined> {
  return (await findObjects(db, tenantId, [id], options))[0]
}

async function ofKind(db: Db, tenantId: string, ids: readonly string[], kind: ObjectKind, deleted: boolean): Promise<DirectoryObject[]> {
  const state = deleted ? 'is not' : 'is'
  switch (kind) {
    case 'user': {
      const rows = await db.selectFrom('users').select(columns.users).where('tenantId', '=', tenantId).where('id', 'in', ids).where('deletedDateTime', state, null).execute()
      return rows.map(row => ({ kind, id: row.id, row: parseUser(row) }))
    }
    case 'group': {
      const rows = await db.selectFrom('groups').select(columns.groups).where('tenantId', '=', tenantId).where('id', 'in', ids).where('deletedDateTime', state, null).execute()
      return rows.map(row => ({ kind, id: row.id, row }))
    }
    case 'application': {
      const rows = await db.selectFrom('applications').select(columns.applications).where('tenantId', '=', tenantId).where('id', 'in', ids).where('deletedDateTime', state, null).execute()
      return rows.map(row => ({ kind, id: row.id, row }))
    }
    case 'servicePrincipal': {
      const rows = await db.selectFrom('servicePrincipals').select(columns.servicePrincipals).where('tenantId', '=', tenantId).where('id', 'in', ids).where('deletedDateTime', state, null).execute()
      return rows.map(row => ({ kind, id: row.id, row }))
    }
  }
}

/** Everything somebody owns, by id: groups, applications, service principals. */
export async function ownedBy(db: Db, tenantId: string, ownerId: string): Promise<string[]> {
  const groups = await db.selectFrom('groupOwners').select('groupId as id').where('tenantId', '=', tenantId).where('ownerId', '=', ownerId).limit(10_000).execute()
  const programs = await db.selectFrom('applicationOwners').select('ownedId as id').where('tenantId', '=', tenantId).where('ownerId', '=', ownerId).limit(10_000).execute()
  return [...groups, ...programs].map(row => row.id).toSorted()
}
