/** Who is in a group, who owns it, and where somebody is a member (graph §8). */
import { sql } from 'kysely'
import type { Db } from '../app.ts'
import { pageSize } from './engine.ts'

interface Page {
  tenantId: string
  groupId: string
  /** The id of the last one before. */
  after?: string | undefined
  top: number
  /** Only members of this kind. */
  kind?: string | undefined
}

/** A member's row counts while what it names is there: deleted ones come back with their memberships. */
const alive = sql<boolean>`(
  (m.member_type = 'user' and exists (select 1 from users u where u.tenant_id = m.tenant_id and u.id = m.member_id and u.deleted_date_time is null))
  or (m.member_type = 'group' and exists (select 1 from groups g where g.tenant_id = m.tenant_id and g.id = m.member_id and g.deleted_date_time is null))
  or (m.member_type = 'servicePrincipal' and exists (select 1 from service_principals s where s.tenant_id = m.tenant_id and s.id = m.member_id and s.deleted_date_time is null)))`

const membersQuery = (db: Db, { tenantId, groupId, kind }: Omit<Page, 'top' | 'after'>) => {
  const query = db.selectFrom('groupMembers as m').where('m.tenantId', '=', tenantId).where('m.groupId', '=', groupId).where(alive)
  return kind === undefined ? query : query.where('m.memberType', '=', kind)
}

/** Ids of the direct members, in order. */
export async function memberIds(db: Db, page: Page): Promise<string[]> {
  let query = membersQuery(db, page).select('m.memberId')
  if (page.after !== undefined) query = query.where('m.memberId', '>', page.after)
  return (await query.orderBy('m.memberId').limit(pageSize(page.top)).execute()).map(row => row.memberId)
}

export async function countMembers(db: Db, page: Omit<Page, 'top' | 'after'>): Promise<number> {
  return (await membersQuery(db, page).select(sql<number>`count(*)`.as('count')).executeTakeFirstOrThrow()).count
}

/** The group's and its inner groups' members; a circle of groups is walked once, and each member is told once. */
const within = (db: Db, { tenantId, groupId, kind }: Omit<Page, 'top' | 'after'>) => {
  const query = db
    .withRecursive('within(groupId)', outer =>
      outer
        .selectFrom('groups as g')
        .select('g.id as groupId')
        .where('g.tenantId', '=', tenantId)
        .where('g.id', '=', groupId)
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
    .selectFrom('groupMembers as m')
    .where('m.tenantId', '=', tenantId)
    .where(eb => eb('m.groupId', 'in', eb.selectFrom('within').select('within.groupId')))
    .where('m.memberId', '<>', groupId)
    .where(alive)
  return kind === undefined ? query : query.where('m.memberType', '=', kind)
}

export async function transitiveMemberIds(db: Db, page: Page): Promise<string[]> {
  let query = within(db, page).select('m.memberId').distinct()
  if (page.after !== undefined) query = query.where('m.memberId', '>', page.after)
  return (await query.orderBy('m.memberId').limit(pageSize(page.top)).execute()).map(row => row.memberId)
}

export async function countTransitiveMembers(db: Db, page: Omit<Page, 'top' | 'after'>): Promise<number> {
  return (await within(db, page).select(sql<number>`count(distinct m.member_id)`.as('count')).executeTakeFirstOrThrow()).count
}

/** Ids of the living groups somebody is in directly, in order. */
export async function directGroupIds(db: Db, tenantId: string, memberId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('groupMembers as m')
    .innerJoin('groups as g', join => join.onRef('g.tenantId', '=', 'm.tenantId').onRef('g.id', '=', 'm.groupId'))
    .select('m.groupId')
    .where('m.tenantId', '=', tenantId)
    .where('m.memberId', '=', memberId)
    .where('g.deletedDateTime', 'is', null)
    .orderBy('m.groupId')
    .execute()
  return rows.map(row => row.groupId)
}

export async function isMember(db: Db, tenantId: string, groupId: string, memberId: string): Promise<boolean> {
  const row = await db.selectFrom('groupMembers').select('memberId').where('tenantId', '=', tenantId).where('groupId', '=', groupId).where('memberId', '=', memberId).executeTakeFirst()
  return row !== undefined
}

export async function isOwner(db: Db, tenantId: string, groupId: string, ownerId: string): Promise<boolean> {
  const row = await db.selectFrom('groupOwners').select('ownerId').where('tenantId', '=', tenantId).where('groupId', '=', groupId).where('ownerId', '=', ownerId).executeTakeFirst()
  return row !== undefined
}

/** Whether the group has a living group among its members. */
export async function hasGroupMembers(db: Db, tenantId: string, groupId: string): Promise<boolean> {
  return (await memberIds(db, { tenantId, groupId, top: 1, kind: 'group' })).length > 0
}
