import type { App, Db } from '../app.ts'
import { accountKeyOf } from '../credentials/account-key.ts'

const lockedFor = 30 * 24 * 60 * 60_000

/** Locks an account at sign-in, everywhere and for a month, as if somebody had guessed at its password for a long time. */
export async function lockAccount(app: App, trx: Db, tenantId: string, userPrincipalName: string, at: number): Promise<void> {
  const accountKey = accountKeyOf(app, tenantId, userPrincipalName)
  const lockedUntil = at + lockedFor
  await trx
    .insertInto('signInLockouts')
    .values((['familiar', 'unfamiliar'] as const).map(place => (
      { tenantId, accountKey, place, failures: 0, lockCount: 8, lockedUntil, lastBad: '[]', lastFailureAt: at, expiresAt: lockedUntil }
    )))
    .execute()
}
