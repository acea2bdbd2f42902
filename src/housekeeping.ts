/** Rows that have had their time are removed by the hour, in small portions, so that what strangers can create stays bounded (T-29). */
import { sql } from 'kysely'
import type { App } from './app.ts'

const hour = 3_600_000
const portion = 2_000
/** How long each stays after its `expires_at`: codes go within a day (T-73), the rest when it is of no use to anyone. */
const expiring = [
  ['limits', 0],
  ['onceOnly', 0],
  ['challenges', hour],
  ['sessions', hour],
  ['signInLockouts', 0],
  ['operations', 0],
  ['resets', 30 * 24 * hour], // the support code can be looked up for a month
] as const

/** Removes one portion of each kind; returns how many rows went. */
export async function tidy(app: App): Promise<number> {
  let removed = 0
  for (const [table, keep] of expiring) {
    const before = app.now() - keep
    const name = sql.table(table)
    const old = sql`select expires_at from ${name} where expires_at < ${before} order by expires_at limit 1 offset ${portion}`
    const edge = (await sql<{ expiresAt: number }>`${old}`.execute(app.db)).rows[0]?.expiresAt ?? before
    const done = await app.db.deleteFrom(table).where('expiresAt', '<', Math.min(edge, before)).executeTakeFirst()
    removed += Number(done.numDeletedRows)
  }
  return removed
}

/** Tidies once a minute until stopped; a failure is logged and the next round tries again. */
export function startHousekeeping(app: App, everyMs = 60_000): { stop(): Promise<void> } {
  let running: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    running = tidy(app).catch(error => app.log.warn('housekeeping failed', { error }))
  }, everyMs)
  timer.unref()
  return {
    stop: async () => {
      clearInterval(timer)
      await running
    },
  }
}
