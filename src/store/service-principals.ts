import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../app.ts'
import { emptyServicePrincipal } from '../rules/application-document.ts'
import type { ServicePrincipalDocument } from '../rules/application-document.ts'
import { columns } from './columns.ts'
import { nameKey } from './names.ts'
import type { ServicePrincipalTable } from './application-tables.ts'

export type ServicePrincipalRow = Omit<Selectable<ServicePrincipalTable>, 'document'> & { document: ServicePrincipalDocument }

export interface NewServicePrincipal {
  tenantId: string
  id: string
  appId: string
  displayName: string
  accountEnabled?: boolean
  document?: Partial<ServicePrincipalDocument>
  createdDateTime: number
  createdByAppId?: string | null
}

/** A second one of the same application in the tenant is a unique violation. */
export async function insertServicePrincipal(trx: Db, { document, ...rest }: NewServicePrincipal): Promise<void> {
  await trx.insertInto('servicePrincipals').values({
    accountEnabled: true, createdByAppId: null, ...rest, displayNameLower: nameKey(rest.displayName),
    document: JSON.stringify({ ...emptyServicePrincipal, ...document }), deletedDateTime: null, version: rest.createdDateTime,
  }).execute()
}

export const parseServicePrincipal = (row: Selectable<ServicePrincipalTable>): ServicePrincipalRow =>
  ({ ...row, document: { ...emptyServicePrincipal, ...(JSON.parse(row.document) as Partial<ServicePrincipalDocument>) } })

const living = (db: Db, tenantId: string) =>
  db.selectFrom('servicePrincipals').select(columns.servicePrincipals).where('tenantId', '=', tenantId).where('deletedDateTime', 'is', null)

export async function findServicePrincipal(db: Db, tenantId: string, id: string): Promise<ServicePrincipalRow | undefined> {
  const row = await living(db, tenantId).where('id', '=', id).executeTakeFirst()
  return row && parseServicePrincipal(row)
}

export async function findServicePrincipalByAppId(db: Db, tenantId: string, appId: string): Promise<ServicePrincipalRow | undefined> {
  const row = await living(db, tenantId).where('appId', '=', appId).executeTakeFirst()
  return row && parseServicePrincipal(row)
}

/** The one that is there and those among the deleted items. */
export async function allServicePrincipalIds(db: Db, tenantId: string, appId: string): Promise<string[]> {
  const rows = await db.selectFrom('servicePrincipals').select('id').where('tenantId', '=', tenantId).where('appId', '=', appId).orderBy('id').limit(100).execute()
  return rows.map(row => row.id)
}

/** Those of these ids that are there; one query. */
export async function findServicePrincipals(db: Db, tenantId: string, ids: readonly string[]): Promise<ServicePrincipalRow[]> {
  if (ids.length === 0) return []
  return (await living(db, tenantId).where('id', 'in', ids.slice(0, 999)).execute()).map(parseServicePrincipal)
}

export type ServicePrincipalChanges = Partial<Pick<Insertable<ServicePrincipalTable>, 'displayName' | 'accountEnabled'>> & { document?: ServicePrincipalDocument }

/** Writes the changes; call `noteClientChange` after it. @returns false when there is no such service principal */
export async function updateServicePrincipal(trx: Db, tenantId: string, id: string, { document, ...plain }: ServicePrincipalChanges): Promise<boolean> {
  const done = await trx.updateTable('servicePrincipals')
    .set(eb => ({
      ...plain, ...(plain.displayName === undefined ? {} : { displayNameLower: nameKey(plain.displayName) }),
      ...(document === undefined ? {} : { document: JSON.stringify(document) }), version: eb('version', '+', 1),
    }))
    .where('tenantId', '=', tenantId).where('id', '=', id).where('deletedDateTime', 'is', null).returning('id').executeTakeFirst()
  return done !== undefined
}

/** The row is the caller's until the end of the transaction. */
export async function lockServicePrincipal(trx: Db, tenantId: string, id: string): Promise<boolean> {
  const row = await trx.updateTable('servicePrincipals').set(eb => ({ version: eb('version', '+', 1) }))
    .where('tenantId', '=', tenantId).where('id', '=', id).where('deletedDateTime', 'is', null).returning('id').executeTakeFirst()
  return row !== undefined
}
