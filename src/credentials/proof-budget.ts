import type { App, Db } from '../app.ts'
import type { ThrottleKey } from '../rules/throttle.ts'
import { reserve, takeBack } from '../store/limits.ts'
import type { PlainLimit } from '../store/limits.ts'
import { accountKeysOf } from './account-key.ts'

/** What a code, an answer or an app's code is asked for. Counters of one purpose never lock another (T-22). */
export type ProofPurpose = 'reset' | 'registration' | 'signIn' | 'callerVerification'

/** Wrong proofs outside recovery: N-ACCT-FAIL, over all methods of the account. Recovery has its own, stricter ones (LD-20). */
const wrongProofs: PlainLimit = { limit: 15, windowMs: 86_400_000 }

export interface ProofTry {
  tenantId: string
  purpose: ProofPurpose
  /** The user's id; for names nobody has the keyed hash of the name, so that they are counted alike. */
  account: string
  /** Counted besides, right or wrong (sspr §5.7): tries with an app, sets of answers. */
  attempt?: Extract<ThrottleKey, 'app' | 'questions'>
}

export type ReservedProof =
  | {
      served: true
      /** The try was right, or nothing could be compared: it costs nothing. */
      giveBack(db: Db): Promise<void>
    }
  | { served: false; until: number }

/** Where an account's recovery tries are counted; gather facts with the same key. */
export function recoveryKey(account: string): string {
  return `recovery:${account}`
}

/** Every counter of a person's recovery: by id, and by each of their names as the reset page counts them. */
export async function recoveryKeysOf(app: Pick<App, 'keys'>, db: Db, tenantId: string, userId: string): Promise<string[]> {
  return [userId, ...(await accountKeysOf(app, db, tenantId, userId))].map(recoveryKey)
}

/**
 * Takes one point from the account before anything is compared (T-03, T-04). Points belong to the account, over all methods,
 * flows and codes, so neither a new code nor a new flow fills them up again.
 */
export async function reserveProof(app: App, { tenantId, purpose, account, attempt }: ProofTry): Promise<ReservedProof> {
  const now = app.now()
  if (purpose !== 'reset') {
    const point = { tenantId, key: `proof-${purpose}:${account}`, kind: wrongProofs }
    const kept = await reserve(app.db, { ...point, now })
    return kept.served ? { served: true, giveBack: db => takeBack(db, { ...point, at: now, now: app.now() }) } : kept
  }
  const point = { tenantId, key: recoveryKey(account), kind: 'proof' as const }
  if (attempt) {
    const counted = await reserve(app.db, { ...point, kind: attempt, now })
    if (!counted.served) return counted
  }
  const kept = await reserve(app.db, { ...point, now })
  return kept.served ? { served: true, giveBack: db => takeBack(db, { ...point, at: now, now: app.now() }) } : kept
}
