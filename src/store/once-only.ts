import type { Db } from '../app.ts'

export interface Claim {
  tenantId: string
  /** `<purpose>:<id or hash>`. */
  key: string
  expiresAt: number
  now: number
  /** What to tell whoever claims again (idempotency keys). */
  outcome?: string | null
}

/** True for the first to claim the key, in whatever process; a claim that has run out may be made again. */
export async function claimOnce(db: Db, { tenantId, key, expiresAt, now, outcome = null }: Claim): Promise<boolean> {
  const row = await db
    .insertInto('onceOnly')
    .values({ tenantId, key, outcome, expiresAt })
    .onConflict(clash => clash.columns(['tenantId', 'key']).doUpdateSet({ outcome, expiresAt }).where('onceOnly.expiresAt', '<=', now))
    .returning('key')
    .executeTakeFirst()
  return row !== undefined
}

/** Writes what came of it, for those who ask again. */
export async function saveOutcome(db: Db, tenantId: string, key: string, outcome: string): Promise<void> {
  await db.updateTable('onceOnly').set({ outcome }).where('tenantId', '=', tenantId).where('key', '=', key).execute()
}

/** What came of an earlier claim: undefined when there is none, null while nothing is known. */
export async function findOutcome(db: Db, tenantId: string, key: string, now: number): Promise<string | null | undefined> {
  const row = await db
    .selectFrom('onceOnly')
    .select('outcome')
    .where('tenantId', '=', tenantId)
    .where('key', '=', key)
    .where('expiresAt', '>', now)
    .executeTakeFirst()
  return row?.outcome
}

/** Gives the key back when what it was claimed for did not happen. */
export async function releaseClaim(db: Db, tenantId: string, key: string): Promise<void> {
  await db.deleteFrom('onceOnly').where('tenantId', '=', tenantId).where('key', '=', key).execute()
}
