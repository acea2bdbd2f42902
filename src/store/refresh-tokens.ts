/**
 * Refresh tokens in families (LD-33). A family is one sign-in of one person to one program; each use of a token brings the next.
 * A token names its family, so one that is not there any more, in a family that is, has been used before: the family ends.
 */
import type { Selectable } from 'kysely'
import type { Db } from '../app.ts'
import type { ClientKind } from './authorization-codes.ts'
import { columns } from './columns.ts'
import type { TokenFamilyTable } from './oauth-tables.ts'
import type { Epochs } from './standing.ts'

const day = 86_400_000
/** Parallel calls of one program, and an answer that got lost, use the predecessor for so long after its first use (LD-33). */
export const graceMs = 60_000
/** Unused for so long, a family ends; that of a browser program ends so long after the sign-in, used or not (oauth §11). */
export const familyLifetimes = { idle: 90 * day, spa: day } as const

export interface NewFamily extends Epochs {
  tenantId: string
  id: string
  appId: string
  userId: string
  clientKind: ClientKind
  scope: string
  proofs: readonly { method: string; at: number; until?: number }[]
  ipAddress: string | null
  userAgent: string | null
}

export type TokenFamily = Omit<Selectable<TokenFamilyTable>, 'proofs' | 'clientKind'> & { clientKind: ClientKind; proofs: { method: string; at: number; until?: number }[] }

/** With the temporary access pass that was proved with it, if there was one (sspr §4.7). */
function latestEnd(proofs: readonly { until?: number }[]): number {
  return Math.min(Infinity, ...proofs.flatMap(proof => (proof.until === undefined ? [] : [proof.until])))
}

/** Begins a family with its first token, given by its hash. */
export async function insertFamily(trx: Db, { proofs, ...family }: NewFamily, tokenHash: string, now: number): Promise<void> {
  const expiresAt = Math.min(now + (family.clientKind === 'spa' ? familyLifetimes.spa : familyLifetimes.idle), latestEnd(proofs))
  await trx.insertInto('tokenFamilies').values({
    ...family, proofs: JSON.stringify(proofs), createdAt: now, lastUsedAt: now, expiresAt, endedAt: null, endReason: null,
  }).execute()
  await insertToken(trx, { tenantId: family.tenantId, familyId: family.id, tokenHash, expiresAt, now })
}

export type TokenUse =
  /** Good: the successor is written. */
  | { outcome: 'used'; family: TokenFamily }
  /** No family of that id, or one of another program: nothing is told and nothing ends. */
  | { outcome: 'unknown' }
  | { outcome: 'ended'; family: TokenFamily }
  | { outcome: 'expired'; family: TokenFamily }
  /** A token that had been used before: the family has just ended. */
  | { outcome: 'reused'; family: TokenFamily }

/** Good: nothing is written yet. */
type GoodToken = { outcome: 'good'; family: TokenFamily; isFirstUse: boolean }
export interface ShownToken { tenantId: string; familyId: string; appId: string; tokenHash: string; now: number }

/**
 * Looks at a token without using it up; one that was used before ends its family all the same. The family's row is held from the first
 * statement on. Run it in a transaction and let that commit whatever the outcome.
 */
export async function judgeRefreshToken(trx: Db, { tenantId, familyId, appId, tokenHash, now }: ShownToken): Promise<GoodToken | Exclude<TokenUse, { outcome: 'used' }>> {
  const family = await holdFamily(trx, tenantId, familyId, appId)
  if (!family) return { outcome: 'unknown' }
  if (family.endedAt !== null) return { outcome: 'ended', family }
  if (family.expiresAt <= now) return { outcome: 'expired', family }
  const token = await trx.selectFrom('refreshTokens').select(columns.refreshTokens).where('tenantId', '=', tenantId).where('tokenHash', '=', tokenHash)
    .where('familyId', '=', familyId).executeTakeFirst()
  if (token && token.firstUsedAt === null && token.expiresAt <= now) return { outcome: 'expired', family }
  if (!token || (token.firstUsedAt !== null && now > token.firstUsedAt + graceMs)) {
    await endFamily(trx, tenantId, familyId, 'reused', now)
    return { outcome: 'reused', family }
  }
  return { outcome: 'good', family, isFirstUse: token.firstUsedAt === null }
}

/**
 * Uses a token and writes its successor. The family's row is held from the first statement on, so that of many uses at once each
 * sees the one before. Run it in a transaction and let that commit whatever the outcome.
 */
export async function useRefreshToken(trx: Db, { successorHash, ...shown }: ShownToken & { successorHash: string }): Promise<TokenUse> {
  const judged = await judgeRefreshToken(trx, shown)
  if (judged.outcome !== 'good') return judged
  const { tenantId, familyId, tokenHash, now } = shown
  const { family } = judged
  if (judged.isFirstUse) {
    await trx.updateTable('refreshTokens').set({ firstUsedAt: now, expiresAt: now + graceMs }).where('tenantId', '=', tenantId).where('tokenHash', '=', tokenHash).execute()
  }
  const expiresAt = family.clientKind === 'spa' ? family.expiresAt : Math.min(now + familyLifetimes.idle, latestEnd(family.proofs))
  await trx.updateTable('tokenFamilies').set({ lastUsedAt: now, expiresAt }).where('tenantId', '=', tenantId).where('id', '=', familyId).execute()
  await insertToken(trx, { tenantId, familyId, tokenHash: successorHash, expiresAt, now })
  return { outcome: 'used', family: { ...family, lastUsedAt: now, expiresAt } }
}

/** Ends a family and its tokens; true when it had not ended yet. */
export async function endFamily(trx: Db, tenantId: string, id: string, reason: 'reused' | 'codeReused', now: number): Promise<boolean> {
  const row = await trx.updateTable('tokenFamilies').set({ endedAt: now, endReason: reason }).where('tenantId', '=', tenantId).where('id', '=', id)
    .where('endedAt', 'is', null).returning('id').executeTakeFirst()
  await trx.deleteFrom('refreshTokens').where('tenantId', '=', tenantId).where('familyId', '=', id).execute()
  return row !== undefined
}

/** Writing is what locks a row on both engines. */
async function holdFamily(trx: Db, tenantId: string, id: string, appId: string): Promise<TokenFamily | undefined> {
  const row = await trx.updateTable('tokenFamilies').set(eb => ({ lastUsedAt: eb.ref('lastUsedAt') })).where('tenantId', '=', tenantId).where('id', '=', id)
    .where('appId', '=', appId).returning(columns.tokenFamilies).executeTakeFirst()
  return row && open(row)
}

export async function findFamily(db: Db, tenantId: string, id: string): Promise<TokenFamily | undefined> {
  const row = await db.selectFrom('tokenFamilies').select(columns.tokenFamilies).where('tenantId', '=', tenantId).where('id', '=', id).executeTakeFirst()
  return row && open(row)
}

const open = (row: Selectable<TokenFamilyTable>): TokenFamily =>
  ({ ...row, clientKind: row.clientKind as ClientKind, proofs: JSON.parse(row.proofs) as TokenFamily['proofs'] })

async function insertToken(trx: Db, { tenantId, familyId, tokenHash, expiresAt, now }: { tenantId: string; familyId: string; tokenHash: string; expiresAt: number; now: number }): Promise<void> {
  await trx.insertInto('refreshTokens').values({ tenantId, tokenHash, familyId, createdAt: now, firstUsedAt: null, expiresAt }).execute()
}
