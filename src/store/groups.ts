import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Db } from '../app.ts'
import { memberChangeId, noteChange } from './changes.ts'
import { columns } from './columns.ts'
import { addToCount, readCount } from './counters.ts'
import { isPostgres, pageSize } from './engine.ts'
import { forgetPrincipal } from './forget-principal.ts'
import { endOfPrefix, nameKey, shownName } from './names.ts'
import type { GroupTable } from './tables.ts'

export type GroupRow = Selectable<GroupTable>
export type MemberType = 'user' | 'group' | 'servicePrincipal'

type Optional = 'visibility' | 'classification' | 'theme' | 'preferredLanguage' | 'preferredDataLocation' | 'uniqueName'
type Defaulted = 'displayNameLower' | 'securityEnabled' | 'isAssignableToRole' | 'onPremisesSyncEnabled' | 'version' | Optional
export type NewGroup = Omit<Insertable<GroupTable>, Defaulted> & Partial<Pick<Insertable<GroupTable>, Exclude<Defaulted, 'displayNameLower'>>>

export async function insertGroup(trx: Db, group: NewGroup): Promise<void> {
  const defaults = { securityEnabled: true, isAssignableToRole: false, onPremisesSyncEnabled: false, version: 1 }
  await trx.insertInto('groups').values({ ...defaults, ...group, displayName: shownName(group.displayName), displayNameLower: nameKey(shownName(group.displayName)) }).execute()
  await noteChange(trx, group.tenantId, 'group', group.id, { removed: group.deletedDateTime == null ? null : 'changed' })
  if (group.deletedDateTime == null) await addToCount(trx, group.tenantId, 'group', 1)
}

export function findGroup(db: Db, tenantId: string, id: string): Promise<GroupRow | undefined> {
  return db
    .selectFrom('groups')
    .select(columns.groups)
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
    .where('deletedDateTime', 'is', null)
    .executeTakeFirst()
}

/** Holds the group's row until the transaction ends: who joins and what the group is given follow one another. False when there is none. */
export async function lockGroup(trx: Db, tenantId: string, id: string): Promise<boolean> {
  let query = trx.selectFrom('groups').select('id').where('tenantId', '=', tenantId).where('id', '=', id).where('deletedDateTime', 'is', null)
  if (isPostgres(trx)) query = query.forUpdate()
  return (await query.executeTakeFirst()) !== undefined
}

export type GroupChanges = Omit<Updateable<GroupTable>, 'displayNameLower' | 'version' | 'deletedDateTime'>

/** @returns the group as changed; undefined when there is none, or none of the expected version. */
export async function updateGroup(
  trx: Db,
  tenantId: string,
  id: string,
  changes: GroupChanges,
  { expectedVersion }: { expectedVersion?: number } = {},
): Promise<GroupRow | undefined> {
  const shown = changes.displayName === undefined ? undefined : shownName(changes.displayName)
  const lowered = shown === undefined ? {} : { displayName: shown, displayNameLower: nameKey(shown) }
  let update = trx
    .updateTable('groups')
    .set(eb => ({ ...changes, ...lowered, version: eb('version', '+', 1) }))
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
    .where('deletedDateTime', 'is', null)
  if (expectedVersion !== undefined) update = update.where('version', '=', expectedVersion)
  const group = await update.returning(columns.groups).executeTakeFirst()
  if (group) await noteChange(trx, tenantId, 'group', id)
  return group
}

/** To the deleted items: it confers nothing from now on. */
export async function softDeleteGroup(trx: Db, tenantId: string, id: string, now: number): Promise<boolean> {
  const row = await trx
    .updateTable('groups')
    .set(eb => ({ deletedDateTime: now, version: eb('version', '+', 1) }))
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
    .where('deletedDateTime', 'is', null)
    .returning('id')
    .executeTakeFirst()
  if (!row) return false
  await noteChange(trx, tenantId, 'group', id, { removed: 'changed' })
  await addToCount(trx, tenantId, 'group', -1)
  return true
}

/** Back from the deleted items, with its members. */
export async function restoreGroup(trx: Db, tenantId: string, id: string): Promise<boolean> {
  const row = await trx
    .updateTable('groups')
    .set(eb => ({ deletedDateTime: null, version: eb('version', '+', 1) }))
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
    .where('deletedDateTime', 'is not', null)
    .returning('id')
    .executeTakeFirst()
  if (!row) return false
  await noteChange(trx, tenantId, 'group', id)
  await addToCount(trx, tenantId, 'group', 1)
  return true
}

/** For good, with its members, owners, roles and licences. Only from the deleted items. */
export async function deleteGroupForGood(trx: Db, tenantId: string, id: string): Promise<boolean> {
  const gone = await trx.deleteFrom('groups').where('tenantId', '=', tenantId).where('id', '=', id).where('deletedDateTime', 'is not', null).returning('id').executeTakeFirst()
  if (!gone) return false
  await noteChange(trx, tenantId, 'group', id, { removed: 'deleted' })
  await trx.deleteFrom('groupMembers').where('tenantId', '=', tenantId).where('memberId', '=', id).execute()
  await trx.deleteFrom('roleAssignments').where('tenantId', '=', tenantId).where('principalId', '=', id).execute()
  await trx.deleteFrom('licenseAssignments').where('tenantId', '=', tenantId).where('principalId', '=', id).execute()
  await forgetPrincipal(trx, tenantId, id)
  return true
}

