import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import { pageSize } from './engine.ts'
import { nameKey } from './names.ts'
import type { ApplicationPasswordTable, ApplicationTable } from './application-tables.ts'

export type ApplicationRow = Selectable<ApplicationTable>
export type ApplicationPasswordRow = Selectable<ApplicationPasswordTable>

export async function insertApplication(trx: Db, application: Omit<Insertable<ApplicationTable>, 'displayNameLower'>): Promise<void> {
  await trx.insertInto('applications').values({ ...application, displayNameLower: nameKey(application.displayName) }).execute()
}

export function findApplication(db: Db, tenantId: string, id: string): Promise<ApplicationRow | undefined> {
  return db.selectFrom('applications').select(columns.applications).where('tenantId', '=', tenantId).where('id', '=', id).executeTakeFirst()
}

/** By the id that programs know; one application of the installation has it. */
export function findApplicationByAppId(db: Db, appId: string): Promise<ApplicationRow | undefined> {
  return db.selectFrom('applications').select(columns.applications).where('appId', '=', appId).executeTakeFirst()
}

export interface ApplicationPage {
  tenantId: string
  after?: { displayNameLower: string; id: string } | undefined
  top?: number | undefined
}

export function listApplications(db: Db, { tenantId, after, top }: ApplicationPage): Promise<ApplicationRow[]> {
  let query = db.selectFrom('applications').select(columns.applications).where('tenantId', '=', tenantId)
  if (after) query = query.where(eb => eb(eb.refTuple('displayNameLower', 'id'), '>', eb.tuple(after.displayNameLower, after.id)))
  return query.orderBy('displayNameLower').orderBy('id').limit(pageSize(top)).execute()
}

export async function disableApplication(trx: Db, tenantId: string, id: string, disabledAt: number | null): Promise<boolean> {
  const row = await trx.updateTable('applications').set({ disabledAt }).where('tenantId', '=', tenantId).where('id', '=', id).returning('id').executeTakeFirst()
  return row !== undefined
}

/** With its secrets and permissions. */
export async function deleteApplication(trx: Db, tenantId: string, id: string): Promise<boolean> {
  const row = await trx.deleteFrom('applications').where('tenantId', '=', tenantId).where('id', '=', id).returning('id').executeTakeFirst()
  return row !== undefined
}

export async function insertApplicationPassword(trx: Db, password: Insertable<ApplicationPasswordTable>): Promise<void> {
  await trx.insertInto('applicationPasswords').values(password).execute()
}

/** All secrets of an application, those that have ended too (LD-32 tells them apart). */
export function listApplicationPasswords(db: Db, tenantId: string, applicationId: string): Promise<ApplicationPasswordRow[]> {
  return db
    .selectFrom('applicationPasswords')
    .select(columns.applicationPasswords)
    .where('tenantId', '=', tenantId)
    .where('applicationId', '=', applicationId)
    .orderBy('startDateTime')
    .orderBy('keyId')
    .limit(200)
    .execute()
}

export async function deleteApplicationPassword(trx: Db, tenantId: string, applicationId: string, keyId: string): Promise<boolean> {
  const row = await trx
    .deleteFrom('applicationPasswords')
    .where('tenantId', '=', tenantId)
    .where('applicationId', '=', applicationId)
    .where('keyId', '=', keyId)
    .returning('keyId')
    .executeTakeFirst()
  return row !== undefined
}

export async function grantPermission(
  trx: Db,
  grant: { tenantId: string; servicePrincipalId: string; permission: string; grantedAt: number },
): Promise<void> {
  await trx.insertInto('applicationPermissions').values(grant).onConflict(clash => clash.doNothing()).execute()
}

export async function revokePermission(trx: Db, tenantId: string, servicePrincipalId: string, permission: string): Promise<boolean> {
  const row = await trx
    .deleteFrom('applicationPermissions')
    .where('tenantId', '=', tenantId)
    .where('servicePrincipalId', '=', servicePrincipalId)
    .where('permission', '=', permission)
    .returning('permission')
    .executeTakeFirst()
  return row !== undefined
}

export async function listPermissions(db: Db, tenantId: string, servicePrincipalId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('applicationPermissions')
    .select('permission')
    .where('tenantId', '=', tenantId)
    .where('servicePrincipalId', '=', servicePrincipalId)
    .orderBy('permission')
    .limit(999)
    .execute()
  return rows.map(row => row.permission)
}
