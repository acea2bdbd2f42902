import type { Selectable } from 'kysely'
import type { Db } from '../app.ts'
import { defaultTenantPolicies } from '../rules/tenant-settings.ts'
import type { TenantPolicies } from '../rules/tenant-settings.ts'
import { jsonRows } from './json-rows.ts'
import { latest } from './latest.ts'
import { prepared } from './prepared.ts'
import type { PolicyTable } from './tables.ts'

export type PolicyName = keyof TenantPolicies
export const policyNames = Object.keys(defaultTenantPolicies) as PolicyName[]

export type ReadPolicies = TenantPolicies & {
  /** How often each has been saved; 0 = never. */
  versions: Record<PolicyName, number>
  /** When any was last saved, null = never. */
  changedAt: number | null
}

type SavedPolicy = Pick<Selectable<PolicyTable>, 'name' | 'value' | 'version' | 'updatedAt'>

const saved = jsonRows<SavedPolicy>(['name', 'value', 'version', 'updatedAt'])

/** What was saved of a tenant's policies, as a column; for `policiesIn`. */
export const selectPolicies = (db: Db, tenantId: string) =>
  saved.select(db, db.selectFrom('policies').select(['name', 'value', 'version', 'updatedAt']).where('tenantId', '=', tenantId).orderBy('name'), 'policies')

const savedPolicies = prepared<{ tenantId: string }>()((db, value) => db.selectNoFrom(selectPolicies(db, value('tenantId'))))
/** Policies out of the text just read for a tenant, worked out anew only when it is another one. */
export const latestPolicies = latest(policiesIn)

/**
 * A tenant's policies, defaults where nothing was saved. Read for each request: a change is in force at the next call, in every
 * process. A property that a later version adds has its default until it is saved. Nobody may change what comes back.
 */
export async function readPolicies(db: Db, tenantId: string): Promise<ReadPolicies> {
  const { policies } = await savedPolicies.only(db, { tenantId })
  return latestPolicies.of(tenantId, policies)
}

/** The policies out of what `selectPolicies` selected. */
export function policiesIn(text: string): ReadPolicies {
  const rows = saved.read(text)
  const byName = new Map(rows.map(row => [row.name, row]))
  const policies = Object.fromEntries(
    policyNames.map(name => [name, { ...structuredClone(defaultTenantPolicies[name]), ...parse(byName.get(name)?.value) }]),
  ) as unknown as TenantPolicies
  const versions = Object.fromEntries(policyNames.map(name => [name, byName.get(name)?.version ?? 0])) as Record<PolicyName, number>
  const changedAt = rows.reduce<number | null>((newest, row) => Math.max(newest ?? 0, row.updatedAt), null)
  return { ...policies, versions, changedAt }
}

const parse = (value: string | undefined): object => (value === undefined ? {} : (JSON.parse(value) as object))

export interface PolicyChange<Name extends PolicyName = PolicyName> {
  tenantId: string
  name: Name
  /** The whole document, checked by the caller. */
  value: TenantPolicies[Name]
  /** Who saved it: a user's id, null for the operator. */
  by: string | null
  at: number
  /** The version the change was made from; another one in between makes the answer false. */
  expectedVersion?: number
}

/** Saves a policy. False, and nothing written, when it has been saved by somebody else since `expectedVersion`. */
export async function writePolicy<Name extends PolicyName>(trx: Db, change: PolicyChange<Name>): Promise<boolean> {
  const { tenantId, name, by, at, expectedVersion } = change
  const value = JSON.stringify(change.value)
  if (expectedVersion !== undefined && expectedVersion > 0) {
    const row = await trx
      .updateTable('policies')
      .set(eb => ({ value, updatedAt: at, updatedBy: by, version: eb('version', '+', 1) }))
      .where('tenantId', '=', tenantId)
      .where('name', '=', name)
      .where('version', '=', expectedVersion)
      .returning('version')
      .executeTakeFirst()
    return row !== undefined
  }
  const insert = trx.insertInto('policies').values({ tenantId, name, value, version: 1, updatedAt: at, updatedBy: by })
  const row = await insert
    .onConflict(clash => {
      const same = clash.columns(['tenantId', 'name'])
      if (expectedVersion === 0) return same.doNothing()
      return same.doUpdateSet(eb => ({ value, updatedAt: at, updatedBy: by, version: eb('policies.version', '+', 1) }))
    })
    .returning('version')
    .executeTakeFirst()
  return row !== undefined
}
