/** oauth2PermissionGrants: what a client may do in somebody's name, or in everybody's. */
import { randomBytes } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import { pageSize } from './engine.ts'
import type { PermissionGrantTable } from './application-tables.ts'

export type PermissionGrant = Selectable<PermissionGrantTable>

/** Scopes the client has been granted for this person on the resource: everybody's and their own, each once. */
export async function consentedScopes(db: Db, tenantId: string, clientServicePrincipalId: string, resourceServicePrincipalId: string, userId: string): Promise<string[]> {
  const rows = await db.selectFrom('permissionGrants').select('scope').where('tenantId', '=', tenantId).where('clientId', '=', clientServicePrincipalId)
    .where('resourceId', '=', resourceServicePrincipalId).where('principalId', 'in', ['', userId]).execute()
  return [...new Set(rows.flatMap(row => scopesIn(row.scope)))].sort()
}

export const scopesIn = (text: string): string[] => text.split(' ').filter(one => one !== '')

export interface GrantOf {
  tenantId: string
  clientId: string
  resourceId: string
  /** Null for everybody. */
  principalId: string | null
  scopes: readonly string[]
  at: number
}

/** Adds the scopes to what is granted already. Call `noteClientChange` when a token of before should not outlive it. @returns the grant's id */
export async function addGrant(trx: Db, { tenantId, clientId, resourceId, principalId, scopes, at }: GrantOf): Promise<string> {
  const key = principalId ?? ''
  const before = await findGrantOf(trx, { tenantId, clientId, resourceId, principalId: key })
  const scope = [...new Set([...(before ? scopesIn(before.scope) : []), ...scopes])].join(' ')
  if (before) {
    await updateGrant(trx, tenantId, before.id, scope)
    return before.id
  }
  const id = randomBytes(32).toString('base64url')
  await insertGrant(trx, { tenantId, id, clientId, resourceId, consentType: principalId === null ? 'AllPrincipals' : 'Principal', principalId: key, scope, createdDateTime: at })
  return id
}

/** The same client, resource and person twice is a unique violation. */
export async function insertGrant(trx: Db, grant: PermissionGrant): Promise<void> {
  await trx.insertInto('permissionGrants').values(grant).execute()
}

export async function updateGrant(trx: Db, tenantId: string, id: string, scope: string): Promise<void> {
  await trx.updateTable('permissionGrants').set({ scope }).where('tenantId', '=', tenantId).where('id', '=', id).execute()
}

/** @returns the grant that went */
export function removeGrant(trx: Db, tenantId: string, id: string): Promise<PermissionGrant | undefined> {
  return trx.deleteFrom('permissionGrants').where('tenantId', '=', tenantId).where('id', '=', id).returning(columns.permissionGrants).executeTakeFirst()
}

export function findGrant(db: Db, tenantId: string, id: string): Promise<PermissionGrant | undefined> {
  return db.selectFrom('permissionGrants').select(columns.permissionGrants).where('tenantId', '=', tenantId).where('id', '=', id).executeTakeFirst()
}

export function findGrantOf(db: Db, { tenantId, clientId, resourceId, principalId }: Pick<PermissionGrant, 'tenantId' | 'clientId' | 'resourceId' | 'principalId'>): Promise<PermissionGrant | undefined> {
  return db.selectFrom('permissionGrants').select(columns.permissionGrants).where('tenantId', '=', tenantId).where('clientId', '=', clientId)
    .where('resourceId', '=', resourceId).where('principalId', '=', principalId).executeTakeFirst()
}

export function listGrants(db: Db, { tenantId, after, top, ...wanted }: {
  tenantId: string
  clientId?: string | undefined
  resourceId?: string | undefined
  principalId?: string | undefined
  consentType?: string | undefined
  after?: string | undefined
  top?: number | undefined
}): Promise<PermissionGrant[]> {
  let query = db.selectFrom('permissionGrants').select(columns.permissionGrants).where('tenantId', '=', tenantId)
  for (const name of ['clientId', 'resourceId', 'principalId', 'consentType'] as const) if (wanted[name] !== undefined) query = query.where(name, '=', wanted[name])
  if (after !== undefined) query = query.where('id', '>', after)
  return query.orderBy('id').limit(pageSize(top)).execute()
}
