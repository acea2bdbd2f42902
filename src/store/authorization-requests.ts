import type { Db } from '../app.ts'
import { columns } from './columns.ts'

export interface AuthorizationRequestRow<Parameters> {
  tenantId: string
  idHash: string
  parameters: Parameters
  createdAt: number
  expiresAt: number
  chosenSession: string | null
}

export async function insertAuthorizationRequest<Parameters>(db: Db, row: Omit<AuthorizationRequestRow<Parameters>, 'chosenSession'>): Promise<void> {
  await db.insertInto('authorizationRequests').values({ ...row, parameters: JSON.stringify(row.parameters), chosenSession: null }).execute()
}

/** The request with this id, while it lasts. Ids are random: whoever has it is who was sent to sign in. */
export async function findAuthorizationRequest<Parameters>(db: Db, idHash: string, now: number): Promise<AuthorizationRequestRow<Parameters> | undefined> {
  const row = await db.selectFrom('authorizationRequests').select(columns.authorizationRequests).where('idHash', '=', idHash).where('expiresAt', '>', now).executeTakeFirst()
  return row && { ...row, parameters: JSON.parse(row.parameters) as Parameters }
}

/** Notes with which session the person wants to go on. */
export async function chooseSession(db: Db, tenantId: string, idHash: string, session: string): Promise<void> {
  await db.updateTable('authorizationRequests').set({ chosenSession: session }).where('tenantId', '=', tenantId).where('idHash', '=', idHash).execute()
}

/** True for the one who ends it: an answer is given once. */
export async function endAuthorizationRequest(trx: Db, tenantId: string, idHash: string): Promise<boolean> {
  const row = await trx.deleteFrom('authorizationRequests').where('tenantId', '=', tenantId).where('idHash', '=', idHash).returning('idHash').executeTakeFirst()
  return row !== undefined
}
