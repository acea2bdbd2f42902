/**
 * Counting of recovery tries (sspr §5.7, LD-20, T-03). Every try is counted twice: for the name as typed, which also counts names
 * nobody has and decides what the page shows (A-13); and for the account behind it, so that a second name of the same person
 * gives no second budget. The second count never shows: a try beyond it is simply not looked at.
 */
import type { App, Db } from '../app.ts'
import type { ThrottleKey } from '../rules/facts.ts'
import { isBlocked } from '../rules/throttle.ts'
import { peek, readThrottle, reserve, takeBack } from '../store/limits.ts'
import type { ResetRow } from '../store/resets.ts'
import { inTransaction } from '../store/engine.ts'
import { throttleKeyOf } from './identify.ts'
import { tenantFailures, tenantFailuresKey } from './start-reset.ts'

/** The account's own counter; for names nobody has one that is counted and leads nowhere, so that as much is done. */
export const accountThrottleKey = (reset: Pick<ResetRow, 'userId' | 'accountKey'>): string => `recovery:${reset.userId ?? `nobody ${reset.accountKey}`}`

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
      const account = await reserve(trx, { tenantId, key: accountThrottleKey(reset), kind, now: at })
      if (!account.served && kind === kinds[0]) evaluate = false
    }
    const reachedLimit = isBlocked(await readThrottle(trx, tenantId, throttleKeyOf(reset)), at)
    return { served: true, at, evaluate, reachedLimit }
  })
}

/** The try was right: its points are given back, in the transaction that gains by it. */
export async function giveBack(trx: Db, app: App, reset: ResetRow, kinds: readonly ThrottleKey[], at: number): Promise<void> {
  for (const kind of kinds)
    for (const key of [throttleKeyOf(reset), accountThrottleKey(reset)]) await takeBack(trx, { tenantId: reset.tenantId, key, kind, at, now: app.now() })
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
