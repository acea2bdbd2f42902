import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import type { ApplicationCredentialTable, CredentialUseTable } from './application-tables.ts'

export type OwnerType = 'application' | 'servicePrincipal'
export type CredentialRow = Omit<Selectable<ApplicationCredentialTable>, 'kind' | 'ownerType'> & { kind: 'password' | 'certificate'; ownerType: OwnerType }
export type CredentialUse = Selectable<CredentialUseTable>

type Blank = 'hint' | 'secretHash' | 'keyType' | 'keyUsage' | 'customKeyIdentifier' | 'sha1Thumbprint' | 'sha256Thumbprint' | 'certificate'
export type NewCredential = Omit<Insertable<ApplicationCredentialTable>, Blank> & Partial<Pick<Insertable<ApplicationCredentialTable>, Blank>>

/** More of them than this no owner has (the checks are in rules/app-credentials.ts). */
const most = 400

export async function insertCredential(trx: Db, credential: NewCredential): Promise<void> {
  const blank = {
    hint: null, secretHash: null, keyType: null, keyUsage: null, customKeyIdentifier: null, sha1Thumbprint: null, sha256Thumbprint: null, certificate: null,
  }
  await trx.insertInto('applicationCredentials').values({ ...blank, ...credential }).execute()
}

/** All credentials of these owners, those that have ended too (LD-32 tells them apart), the oldest first. */
export async function listCredentials(db: Db, tenantId: string, ownerIds: readonly string[]): Promise<CredentialRow[]> {
  if (ownerIds.length === 0) return []
  const rows = await db.selectFrom('applicationCredentials').select(columns.applicationCredentials).where('tenantId', '=', tenantId)
    .where('ownerId', 'in', ownerIds.slice(0, 1998)).orderBy('createdDateTime').orderBy('keyId').limit(most * ownerIds.length).execute()
  return rows as CredentialRow[]
}

/** @returns the credentials that went: one, or a certificate and the secret that goes with it, or none */
export async function deleteCredential(trx: Db, tenantId: string, ownerId: string, keyId: string, kind?: 'password' | 'certificate'): Promise<CredentialRow[]> {
  let gone = trx.deleteFrom('applicationCredentials').where('tenantId', '=', tenantId).where('ownerId', '=', ownerId).where('keyId', '=', keyId)
  if (kind) gone = gone.where('kind', '=', kind)
  return (await gone.returning(columns.applicationCredentials).execute()) as CredentialRow[]
}

/** With what was noted of their use: their owner goes for good. */
export async function deleteCredentialsOf(trx: Db, tenantId: string, ownerId: string): Promise<void> {
  for (const table of ['applicationCredentials', 'credentialUses'] as const) {
    await trx.deleteFrom(table).where('tenantId', '=', tenantId).where('ownerId', '=', ownerId).execute()
  }
}

/** Credentials that end in the span, the first to end first. */
export async function credentialsEnding(db: Db, tenantId: string, { from, to, after, top }: {
  from: number
  to: number
  after?: { endDateTime: number; ownerId: string; keyId: string } | undefined
  top: number
}): Promise<CredentialRow[]> {
  let query = db.selectFrom('applicationCredentials').select(columns.applicationCredentials).where('tenantId', '=', tenantId)
    .where('endDateTime', '>=', from).where('endDateTime', '<', to)
  if (after) query = query.where(eb => eb(eb.refTuple('endDateTime', 'ownerId', 'keyId'), '>', eb.tuple(after.endDateTime, after.ownerId, after.keyId)))
  return (await query.orderBy('endDateTime').orderBy('ownerId').orderBy('keyId').limit(top).execute()) as CredentialRow[]
}

export function listCredentialUses(db: Db, tenantId: string, ownerIds: readonly string[]): Promise<CredentialUse[]> {
  if (ownerIds.length === 0) return Promise.resolve([])
  return db.selectFrom('credentialUses').select(columns.credentialUses).where('tenantId', '=', tenantId).where('ownerId', 'in', ownerIds).limit(most * ownerIds.length).execute()
}

/** Adds to what is known of the use of each; one statement for all. */
export async function saveCredentialUses(db: Db, uses: readonly CredentialUse[]): Promise<void> {
  if (uses.length === 0) return
  await db.insertInto('credentialUses').values([...uses])
    .onConflict(clash => clash.columns(['tenantId', 'ownerId', 'keyId']).doUpdateSet(eb => ({
      useCount: eb('credentialUses.useCount', '+', eb.ref('excluded.useCount')), lastUsedAt: eb.ref('excluded.lastUsedAt'), lastIpAddress: eb.ref('excluded.lastIpAddress'),
    })))
    .execute()
}

/** How many credentials of programs that are there end in the span, of these owners or of all. */
export async function countEnding(db: Db, tenantId: string, { from, to, ownerIds }: { from: number; to: number; ownerIds?: readonly string[] }): Promise<number> {
  let query = db.selectFrom('applicationCredentials as c').select(eb => eb.fn.countAll<number>().as('count')).where('c.tenantId', '=', tenantId)
    .where('c.endDateTime', '>=', from).where('c.endDateTime', '<', to)
    .where(eb => eb.or([
      eb('c.ownerId', 'in', eb.selectFrom('applications').select('id').where('tenantId', '=', tenantId).where('deletedDateTime', 'is', null)),
      eb('c.ownerId', 'in', eb.selectFrom('servicePrincipals').select('id').where('tenantId', '=', tenantId).where('deletedDateTime', 'is', null)),
    ]))
  if (ownerIds) query = query.where('c.ownerId', 'in', ownerIds)
  return Number((await query.executeTakeFirstOrThrow()).count)
}
