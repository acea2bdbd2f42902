import type { Db } from '../app.ts'

/** Trust in tokens of another issuer, in a secret's place (graph §3.1). */
export interface FederatedCredential {
  id: string
  name: string
  issuer: string
  subject: string
  audiences: string[]
  description: string | null
}

const names = ['id', 'name', 'issuer', 'subject', 'audiences', 'description'] as const
const parse = (row: Omit<FederatedCredential, 'audiences'> & { audiences: string }): FederatedCredential => ({ ...row, audiences: JSON.parse(row.audiences) as string[] })

export async function listFederatedCredentials(db: Db, tenantId: string, applicationId: string): Promise<FederatedCredential[]> {
  const rows = await db.selectFrom('federatedCredentials').select(names).where('tenantId', '=', tenantId).where('applicationId', '=', applicationId)
    .orderBy('name').limit(100).execute()
  return rows.map(parse)
}

/** By its id, or by its name. */
export async function findFederatedCredential(db: Db, tenantId: string, applicationId: string, key: string): Promise<FederatedCredential | undefined> {
  const row = await db.selectFrom('federatedCredentials').select(names).where('tenantId', '=', tenantId).where('applicationId', '=', applicationId)
    .where(eb => eb.or([eb('id', '=', key), eb('name', '=', key)])).executeTakeFirst()
  return row && parse(row)
}

/** A name, or an issuer and subject, that the application has already is a unique violation. */
export async function insertFederatedCredential(trx: Db, tenantId: string, applicationId: string, one: FederatedCredential): Promise<void> {
  await trx.insertInto('federatedCredentials').values({ tenantId, applicationId, ...one, audiences: JSON.stringify(one.audiences) }).execute()
}

export async function updateFederatedCredential(trx: Db, tenantId: string, id: string, { audiences, ...changes }: Partial<Omit<FederatedCredential, 'id'>>): Promise<void> {
  const all = { ...changes, ...(audiences === undefined ? {} : { audiences: JSON.stringify(audiences) }) }
  if (Object.keys(all).length > 0) await trx.updateTable('federatedCredentials').set(all).where('tenantId', '=', tenantId).where('id', '=', id).execute()
}

export async function deleteFederatedCredential(trx: Db, tenantId: string, id: string): Promise<boolean> {
  const row = await trx.deleteFrom('federatedCredentials').where('tenantId', '=', tenantId).where('id', '=', id).returning('id').executeTakeFirst()
  return row !== undefined
}
