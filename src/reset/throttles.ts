/**
 * Counting of recovery tries (sspr §5.7, LD-20, T-03). Every try is counted twice: for the name as typed, which also counts names
 * nobody has and decides what the page shows; and for the account behind it, so that a second name of the same person
 * gives no second budget. The second count never shows: a try beyond it is simply not looked at. For proofs it is kept by
 * credentials/proof-budget.ts, for the rest here.
 */
import type { App, Db } from '../app.ts'
import { recoveryKey } from '../credentials/proof-budget.ts'
import type { ThrottleKey } from '../rules/facts.ts'
import { isBlocked } from '../rules/throttle.ts'
import { peek, readThrottle, reserve, takeBack } from '../store/limits.ts'
import type { ResetRow } from '../store/resets.ts'
import { inTransaction } from '../store/engine.ts'
import { accountOf, throttleKeyOf } from './identify.ts'
import { tenantFailures, tenantFailuresKey } from './start-reset.ts'

/** The account's own counter. */
export const accountThrottleKey = (reset: Pick<ResetRow, 'userId' | 'accountKey'>): string => recoveryKey(accountOf(reset))

/** Counted for the account where they are compared. */
const countedThere: readonly ThrottleKey[] = ['proof', 'app', 'questions']

export type Counted =
  /** `evaluate`: false when the account's own budget is gone; the answer must then be what a wrong try gets. */
  | { served: true; at: number; evaluate: boolean; reachedLimit: boolean }
  | { served: false; until: number }

/** Reserves one try of every kind named, before anything is compared or sent (T-04). */
export function countTry(app: App, reset: ResetRow, kinds: readonly ThrottleKey[]): Promise<Counted> {
  const { tenantId } = reset
  return inTransaction(app.db, async trx => {
    const at = app.now()
    let evaluate = true
    for (const kind of kinds) {
      const typed = await reserve(trx, { tenantId, key: throttleKeyOf(reset), kind, now: at })
      // The try that reached one limit still counts for the others it belongs to.
      if (!typed.served && kind === kinds[0]) return { served: false, until: typed.until }
      if (countedThere.includes(kind)) continue
      const account = await reserve(trx, { tenantId, key: accountThrottleKey(reset), kind, now: at })
      if (!account.served && kind === kinds[0]) evaluate = false
    }
    const reachedLimit = isBlocked(await readThrottle(trx, tenantId, throttleKeyOf(reset)), at)
    return { served: true, at, evaluate, reachedLimit }
  })
}

/** The try was right, or there was nothing to compare: its point is given back, for a right one in the transaction that gains by it. */
export function giveBack(app: App, db: Db, reset: ResetRow, kind: ThrottleKey, at: number): Promise<void> {
  return takeBack(db, { tenantId: reset.tenantId, key: throttleKeyOf(reset), kind, at, now: app.now() })
}

/** When recovery for the name as typed goes on again; undefined when it is not paused. */
export async function pausedUntil(app: App, reset: Pick<ResetRow, 'tenantId' | 'accountKey'>): Promise<number | undefined> {
  const state = await readThrottle(app.db, reset.tenantId, throttleKeyOf(reset))
  return isBlocked(state, app.now()) ? state.lockedUntil! : undefined
}

/** Wrong proofs in the whole tenant: many of them make everybody's next start dearer (T-03). True at the one that crosses the line. */
export async function countTenantFailure(app: App, tenantId: string): Promise<boolean> {
  const place = { tenantId, key: tenantFailuresKey, kind: tenantFailures, now: app.now() }
  if (!(await peek(app.db, place)).served) return false
  await reserve(app.db, place)
  return !(await peek(app.db, place)).served
}
