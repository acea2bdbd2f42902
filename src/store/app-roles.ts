/** App roles given to programs, people and groups on a resource. */
import { randomBytes } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import { pageSize } from './engine.ts'
import { firstParty } from '../rules/first-party.ts'
import type { AppRole } from '../rules/application-document.ts'
import { findApplicationByAppId } from './applications.ts'
import type { AppRoleAssignmentTable } from './application-tables.ts'
import { findServicePrincipal } from './service-principals.ts'
import { withTransitiveGroups } from './groups.ts'

export type AppRoleAssignment = Selectable<AppRoleAssignmentTable>

/** "Has access", without any role. */
export const defaultAppRole = '00000000-0000-0000-0000-000000000000'

/** 22 letters of base64url, as Graph has them. */
export const newAssignmentId = (): string => randomBytes(16).toString('base64url')

/** The same role given twice is a unique violation. */
export async function insertAppRoleAssignment(trx: Db, assignment: AppRoleAssignment): Promise<void> {
  await trx.insertInto('appRoleAssignments').values(assignment).execute()
}

export function findAppRoleAssignment(db: Db, tenantId: string, id: string): Promise<AppRoleAssignment | undefined> {
  return db.selectFrom('appRoleAssignments').select(columns.appRoleAssignments).where('tenantId', '=', tenantId).where('id', '=', id).executeTakeFirst()
}

export async function deleteAppRoleAssignment(trx: Db, tenantId: string, id: string): Promise<boolean> {
  const row = await trx.deleteFrom('appRoleAssignments').where('tenantId', '=', tenantId).where('id', '=', id).returning('id').executeTakeFirst()
  return row !== undefined
}

export function listAppRoleAssignments(db: Db, { tenantId, principalId, resourceId, after, top }: {
  tenantId: string
  principalId?: string | undefined
  resourceId?: string | undefined
  after?: string | undefined
  top?: number | undefined
}): Promise<AppRoleAssignment[]> {
  let query = db.selectFrom('appRoleAssignments').select(columns.appRoleAssignments).where('tenantId', '=', tenantId)
  if (principalId !== undefined) query = query.where('principalId', '=', principalId)
  if (resourceId !== undefined) query = query.where('resourceId', '=', resourceId)
  if (after !== undefined) query = query.where('id', '>', after)
  return query.orderBy('id').limit(pageSize(top)).execute()
}

/** The roles a service principal's application offers, by the service principal's id. */
export async function rolesOffered(db: Db, tenantId: string, resourceId: string): Promise<readonly AppRole[]> {
  const principal = await findServicePrincipal(db, tenantId, resourceId)
  if (!principal) return []
  return firstParty(principal.appId)?.appRoles ?? (await findApplicationByAppId(db, tenantId, principal.appId))?.document.appRoles ?? []
}

/** Values for the `roles` claim of a program's token: enabled roles given to it, in the order of their values. */
export async function appRoleValues(db: Db, tenantId: string, principalServicePrincipalId: string, resourceServicePrincipalId: string): Promise<string[]> {
  const given = await db.selectFrom('appRoleAssignments').select('appRoleId').where('tenantId', '=', tenantId)
    .where('principalId', '=', principalServicePrincipalId).where('resourceId', '=', resourceServicePrincipalId).limit(999).execute()
  return valuesOf(await rolesOffered(db, tenantId, resourceServicePrincipalId), given, 'Application')
}

/** Values for the `roles` claim of a person's token: given to them or to a group they are in. */
export async function appRoleValuesOfUser(db: Db, tenantId: string, userId: string, resourceServicePrincipalId: string): Promise<string[]> {
  return valuesOf(await rolesOffered(db, tenantId, resourceServicePrincipalId), await givenToUser(db, tenantId, userId, resourceServicePrincipalId), 'User')
}

/** True when the person may use a resource that asks for an assignment: directly or through a group, with a role or without. */
export async function isAssignedTo(db: Db, tenantId: string, userId: string, resourceServicePrincipalId: string): Promise<boolean> {
  return (await givenToUser(db, tenantId, userId, resourceServicePrincipalId)).length > 0
}

function givenToUser(db: Db, tenantId: string, userId: string, resourceId: string): Promise<{ appRoleId: string }[]> {
  return withTransitiveGroups(db, tenantId, userId).selectFrom('appRoleAssignments').select('appRoleId').where('tenantId', '=', tenantId).where('resourceId', '=', resourceId)
    .where(eb => eb.or([eb('principalId', '=', userId), eb('principalId', 'in', eb.selectFrom('inGroups').select('groupId'))])).limit(999).execute()
}

function valuesOf(offered: readonly AppRole[], given: readonly { appRoleId: string }[], memberType: string): string[] {
  const ids = new Set(given.map(one => one.appRoleId))
  const values = offered.filter(role => role.isEnabled && ids.has(role.id) && role.allowedMemberTypes.includes(memberType)).flatMap(role => (role.value ? [role.value] : []))
  return [...new Set(values)].sort()
}
