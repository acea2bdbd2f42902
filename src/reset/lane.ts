/**
 * Recovery has a bounded share of the server: what strangers may do without having proved anything takes turns here, before
 * it takes turns at the database, where sign-in would stand in the same line. Beyond the queue: 503, the same for every name.
 */
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'

/** At once, and waiting, in this process. */
export const recoveryLane = { width: 8, queueLength: 200 }

let running = 0
const waiting: (() => void)[] = []

/** @throws Refusal 503 LK_BUSY when too many wait already */
export async function inRecoveryLane<T>(work: () => Promise<T>): Promise<T> {
  if (running >= recoveryLane.width) {
    if (waiting.length >= recoveryLane.queueLength) throw new Refusal(503, [reason('LK_BUSY')], { retryAfter: 5 })
    await new Promise<void>(resolve => waiting.push(resolve))
  } else running++
  try {
    return await work()
  } finally {
    // The place is handed on, not given back: nobody can slip in between.
    const next = waiting.shift()
    if (next) next()
    else running--
  }
}
