/**
 * What strangers leave with us is bounded while they leave it, too (T-29): each start makes a row, a job and records of the audit,
 * which is never thinned. Where a tenant has more of them than it can work off, strangers wait, and a browser in which somebody
 * has signed in here before goes on, a few times. Nothing here looks at the name that was typed (T-02).
 */
import type { App } from '../app.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import { reserve } from '../store/limits.ts'
import { isOverrun, overrun } from '../store/row-caps.ts'
import type { Overrun } from '../store/row-caps.ts'

/** Starts of one known browser while there is no room for others. */
const perBrowser = { limit: 5, windowMs: 15 * 60_000 }
/** A flood is noticed within this long, and costs two short statements each time. Milliseconds. */
const lookEvery = 2_000

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

const looks = new WeakMap<App, Map<string, { at: number; full: Promise<boolean> }>>()

function isFull(app: App, tenantId: string, caps: Overrun): Promise<boolean> {
  const now = app.now()
  const tenants = looks.get(app) ?? new Map<string, { at: number; full: Promise<boolean> }>()
  looks.set(app, tenants)
  const last = tenants.get(tenantId)
  if (last && now - last.at < lookEvery) return last.full
  const full = look(app, tenantId, caps, now)
  tenants.set(tenantId, { at: now, full })
  return full
}

async function look(app: App, tenantId: string, caps: Overrun, now: number): Promise<boolean> {
  const full = await isOverrun(app.db, tenantId, now, caps)
  if (full) app.log.warn('more resets are begun than can be worked off: strangers wait', { tenantId })
  return full
}
