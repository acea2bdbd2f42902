import type { Db } from '../app.ts'
import { columns } from './columns.ts'

/** What the person said on our pages, of the session in which they said it. */
export interface RequestAnswers {
  /** Public id of the session to go on with. */
  chosenSession?: string
  /** Public id of the session that agreed to what was asked for. */
  agreedSession?: string
}

export interface AuthorizationRequestRow<Parameters> {
  tenantId: string
  idHash: string
  parameters: Parameters
  createdAt: number
  expiresAt: number
  answers: RequestAnswers
}

export async function insertAuthorizationRequest<Parameters>(db: Db, row: Omit<AuthorizationRequestRow<Parameters>, 'answers'>): Promise<void> {
  await db.insertInto('authorizationRequests').values({ ...row, parameters: JSON.stringify(row.parameters), answers: '{}' }).execute()
}

/** The request with this id, while it lasts. Ids are random: whoever has it is who was sent to sign in. */
export async function findAuthorizationRequest<Parameters>(db: Db, idHash: string, now: number): Promise<AuthorizationRequestRow<Parameters> | undefined> {
  const row = await db.selectFrom('authorizationRequests').select(columns.authorizationRequests).where('idHash', '=', idHash).where('expiresAt', '>', now).executeTakeFirst()
  return row && { ...row, parameters: JSON.parse(row.parameters) as Parameters, answers: JSON.parse(row.answers) as RequestAnswers }
}

export async function saveAnswers(db: Db, { tenantId, idHash }: { tenantId: string; idHash: string }, answers: RequestAnswers): Promise<void> {
  await db.updateTable('authorizationRequests').set({ answers: JSON.stringify(answers) }).where('tenantId', '=', tenantId).where('idHash', '=', idHash).execute()
}

/** True for the one who ends it: an answer is given once. */
export async function endAuthorizationRequest(trx: Db, { tenantId, idHash }: { tenantId: string; idHash: string }): Promise<boolean> {
  const row = await trx.deleteFrom('authorizationRequests').where('tenantId', '=', tenantId).where('idHash', '=', idHash).returning('idHash').executeTakeFirst()
  return row !== undefined
}
