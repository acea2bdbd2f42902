import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../app.ts'
import type { RoleFacts } from '../rules/facts.ts'
import { columns } from './columns.ts'
import { pageSize } from './engine.ts'
import { withGroupsOfMany, withTransitiveGroups } from './groups.ts'
import type { RoleAssignmentTable } from './tables.ts'

export type RoleAssignmentRow = Selectable<RoleAssignmentTable>

const unitScope = '/administrativeUnits/'

/** The roles a user holds, active and eligible, directly and through role-assignable groups (LD-08). For `roleFacts`. */
export function selectRoles(db: Db, tenantId: string, userId: string) {
  return withTransitiveGroups(db, tenantId, userId)
    .selectFrom('roleAssignments as a')
    .leftJoin('groups as g', join => join.on('g.tenantId', '=', tenantId).onRef('g.id', '=', 'a.principalId').on('g.isAssignableToRole', '=', true))
    .leftJoin('administrativeUnits as u', join =>
      join.on('u.tenantId', '=', tenantId).on(eb => eb('a.directoryScopeId', '=', eb(eb.val(unitScope), '||', eb.ref('u.id')))),
    )
    .leftJoin('roleDefinitions as d', join => join.on('d.tenantId', '=', tenantId).onRef('d.id', '=', 'a.roleDefinitionId'))
    .select(['a.roleDefinitionId', 'a.directoryScopeId', 'a.state', 'a.principalType', 'g.id as groupId', 'u.isMemberManagementRestricted as restricted', 'd.isPrivileged as privileged'])
    .where('a.tenantId', '=', tenantId)
    .where(eb =>
      eb.or([
        eb('a.principalId', '=', userId),
        eb.and([eb('a.principalId', 'in', eb.selectFrom('inGroups').select('inGroups.groupId')), eb('g.id', 'is not', null)]),
      ]),
    )
    .orderBy('a.roleDefinitionId')
    .orderBy('a.id')
}

/** The same, read. One query. */
export async function rolesOf(db: Db, tenantId: string, userId: string): Promise<RoleFacts[]> {
  return (await selectRoles(db, tenantId, userId).execute()).map(roleFacts)
}

/** The same for many people: what each holds, in the same order. Two queries. */
export async function rolesOfMany(db: Db, tenantId: string, userIds: readonly string[]): Promise<Map<string, RoleFacts[]>> {
  const shown = ['a.id', 'a.roleDefinitionId', 'a.directoryScopeId', 'a.state', 'u.isMemberManagementRestricted as restricted', 'd.isPrivileged as privileged'] as const
  const direct = await db
    .selectFrom('roleAssignments as a')
    .leftJoin('administrativeUnits as u', join =>
      join.on('u.tenantId', '=', tenantId).on(eb => eb('a.directoryScopeId', '=', eb(eb.val(unitScope), '||', eb.ref('u.id')))),
    )
    .leftJoin('roleDefinitions as d', join => join.on('d.tenantId', '=', tenantId).onRef('d.id', '=', 'a.roleDefinitionId'))
    .select([...shown, 'a.principalId as userId'])
    .where('a.tenantId', '=', tenantId)
    .where('a.principalId', 'in', userIds)
    .execute()
  const byGroup = await withGroupsOfMany(db, tenantId, userIds)
    .selectFrom('groupsOfMany')
    .innerJoin('groups as g', join => join.on('g.tenantId', '=', tenantId).onRef('g.id', '=', 'groupsOfMany.groupId').on('g.isAssignableToRole', '=', true))
    .innerJoin('roleAssignments as a', join => join.on('a.tenantId', '=', tenantId).onRef('a.principalId', '=', 'groupsOfMany.groupId'))
    .leftJoin('administrativeUnits as u', join =>
      join.on('u.tenantId', '=', tenantId).on(eb => eb('a.directoryScopeId', '=', eb(eb.val(unitScope), '||', eb.ref('u.id')))),
    )
    .leftJoin('roleDefinitions as d', join => join.on('d.tenantId', '=', tenantId).onRef('d.id', '=', 'a.roleDefinitionId'))
    .select([...shown, 'groupsOfMany.memberId as userId', 'g.id as groupId'])
    .execute()
  const all = [...direct.map(row => ({ ...row, groupId: null })), ...byGroup]
  const inOrder = all.toSorted((a, b) => compare(a.roleDefinitionId, b.roleDefinitionId) || compare(a.id, b.id))
  return new Map([...Map.groupBy(inOrder, row => row.userId)].map(([userId, rows]) => [userId, rows.map(roleFacts)]))
}

const compare = (a: string, b: string): number => Number(a > b) - Number(a < b)

