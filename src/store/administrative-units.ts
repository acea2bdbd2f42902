import type { Insertable } from 'kysely'
import type { Db } from '../app.ts'
import type { AdministrativeUnitTable } from './tables.ts'

export async function insertUnit(trx: Db, unit: Insertable<AdministrativeUnitTable>): Promise<void> {
  await trx.insertInto('administrativeUnits').values(unit).execute()
}

export async function addUnitMember(trx: Db, member: { tenantId: string; unitId: string; memberId: string }): Promise<boolean> {
  const row = await trx.insertInto('administrativeUnitMembers').values(member).onConflict(clash => clash.doNothing()).returning('unitId').executeTakeFirst()
  return row !== undefined
}

/** The units a user or group is in. */
export async function unitsOf(db: Db, tenantId: string, memberId: string): Promise<{ id: string; restricted: boolean }[]> {
  return selectUnits(db, tenantId, memberId).execute()
}

export function selectUnits(db: Db, tenantId: string, memberId: string) {
  return db
    .selectFrom('administrativeUnitMembers as m')
    .innerJoin('administrativeUnits as u', join => join.onRef('u.tenantId', '=', 'm.tenantId').onRef('u.id', '=', 'm.unitId'))
    .select(['u.id', 'u.isMemberManagementRestricted as restricted'])
    .where('m.tenantId', '=', tenantId)
    .where('m.memberId', '=', memberId)
    .orderBy('u.id')
    .limit(999)
}

/** The same for many people. One query. */
export async function unitsOfMany(db: Db, tenantId: string, memberIds: readonly string[]): Promise<Map<string, { id: string; restricted: boolean }[]>> {
  const rows = await db
    .selectFrom('administrativeUnitMembers as m')
    .innerJoin('administrativeUnits as u', join => join.onRef('u.tenantId', '=', 'm.tenantId').onRef('u.id', '=', 'm.unitId'))
    .select(['m.memberId', 'u.id', 'u.isMemberManagementRestricted as restricted'])
    .where('m.tenantId', '=', tenantId)
    .where('m.memberId', 'in', memberIds)
    .orderBy('u.id')
    .execute()
  return new Map([...Map.groupBy(rows, row => row.memberId)].map(([memberId, units]) => [memberId, units.map(({ id, restricted }) => ({ id, restricted }))]))
}
