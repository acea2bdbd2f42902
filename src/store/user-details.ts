/** The rest of people's profiles, and who leads whom: read when Graph is asked for it, by nothing else. */
import type { Selectable, Updateable } from 'kysely'
import type { Db } from '../app.ts'
import { noteChange } from './changes.ts'
import { columns } from './columns.ts'
import type { UserDetailTable } from './directory-tables.ts'
import { pageLimit, pageSize } from './engine.ts'

export type UserDetails = Selectable<UserDetailTable>
export type DetailChanges = Omit<Updateable<UserDetailTable>, 'tenantId' | 'userId'>

/** Details of these people, 999 at most; whoever has none is not among them. */
export async function detailsOf(db: Db, tenantId: string, userIds: readonly string[]): Promise<Map<string, UserDetails>> {
  if (userIds.length === 0) return new Map()
  const rows = await db.selectFrom('userDetails').select(columns.userDetails).where('tenantId', '=', tenantId).where('userId', 'in', userIds.slice(0, pageLimit)).execute()
  return new Map(rows.map(row => [row.userId, row]))
}

const empty = Object.fromEntries(columns.userDetails.filter(name => name !== 'tenantId' && name !== 'userId').map(name => [name, null])) as Omit<UserDetails, 'tenantId' | 'userId'>

/** In the caller's transaction; what is not among the changes stays. */
export async function writeDetails(trx: Db, tenantId: string, userId: string, changes: DetailChanges): Promise<void> {
  if (Object.keys(changes).length === 0) return
  await trx
    .insertInto('userDetails')
    .values({ ...empty, ...changes, tenantId, userId })
    .onConflict(clash => clash.columns(['tenantId', 'userId']).doUpdateSet(changes))
    .execute()
  await noteChange(trx, tenantId, 'user', userId)
}

export async function managerOf(db: Db, tenantId: string, userId: string): Promise<string | undefined> {
  const row = await db.selectFrom('managers').select('managerId').where('tenantId', '=', tenantId).where('userId', '=', userId).executeTakeFirst()
  return row?.managerId
}

/** The manager of each of these people, as far as they have one. */
export async function managersOf(db: Db, tenantId: string, userIds: readonly string[]): Promise<Map<string, string>> {
  if (userIds.length === 0) return new Map()
  const rows = await db.selectFrom('managers').select(['userId', 'managerId']).where('tenantId', '=', tenantId).where('userId', 'in', userIds.slice(0, pageLimit)).execute()
  return new Map(rows.map(row => [row.userId, row.managerId]))
}

export async function setManager(trx: Db, tenantId: string, userId: string, managerId: string): Promise<void> {
  await trx.insertInto('managers').values({ tenantId, userId, managerId }).onConflict(clash => clash.columns(['tenantId', 'userId']).doUpdateSet({ managerId })).execute()
  await noteChange(trx, tenantId, 'user', userId)
}

/** False when there was none. */
export async function removeManager(trx: Db, tenantId: string, userId: string): Promise<boolean> {
  const row = await trx.deleteFrom('managers').where('tenantId', '=', tenantId).where('userId', '=', userId).returning('userId').executeTakeFirst()
  if (row) await noteChange(trx, tenantId, 'user', userId)
  return row !== undefined
}

/** Ids of those whom the person leads, in order. */
export async function reportsOf(db: Db, { tenantId, managerId, after, top }: { tenantId: string; managerId: string; after?: string | undefined; top: number }): Promise<string[]> {
  let query = db
    .selectFrom('managers as m')
    .innerJoin('users as u', join => join.onRef('u.tenantId', '=', 'm.tenantId').onRef('u.id', '=', 'm.userId'))
    .select('m.userId')
    .where('m.tenantId', '=', tenantId)
    .where('m.managerId', '=', managerId)
    .where('u.deletedDateTime', 'is', null)
  if (after !== undefined) query = query.where('m.userId', '>', after)
  return (await query.orderBy('m.userId').limit(pageSize(top)).execute()).map(row => row.userId)
}
