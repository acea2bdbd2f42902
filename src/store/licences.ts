import { sql } from 'kysely'
import type { Insertable } from 'kysely'
import type { Db } from '../app.ts'
import type { LicenceFacts, SubscribedSkuFacts } from '../rules/facts.ts'
import { isPostgres } from './engine.ts'
import { withGroupsOfMany, withTransitiveGroups } from './groups.ts'
import type { LicenseAssignmentTable, SubscribedSkuTable } from './tables.ts'

/** Consumed units are counted up to here, for counting a whole company is slow. */
const countedUpTo = 1_000

/** What the tenant owns, with the units in use, counted up to a number: rules ask only whether there are any. */
export function selectSkus(db: Db, tenantId: string, upTo = countedUpTo) {
  const used = sql<number>`
    (select count(*) from (select 1 from license_assignments a
        where a.tenant_id = s.tenant_id and a.sku_id = s.sku_id and a.principal_type = 'user' limit ${sql.lit(upTo)}) as direct)
    + (select count(*) from (select 1 from license_assignments a
        join group_members m on m.tenant_id = a.tenant_id and m.group_id = a.principal_id and m.member_type = 'user'
        where a.tenant_id = s.tenant_id and a.sku_id = s.sku_id and a.principal_type = 'group' limit ${sql.lit(upTo)}) as by_group)`
  return db
    .selectFrom('subscribedSkus as s')
    .select(['s.skuId', 's.skuPartNumber', 's.enabledUnits', 's.capabilityStatus', 's.isTrial', used.as('consumedUnits')])
    .where('s.tenantId', '=', tenantId)
    .orderBy('s.skuId')
    .limit(999)
}

/** The same, read. One query. */
export async function subscribedSkus(db: Db, tenantId: string): Promise<SubscribedSkuFacts[]> {
  const rows = await selectSkus(db, tenantId).execute()
  return rows.map(row => ({ ...row, capabilityStatus: row.capabilityStatus as SubscribedSkuFacts['capabilityStatus'] }))
}

/** Units of each product that are in use, all counted: by people directly, and by the members of licensed groups. */
export async function consumedUnits(db: Db, tenantId: string): Promise<Map<string, number>> {
  const direct = db.selectFrom('licenseAssignments as a').select(['a.skuId', 'a.principalId as userId']).where('a.tenantId', '=', tenantId).where('a.principalType', '=', 'user')
  const byGroup = db.selectFrom('licenseAssignments as a')
    .innerJoin('groupMembers as m', join => join.onRef('m.tenantId', '=', 'a.tenantId').onRef('m.groupId', '=', 'a.principalId').on('m.memberType', '=', 'user'))
    .select(['a.skuId', 'm.memberId as userId']).where('a.tenantId', '=', tenantId).where('a.principalType', '=', 'group')
  // A union takes each person once for a product.
  const rows = await db.selectFrom(direct.union(byGroup).as('held')).select(eb => ['held.skuId', eb.fn.countAll<number>().as('units')]).groupBy('held.skuId').execute()
  return new Map(rows.map(row => [row.skuId, Number(row.units)]))
}

/** What the tenant owns, held until the end of the transaction, so that units are given out one after another. */
export function lockSkus(trx: Db, tenantId: string) {
  const owned = trx.selectFrom('subscribedSkus').select(['skuId', 'skuPartNumber', 'enabledUnits', 'capabilityStatus']).where('tenantId', '=', tenantId).orderBy('skuId').limit(999)
  return (isPostgres(trx) ? owned.forUpdate() : owned).execute()
}

/** What was given to a person or a group themselves. */
export function directLicences(db: Db, tenantId: string, principalId: string) {
  return db.selectFrom('licenseAssignments as a')
    .innerJoin('subscribedSkus as s', join => join.on('s.tenantId', '=', tenantId).onRef('s.skuId', '=', 'a.skuId'))
    .select(['a.skuId', 's.skuPartNumber']).where('a.tenantId', '=', tenantId).where('a.principalId', '=', principalId).orderBy('a.skuId').execute()
}