export interface HeldRole {
  roleDefinitionId: string
  directoryScopeId: string
  state: string
  groupId: string | null
  restricted: boolean | null
  /** Of a role of the tenant's own; null for one that is built in. */
  privileged: boolean | null
}

export function roleFacts(row: HeldRole): RoleFacts {
  return {
    roleTemplateId: row.roleDefinitionId,
    directoryScopeId: row.directoryScopeId,
    eligible: row.state !== 'active',
    ...(row.groupId === null ? {} : { viaGroupId: row.groupId }),
    ...(row.restricted ? { restrictedScope: true } : {}),
    ...(row.privileged ? { privileged: true } : {}),
  }
}

/** Whether to be in this group gives a role, held or eligible: its own, or that of a group it is in. */
export async function groupGivesRole(db: Db, tenantId: string, groupId: string): Promise<boolean> {
  const row = await withTransitiveGroups(db, tenantId, groupId)
    .selectFrom('roleAssignments as a')
    .innerJoin('groups as g', join => join.on('g.tenantId', '=', tenantId).onRef('g.id', '=', 'a.principalId'))
    .select('a.id')
    .where('a.tenantId', '=', tenantId)
    .where('g.isAssignableToRole', '=', true)
    .where('g.deletedDateTime', 'is', null)
    .where(eb => eb.or([eb('a.principalId', '=', groupId), eb('a.principalId', 'in', eb.selectFrom('inGroups').select('inGroups.groupId'))]))
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Gives a role; one that is held already in this scope and state is a unique violation. */
export async function assignRole(trx: Db, assignment: Insertable<RoleAssignmentTable>): Promise<void> {
  await trx.insertInto('roleAssignments').values(assignment).execute()
}

/** Takes a role away and returns what it was. */
export function removeRoleAssignment(trx: Db, tenantId: string, id: string): Promise<RoleAssignmentRow | undefined> {
  return trx.deleteFrom('roleAssignments').where('tenantId', '=', tenantId).where('id', '=', id).returning(columns.roleAssignments).executeTakeFirst()
}

export function findRoleAssignment(db: Db, tenantId: string, id: string): Promise<RoleAssignmentRow | undefined> {
  return db.selectFrom('roleAssignments').select(columns.roleAssignments).where('tenantId', '=', tenantId).where('id', '=', id).executeTakeFirst()
}

export interface RoleAssignmentPage {
  tenantId: string
  principalId?: string | undefined
  roleDefinitionId?: string | undefined
  directoryScopeId?: string | undefined
  state?: 'active' | 'eligible' | undefined
  after?: string | undefined
  top?: number | undefined
}

/** A page of assignments by id. */
export function listRoleAssignments(db: Db, { tenantId, principalId, roleDefinitionId, directoryScopeId, state, after, top }: RoleAssignmentPage): Promise<RoleAssignmentRow[]> {
  let query = db.selectFrom('roleAssignments').select(columns.roleAssignments).where('tenantId', '=', tenantId)
  if (principalId !== undefined) query = query.where('principalId', '=', principalId)
  if (roleDefinitionId !== undefined) query = query.where('roleDefinitionId', '=', roleDefinitionId)
  if (directoryScopeId !== undefined) query = query.where('directoryScopeId', '=', directoryScopeId)
  if (state !== undefined) query = query.where('state', '=', state)
  if (after !== undefined) query = query.where('id', '>', after)
  return query.orderBy('id').limit(pageSize(top)).execute()
}

/** The users who hold the role actively for the whole tenant, directly or as members of a role-assignable group; 999 at most. */
export async function usersWithRole(db: Db, tenantId: string, roleDefinitionId: string): Promise<string[]> {
  const held = db
    .selectFrom('roleAssignments as a')
    .where('a.tenantId', '=', tenantId)
    .where('a.roleDefinitionId', '=', roleDefinitionId)
    .where('a.state', '=', 'active')
    .where('a.directoryScopeId', '=', '/')
  const direct = held.where('a.principalType', '=', 'user').select('a.principalId as id')
  const byGroup = held
    .innerJoin('groups as g', join => join.on('g.tenantId', '=', tenantId).onRef('g.id', '=', 'a.principalId'))
    .innerJoin('groupMembers as m', join => join.on('m.tenantId', '=', tenantId).onRef('m.groupId', '=', 'g.id'))
    .where('g.isAssignableToRole', '=', true)
    .where('g.deletedDateTime', 'is', null)
    .where('m.memberType', '=', 'user')
    .select('m.memberId as id')
  const rows = await db
    .selectFrom('users')
    .select('users.id')
    .where('users.tenantId', '=', tenantId)
    .where('users.deletedDateTime', 'is', null)
    .where('users.id', 'in', direct.union(byGroup))
    .orderBy('users.id')
    .limit(999)
    .execute()
  return rows.map(row => row.id)
}
