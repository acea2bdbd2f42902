/** Codes of `/authorize`: used once, by whom they were made for (oauth §10). */
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import type { Epochs } from './standing.ts'

/** How a program keeps its credentials, by the list its redirect URI stands in. */
export type ClientKind = 'confidential' | 'public' | 'spa'

export interface CodeBinding {
  redirectUri: string
  clientKind: ClientKind
  challenge: string | null
  challengeMethod: 'S256' | 'plain' | null
  nonce: string | null
  /** As asked for, separated by blanks. */
  scope: string
  /** What its owner proved, and when. */
  proofs: { method: string; at: number }[]
  /** The sign-in session's public id, for the id token's `sid`. */
  sessionId: string | null
}

export interface AuthorizationCode extends Epochs {
  tenantId: string
  codeHash: string
  appId: string
  userId: string
  binding: CodeBinding
  familyId: string
  createdAt: number
  expiresAt: number
  redeemedAt: number | null
}

export async function insertAuthorizationCode(trx: Db, { binding, ...code }: Omit<AuthorizationCode, 'redeemedAt'>): Promise<void> {
  await trx.insertInto('authorizationCodes').values({ ...code, binding: JSON.stringify(binding), redeemedAt: null }).execute()
}

export async function findAuthorizationCode(db: Db, tenantId: string, codeHash: string): Promise<AuthorizationCode | undefined> {
  const row = await db.selectFrom('authorizationCodes').select(columns.authorizationCodes).where('tenantId', '=', tenantId).where('codeHash', '=', codeHash).executeTakeFirst()
  return row && { ...row, binding: JSON.parse(row.binding) as CodeBinding }
}

/** Uses the code up: true for exactly one of any number at once (T-05). */
export async function redeemCode(trx: Db, tenantId: string, codeHash: string, now: number): Promise<boolean> {
  const row = await trx.updateTable('authorizationCodes').set({ redeemedAt: now }).where('tenantId', '=', tenantId).where('codeHash', '=', codeHash)
    .where('redeemedAt', 'is', null).returning('codeHash').executeTakeFirst()
  return row !== undefined
}
