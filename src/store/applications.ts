import type { Insertable, Selectable } from 'kysely'
import type { Db, Wake } from '../app.ts'
import type { ApplicationDocument } from '../rules/application-document.ts'
import { emptyApplication } from '../rules/application-document.ts'
import { columns } from './columns.ts'
import { nameKey } from './names.ts'
import type { ApplicationTable } from './application-tables.ts'

export type ApplicationRow = Omit<Selectable<ApplicationTable>, 'document'> & { document: ApplicationDocument; identifierUris: string[] }

export interface NewApplication {
  tenantId: string
  id: string
  appId: string
  displayName: string
  uniqueName?: string | null
  isDisabled?: boolean
  document?: Partial<ApplicationDocument>
  identifierUris?: readonly string[]
  createdDateTime: number
  createdByAppId?: string | null
}

/** Inserts it with its identifiers. One that another has is a unique violation. */
export async function insertApplication(trx: Db, application: NewApplication): Promise<void> {
  const { identifierUris = [], document, ...rest } = application
  await trx.insertInto('applications').values({
    uniqueName: null, isDisabled: false, createdByAppId: null, ...rest, displayNameLower: nameKey(rest.displayName),
    document: JSON.stringify({ ...emptyApplication, ...document }), deletedDateTime: null, version: rest.createdDateTime,
  }).execute()
  await insertUris(trx, rest.tenantId, rest.id, identifierUris)
}

async function insertUris(trx: Db, tenantId: string, applicationId: string, uris: readonly string[]): Promise<void> {
  if (uris.length === 0) return
  await trx.insertInto('applicationUris').values(uris.map(uri => ({ tenantId, uriLower: uri.toLowerCase(), uri, applicationId }))).execute()
}

/** Puts these identifiers in the place of the ones before. */
async function replaceUris(trx: Db, tenantId: string, applicationId: string, uris: readonly string[]): Promise<void> {
  await trx.deleteFrom('applicationUris').where('tenantId', '=', tenantId).where('applicationId', '=', applicationId).execute()
  await insertUris(trx, tenantId, applicationId, uris)
}

export async function findApplication(db: Db, tenantId: string, id: string): Promise<ApplicationRow | undefined> {
  return (await withUris(db, tenantId, await living(db, tenantId).where('id', '=', id).execute()))[0]
}

/** By the id that programs know. */
export async function findApplicationByAppId(db: Db, tenantId: string, appId: string): Promise<ApplicationRow | undefined> {
  return (await withUris(db, tenantId, await living(db, tenantId).where('appId', '=', appId).execute()))[0]
}

export async function findApplicationByUniqueName(db: Db, tenantId: string, uniqueName: string): Promise<ApplicationRow | undefined> {
  return (await withUris(db, tenantId, await living(db, tenantId).where('uniqueName', '=', uniqueName).execute()))[0]
}

const living = (db: Db, tenantId: string) =>
  db.selectFrom('applications').select(columns.applications).where('tenantId', '=', tenantId).where('deletedDateTime', 'is', null)

/** The rows as they are used: documents parsed, identifiers beside them. One query for all. */
export async function withUris(db: Db, tenantId: string, rows: readonly Selectable<ApplicationTable>[]): Promise<ApplicationRow[]> {
  if (rows.length === 0) return []
  const uris = await db.selectFrom('applicationUris').select(['applicationId', 'uri']).where('tenantId', '=', tenantId)
    .where('applicationId', 'in', rows.map(row => row.id)).orderBy('uri').execute()
  return rows.map(row => ({
    ...row, document: { ...emptyApplication, ...(JSON.parse(row.document) as Partial<ApplicationDocument>) },
    identifierUris: uris.filter(one => one.applicationId === row.id).map(one => one.uri),
  }))
}

export type ApplicationChanges = Partial<Pick<Insertable<ApplicationTable>, 'displayName' | 'uniqueName' | 'isDisabled'>> & {
  document?: ApplicationDocument
  identifierUris?: readonly string[]
}

/** Writes the changes and counts them; call `noteClientChange` after it. @returns false when there is no such application */
export async function updateApplication(trx: Db, tenantId: string, id: string, changes: ApplicationChanges): Promise<boolean> {
  const { document, identifierUris, ...plain } = changes
  const done = await trx.updateTable('applications')
    .set(eb => ({
      ...plain, ...(plain.displayName === undefined ? {} : { displayNameLower: nameKey(plain.displayName) }),
      ...(document === undefined ? {} : { document: JSON.stringify(document) }), version: eb('version', '+', 1),
    }))
    .where('tenantId', '=', tenantId).where('id', '=', id).where('deletedDateTime', 'is', null).returning('id').executeTakeFirst()
  if (done && identifierUris !== undefined) await replaceUris(trx, tenantId, id, identifierUris)
  return done !== undefined
}

/** What another writer of the same application waits for: its row, until the end of the transaction. */
export async function lockApplication(trx: Db, tenantId: string, id: string): Promise<boolean> {
  const row = await trx.updateTable('applications').set(eb => ({ version: eb('version', '+', 1) }))
    .where('tenantId', '=', tenantId).where('id', '=', id).where('deletedDateTime', 'is', null).returning('id').executeTakeFirst()
  return row !== undefined
}

/**
 * Something the token service knows of this client has changed: its version moves on, and whoever keeps the record in any process is
 * told when the transaction commits, on the channel `clients` (with the appId) and on `client:<appId>`.
 */
export async function noteClientChange(app: { wake: Wake }, trx: Db, tenantId: string, appId: string): Promise<void> {
  await trx.updateTable('servicePrincipals').set(eb => ({ version: eb('version', '+', 1) })).where('tenantId', '=', tenantId).where('appId', '=', appId).execute()
  await app.wake.wake(trx, 'clients', appId)
  await app.wake.wake(trx, `client:${appId}`, tenantId)
}

/** Those of these that are there; two queries. */
export async function findApplicationsByAppIds(db: Db, tenantId: string, appIds: readonly string[]): Promise<ApplicationRow[]> {
  return appIds.length === 0 ? [] : withUris(db, tenantId, await living(db, tenantId).where('appId', 'in', appIds.slice(0, 999)).execute())
}

/** Those of these that are there, by object id. */
export async function findApplications(db: Db, tenantId: string, ids: readonly string[]): Promise<ApplicationRow[]> {
  return ids.length === 0 ? [] : withUris(db, tenantId, await living(db, tenantId).where('id', 'in', ids.slice(0, 999)).execute())
}
