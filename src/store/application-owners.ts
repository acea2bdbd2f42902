import type { Db } from '../app.ts'
import { pageSize } from './engine.ts'

export interface Owner {
  ownerId: string
  ownerType: 'user' | 'servicePrincipal'
}

/** False when it is an owner already. */
export async function addApplicationOwner(trx: Db, owner: { tenantId: string; ownedId: string; ownedType: 'application' | 'servicePrincipal' } & Owner): Promise<boolean> {
  const row = await trx.insertInto('applicationOwners').values(owner).onConflict(clash => clash.doNothing()).returning('ownerId').executeTakeFirst()
  return row !== undefined
}

/** False when it was none. */
export async function removeApplicationOwner(trx: Db, tenantId: string, ownedId: string, ownerId: string): Promise<boolean> {
  const row = await trx.deleteFrom('applicationOwners').where('tenantId', '=', tenantId).where('ownedId', '=', ownedId).where('ownerId', '=', ownerId)
    .returning('ownerId').executeTakeFirst()
  return row !== undefined
}

/** By id. Those whose object has been deleted since are among them. */
export async function listApplicationOwners(db: Db, tenantId: string, ownedId: string): Promise<Owner[]> {
  const rows = await db.selectFrom('applicationOwners').select(['ownerId', 'ownerType']).where('tenantId', '=', tenantId).where('ownedId', '=', ownedId)
    .orderBy('ownerId').limit(100).execute()
  return rows as Owner[]
}

/** Which of these objects the owner owns. */
export async function ownedAmong(db: Db, tenantId: string, ownerId: string, ownedIds: readonly string[]): Promise<Set<string>> {
  if (ownedIds.length === 0) return new Set()
  const rows = await db.selectFrom('applicationOwners').select('ownedId').where('tenantId', '=', tenantId).where('ownerId', '=', ownerId)
    .where('ownedId', 'in', ownedIds.slice(0, 999)).execute()
  return new Set(rows.map(row => row.ownedId))
}

/** Applications and service principals that somebody owns, by id; deleted ones are among them. */
export async function listOwnedApplications(
  db: Db, { tenantId, ownerId, after, top }: { tenantId: string; ownerId: string; after?: string | undefined; top?: number | undefined },
): Promise<{ ownedId: string; ownedType: 'application' | 'servicePrincipal' }[]> {
  let query = db.selectFrom('applicationOwners').select(['ownedId', 'ownedType']).where('tenantId', '=', tenantId).where('ownerId', '=', ownerId)
  if (after !== undefined) query = query.where('ownedId', '>', after)
  return (await query.orderBy('ownedId').limit(pageSize(top)).execute()) as { ownedId: string; ownedType: 'application' | 'servicePrincipal' }[]
}