export const countGroups = (db: Db, tenantId: string): Promise<number> => readCount(db, tenantId, 'group')

export interface GroupPage {
  tenantId: string
  after?: { displayNameLower: string; id: string } | undefined
  /** 1 to 999; 100 when not given. */
  top?: number | undefined
  /** Beginning of the display name. */
  search?: string | undefined
  ids?: readonly string[]
}

export async function listGroups(db: Db, { tenantId, after, top, search, ids }: GroupPage): Promise<GroupRow[]> {
  let query = db.selectFrom('groups').select(columns.groups).where('tenantId', '=', tenantId).where('deletedDateTime', 'is', null)
  if (after) query = query.where(eb => eb(eb.refTuple('displayNameLower', 'id'), '>', eb.tuple(after.displayNameLower, after.id)))
  if (search) {
    const from = nameKey(search)
    query = query.where('displayNameLower', '>=', from).where('displayNameLower', '<', endOfPrefix(from))
  }
  if (ids !== undefined) {
    if (ids.length === 0) return []
    query = query.where('id', 'in', ids.slice(0, 999))
  }
  return query.orderBy('displayNameLower').orderBy('id').limit(pageSize(top)).execute()
}

/** False when the member was there already. */
export async function addMember(trx: Db, member: { tenantId: string; groupId: string; memberId: string; memberType: MemberType }): Promise<boolean> {
  const row = await trx.insertInto('groupMembers').values(member).onConflict(clash => clash.doNothing()).returning('groupId').executeTakeFirst()
  if (row) await noteMember(trx, member, null)
  return row !== undefined
}

/** False when the member was not there. */
export async function removeMember(trx: Db, { tenantId, groupId, memberId }: { tenantId: string; groupId: string; memberId: string }): Promise<boolean> {
  const row = await trx
    .deleteFrom('groupMembers')
    .where('tenantId', '=', tenantId)
    .where('groupId', '=', groupId)
    .where('memberId', '=', memberId)
    .returning('groupId')
    .executeTakeFirst()
  if (row) await noteMember(trx, { tenantId, groupId, memberId }, 'deleted')
  return row !== undefined
}

/** A group tells of its members, so their coming and going is a change of the group too. */
async function noteMember(trx: Db, { tenantId, groupId, memberId }: { tenantId: string; groupId: string; memberId: string }, removed: 'deleted' | null): Promise<void> {
  await noteChange(trx, tenantId, 'member', memberChangeId(groupId, memberId), { removed })
  await noteChange(trx, tenantId, 'group', groupId)
}

/** Direct members by id. */
export function listMembers(
  db: Db,
  { tenantId, groupId, after, top }: { tenantId: string; groupId: string; after?: string | undefined; top?: number | undefined },
): Promise<{ memberId: string; memberType: string }[]> {
  let query = db.selectFrom('groupMembers').select(['memberId', 'memberType']).where('tenantId', '=', tenantId).where('groupId', '=', groupId)
  if (after !== undefined) query = query.where('memberId', '>', after)
  return query.orderBy('memberId').limit(pageSize(top)).execute()
}

/** False when the owner was there already. */
export async function addOwner(trx: Db, owner: { tenantId: string; groupId: string; ownerId: string }): Promise<boolean> {
  const row = await trx.insertInto('groupOwners').values(owner).onConflict(clash => clash.doNothing()).returning('groupId').executeTakeFirst()
  return row !== undefined
}

export async function removeOwner(trx: Db, { tenantId, groupId, ownerId }: { tenantId: string; groupId: string; ownerId: string }): Promise<boolean> {
  const row = await trx
    .deleteFrom('groupOwners')
    .where('tenantId', '=', tenantId)
    .where('groupId', '=', groupId)
    .where('ownerId', '=', ownerId)
    .returning('groupId')
    .executeTakeFirst()
  return row !== undefined
}

export async function listOwners(db: Db, tenantId: string, groupId: string): Promise<string[]> {
  const rows = await db.selectFrom('groupOwners').select('ownerId').where('tenantId', '=', tenantId).where('groupId', '=', groupId).orderBy('ownerId').limit(999).execute()
  return rows.map(row => row.ownerId)
}

/** Everybody in the group and in the groups within it, by id, which is the order to lock them in; a circle of groups is walked once. */
export async function usersInGroup(db: Db, tenantId: string, groupId: string): Promise<string[]> {
  const rows = await db
    .withRecursive('within(groupId)', outer =>
      outer
        .selectFrom('groups as g')
        .select('g.id as groupId')
        .where('g.tenantId', '=', tenantId)
        .where('g.id', '=', groupId)
        .where('g.deletedDateTime', 'is', null)
        .union(
          outer
            .selectFrom('within')
            .innerJoin('groupMembers as m', 'm.groupId', 'within.groupId')
            .innerJoin('groups as g', join => join.onRef('g.tenantId', '=', 'm.tenantId').onRef('g.id', '=', 'm.memberId'))
            .select('g.id as groupId')
            .where('m.tenantId', '=', tenantId)
            .where('g.deletedDateTime', 'is', null),
        ),
    )
    .selectFrom('within')
    .innerJoin('groupMembers as m', 'm.groupId', 'within.groupId')
    .select('m.memberId')
    .distinct()
    .where('m.tenantId', '=', tenantId)
    .where('m.memberType', '=', 'user')
    .orderBy('m.memberId')
    .execute()
  return rows.map(row => row.memberId)
}

