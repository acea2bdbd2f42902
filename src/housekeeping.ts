/**
 * Rows that have had their time are removed, so that what strangers can create stays bounded (T-29): every minute what ended by
 * itself and what is beyond the caps, every hour the records nobody will ask for any more. By the hour, too, people hear that their
 * password, or a credential of a program they own, expires soon. Every process does it; twice is no harm.
 */
import type { App } from './app.ts'
import { tidySigningKeys } from './oauth/signing-keys.ts'
import { queueCredentialNotices } from './credentials/credential-notices.ts'
import { queueExpiryNotices } from './notify/expiry-notices.ts'
import { noteClientChange } from './store/applications.ts'
import { changesKeptFor, forgetOldChanges } from './store/changes.ts'
import { deletedKeptFor, purgeDeletedBefore } from './store/deleted-applications.ts'
import { purgePeopleAndGroups } from './store/deleted-objects.ts'
import { isUniqueViolation } from './store/errors.ts'
import { missingFirstParties, seedFirstParty } from './store/first-party.ts'
import { dropExpiredRows, dropOldPlaces, dropOldRecords } from './store/old-rows.ts'
import { dropBeyondCaps, rowCaps } from './store/row-caps.ts'
import { listTenants } from './store/tenants.ts'

const minute = 60_000
/** Rounds, from the first on, between what is done by the hour. */
const hourly = 60

/** What ended by itself, and what is beyond the caps. @returns how many rows went */
export async function tidy(app: App, caps = rowCaps): Promise<number> {
  let removed = await dropExpiredRows(app.db, app.now())
  for (const { id: tenantId } of await listTenants(app.db)) {
    for (const [table, count] of Object.entries(await dropBeyondCaps(app.db, tenantId, caps))) {
      app.log.warn('more rows than a tenant may have', { tenantId, kind: table, count })
      removed += count
    }
  }
  return removed
}

/** Records past their retention, and keys past their time, of every tenant. @returns how many records went */
export async function tidyRecords(app: App): Promise<number> {
  let removed = await dropOldPlaces(app.db, app.now())
  for (const { id } of await listTenants(app.db)) {
    removed += await dropOldRecords(app.db, id, app.now())
    await tidySigningKeys(app, id)
  }
  return removed
}

/** The deleted items after thirty days, and the memory of changes that no delta query may ask for any more. @returns how many went */
export async function tidyDirectory(app: App): Promise<number> {
  let removed = 0
  for (const { id } of await listTenants(app.db)) {
    removed += await purgePeopleAndGroups(app.db, id, app.now() - deletedKeptFor)
    for (let some = portion; some === portion; removed += some) {
      const appIds = await app.db.transaction().execute(trx => purgeDeletedBefore(trx, id, app.now() - deletedKeptFor, portion))
      for (const appId of appIds) await noteClientChange(app, app.db, id, appId)
      some = appIds.length
    }
  }
  for (let some = 1; some > 0; removed += some) some = await forgetOldChanges(app.db, app.now() - changesKeptFor)
  return removed
}

/** Programs that one transaction removes. */
const portion = 50

/** Gives tenants of an older version what this one has built in. @returns how many programs were added */
export async function addBuiltIn(app: App): Promise<number> {
  let added = 0
  for (const { id } of await listTenants(app.db)) {
    if ((await missingFirstParties(app.db, id)).length === 0) continue
    try {
      added += (await app.db.transaction().execute(trx => seedFirstParty(trx, id, app.now()))).length
    } catch (error) {
      // Another process was quicker.
      if (!isUniqueViolation(error)) throw error
    }
  }
  return added
}

/** Tells people of every tenant whose password expires soon, where the tenant wants that, and owners of programs whose credentials do. @returns how many hear of it now */
export async function tellOfExpiry(app: App): Promise<number> {
  let queued = 0
  for (const { id } of await listTenants(app.db)) queued += (await queueExpiryNotices(app, id)) + (await queueCredentialNotices(app, id))
  return queued
}

/** Tidies until stopped; a failure is logged and the next round tries again. */
export function startHousekeeping(app: App, everyMs = minute): { stop(): Promise<void> } {
  let running: Promise<unknown> = Promise.resolve()
  let rounds = 0
  let busy = false
  const round = async () => {
    busy = true
    try {
      await tidy(app)
      if (rounds++ % hourly === 0) {
        await tidyRecords(app)
        await tidyDirectory(app)
        await addBuiltIn(app)
        await tellOfExpiry(app)
      }
    } catch (error) {
      app.log.warn('housekeeping failed', { error })
    } finally {
      busy = false
    }
  }
  const timer = setInterval(() => {
    if (!busy) running = round()
  }, everyMs)
  timer.unref()
  return {
    stop: async () => {
      clearInterval(timer)
      await running
    },
  }
}
