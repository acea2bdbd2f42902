/**
 * What strangers leave with us is bounded while they leave it, too (T-29): each start makes a row, a job and records of the audit,
 * which is never thinned. Where a tenant has more of them than it can work off, strangers wait, and a browser in which somebody
 * has signed in here before goes on, a few times. Nothing here looks at the name that was typed (T-02).
 */
import type { App } from '../app.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import { reserve } from '../store/limits.ts'
import { areJobsOverrun, areStartsOverrun, overrun } from '../store/row-caps.ts'
import type { Overrun } from '../store/row-caps.ts'

/** Starts of one known browser while there is no room for others. */
const perBrowser = { limit: 5, windowMs: 15 * 60_000 }
/** How long a look counts, in each process. Milliseconds. */
const looks = { jobs: { every: 2_000, look: areJobsOverrun }, starts: { every: 30_000, look: areStartsOverrun } } as const

/**
 * @param device the id of the browser's device cookie, if it has one of ours
 * @throws Refusal 503 LK_BUSY when there is no room
 */
export async function requireRoom(app: App, tenantId: string, device: string | undefined, caps: Overrun = overrun): Promise<void> {
  if (!(await isFull(app, tenantId, caps))) return
  const key = `start-known:${app.keys.mac('limit', device ?? '')}`
  if (device !== undefined && (await reserve(app.db, { tenantId, key, kind: perBrowser, now: app.now() })).served) return
  throw new Refusal(503, [reason('LK_BUSY')], { retryAfter: 30 })
}

interface Look {
  at: number
  full: Promise<boolean>
}

const looked = new WeakMap<App, Map<string, Look>>()

async function isFull(app: App, tenantId: string, caps: Overrun): Promise<boolean> {
  for (const name of ['jobs', 'starts'] as const) if (await lastLook(app, tenantId, name, caps)) return true
  return false
}

function lastLook(app: App, tenantId: string, name: keyof typeof looks, caps: Overrun): Promise<boolean> {
  const now = app.now()
  const key = `${name} ${tenantId}`
  const known = looked.get(app) ?? new Map<string, Look>()
  looked.set(app, known)
  const last = known.get(key)
  if (last && now - last.at < looks[name].every) return last.full
  const full = looks[name].look(app.db, tenantId, now, caps)
  known.set(key, { at: now, full })
  full.then(
    so => so && app.log.warn('more resets are begun than can be worked off: strangers wait', { tenantId, kind: name }),
    () => known.delete(key), // asked anew by the next
  )
  return full
}