/** Every group the member is in, nested ones included, with what confers roles; a circle of groups is walked once. One query. */
export async function transitiveGroups(db: Db, tenantId: string, memberId: string): Promise<{ id: string; isAssignableToRole: boolean }[]> {
  return selectTransitiveGroups(db, tenantId, memberId).execute()
}

export function selectTransitiveGroups(db: Db, tenantId: string, memberId: string) {
  return withTransitiveGroups(db, tenantId, memberId)
    .selectFrom('inGroups')
    .crossJoin('groups as g') // SQLite keeps this order: from the member's few groups, not from all of the tenant's
    .where('g.tenantId', '=', tenantId)
    .whereRef('g.id', '=', 'inGroups.groupId')
    .select(['g.id', 'g.isAssignableToRole'])
    .orderBy('g.id')
}

/** A query that can read from `inGroups(groupId)`: the member's groups, nested ones included, deleted ones not. */
export function withTransitiveGroups(db: Db, tenantId: string, memberId: string) {
  return db.withRecursive('inGroups(groupId)', outer =>
    outer
      .selectFrom('groupMembers as m')
      .innerJoin('groups as g', join => join.onRef('g.tenantId', '=', 'm.tenantId').onRef('g.id', '=', 'm.groupId'))
      .select('m.groupId')
      .where('m.tenantId', '=', tenantId)
      .where('m.memberId', '=', memberId)
      .where('g.deletedDateTime', 'is', null)
      .union(
        outer
          .selectFrom('inGroups')
          .innerJoin('groupMembers as m', 'm.memberId', 'inGroups.groupId')
          .innerJoin('groups as g', join => join.onRef('g.tenantId', '=', 'm.tenantId').onRef('g.id', '=', 'm.groupId'))
          .select('m.groupId')
          .where('m.tenantId', '=', tenantId)
          .where('g.deletedDateTime', 'is', null),
      ),
  )
}

/**
 * The same for many people at once: reads from `groupsOfMany(memberId, groupId)`, a row for each of them and each group they are in.
 * For what counts everybody; give it a bounded number of people.
 */
export function withGroupsOfMany(db: Db, tenantId: string, memberIds: readonly string[]) {
  return db.withRecursive('groupsOfMany(memberId, groupId)', outer =>
    outer
      .selectFrom('groupMembers as m')
      .innerJoin('groups as g', join => join.onRef('g.tenantId', '=', 'm.tenantId').onRef('g.id', '=', 'm.groupId'))
      .select(['m.memberId', 'm.groupId'])
      .where('m.tenantId', '=', tenantId)
      .where('m.memberId', 'in', memberIds)
      .where('g.deletedDateTime', 'is', null)
      .union(
        outer
          .selectFrom('groupsOfMany')
          .innerJoin('groupMembers as m', 'm.memberId', 'groupsOfMany.groupId')
          .innerJoin('groups as g', join => join.onRef('g.tenantId', '=', 'm.tenantId').onRef('g.id', '=', 'm.groupId'))
          .select(['groupsOfMany.memberId', 'm.groupId'])
          .where('m.tenantId', '=', tenantId)
          .where('g.deletedDateTime', 'is', null),
      ),
  )
}

/** Every group each of these people is in, nested ones included. One query. */
export function groupsOfMany(db: Db, tenantId: string, memberIds: readonly string[]): Promise<{ memberId: string; id: string; isAssignableToRole: boolean }[]> {
  return withGroupsOfMany(db, tenantId, memberIds)
    .selectFrom('groupsOfMany')
    .innerJoin('groups as g', join => join.on('g.tenantId', '=', tenantId).onRef('g.id', '=', 'groupsOfMany.groupId'))
    .select(['groupsOfMany.memberId', 'g.id', 'g.isAssignableToRole'])
    .orderBy('g.id')
    .execute()
}

/** Those of these people who own a group that can hold roles. One query. */
export async function ownersOfRoleGroups(db: Db, tenantId: string, ownerIds: readonly string[]): Promise<Set<string>> {
  const rows = await db
    .selectFrom('groupOwners as o')
    .innerJoin('groups as g', join => join.onRef('g.tenantId', '=', 'o.tenantId').onRef('g.id', '=', 'o.groupId'))
    .select('o.ownerId')
    .distinct()
    .where('o.tenantId', '=', tenantId)
    .where('o.ownerId', 'in', ownerIds)
    .where('g.isAssignableToRole', '=', true)
    .where('g.deletedDateTime', 'is', null)
    .execute()
  return new Set(rows.map(row => row.ownerId))
}