/** Licences of one person, direct and through groups. For `licenceFacts`. */
export function selectLicences(db: Db, tenantId: string, userId: string) {
  return withTransitiveGroups(db, tenantId, userId)
    .selectFrom('licenseAssignments as a')
    .innerJoin('subscribedSkus as s', join => join.on('s.tenantId', '=', tenantId).onRef('s.skuId', '=', 'a.skuId'))
    .select(['a.skuId', 's.skuPartNumber', 'a.disabledPlans'])
    .where('a.tenantId', '=', tenantId)
    // One list and no `or`, which would have all of the tenant's assignments read.
    .where('a.principalId', 'in', eb =>
      eb.selectFrom('inGroups').select('inGroups.groupId as id').unionAll(db.selectNoFrom(sql<string>`cast(${userId} as text)`.as('id'))))
    .orderBy('a.skuId')
    .orderBy('a.principalId')
}

/** The same, read. One query. */
export async function licencesOf(db: Db, tenantId: string, userId: string): Promise<LicenceFacts[]> {
  return (await selectLicences(db, tenantId, userId).execute()).map(licenceFacts)
}

/** The same for many people, in the same order for each. Two queries. */
export async function licencesOfMany(db: Db, tenantId: string, userIds: readonly string[]): Promise<Map<string, LicenceFacts[]>> {
  const shown = ['a.skuId', 's.skuPartNumber', 'a.disabledPlans', 'a.principalId'] as const
  const direct = await db
    .selectFrom('licenseAssignments as a')
    .innerJoin('subscribedSkus as s', join => join.on('s.tenantId', '=', tenantId).onRef('s.skuId', '=', 'a.skuId'))
    .select([...shown, 'a.principalId as userId'])
    .where('a.tenantId', '=', tenantId)
    .where('a.principalId', 'in', userIds)
    .execute()
  const byGroup = await withGroupsOfMany(db, tenantId, userIds)
    .selectFrom('groupsOfMany')
    .innerJoin('licenseAssignments as a', join => join.on('a.tenantId', '=', tenantId).onRef('a.principalId', '=', 'groupsOfMany.groupId'))
    .innerJoin('subscribedSkus as s', join => join.on('s.tenantId', '=', tenantId).onRef('s.skuId', '=', 'a.skuId'))
    .select([...shown, 'groupsOfMany.memberId as userId'])
    .execute()
  const inOrder = [...direct, ...byGroup].toSorted((a, b) => compare(a.skuId, b.skuId) || compare(a.principalId, b.principalId))
  return new Map([...Map.groupBy(inOrder, row => row.userId)].map(([userId, rows]) => [userId, rows.map(licenceFacts)]))
}

const compare = (a: string, b: string): number => Number(a > b) - Number(a < b)

export const licenceFacts = (row: { skuId: string; skuPartNumber: string; disabledPlans: string }): LicenceFacts =>
  ({ skuId: row.skuId, skuPartNumber: row.skuPartNumber, disabledPlans: JSON.parse(row.disabledPlans) as string[] })

/** Adds or changes what the tenant owns. */
export async function saveSku(trx: Db, sku: Insertable<SubscribedSkuTable>): Promise<void> {
  const { tenantId, skuId, ...rest } = sku
  await trx
    .insertInto('subscribedSkus')
    .values({ tenantId, skuId, ...rest })
    .onConflict(clash => clash.columns(['tenantId', 'skuId']).doUpdateSet(rest))
    .execute()
}

export interface Assignment extends Omit<Insertable<LicenseAssignmentTable>, 'disabledPlans'> {
  principalType: 'user' | 'group'
  disabledPlans?: readonly string[]
}

/** Gives a user or group a licence, or changes its disabled plans. */
export async function assignLicence(trx: Db, { disabledPlans = [], ...assignment }: Assignment): Promise<void> {
  const plans = JSON.stringify(disabledPlans)
  await trx
    .insertInto('licenseAssignments')
    .values({ ...assignment, disabledPlans: plans })
    .onConflict(clash => clash.columns(['tenantId', 'skuId', 'principalId']).doUpdateSet({ disabledPlans: plans }))
    .execute()
}

export async function removeLicence(trx: Db, { tenantId, skuId, principalId }: { tenantId: string; skuId: string; principalId: string }): Promise<boolean> {
  const row = await trx
    .deleteFrom('licenseAssignments')
    .where('tenantId', '=', tenantId)
    .where('skuId', '=', skuId)
    .where('principalId', '=', principalId)
    .returning('skuId')
    .executeTakeFirst()
  return row !== undefined
}
