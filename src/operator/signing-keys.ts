/**
 * `latchkey keys rotate|drop signing`: the keys that sign tokens. The server changes them by itself every three months; this is
 * for whoever must have another one sooner. Every running process goes along without being told.
 */
import type { App } from '../app.ts'
import { rotateSigningKeys } from '../oauth/signing-keys.ts'
import { listTenants } from '../store/tenants.ts'
import type { Say } from './open-app.ts'

/** Publishes the next keys; with `now` they sign at once, which clients that keep the key set for a day may not know yet. */
export async function rotateSigning(app: App, now: boolean, say: Say): Promise<number> {
  for (const { id, displayName } of await listTenants(app.db)) {
    const added = await rotateSigningKeys(app, id, 'add')
    if (!now) say('operator.keys.signingAdded', { tenant: displayName, count: added })
    else say('operator.keys.signingUsed', { tenant: displayName, count: await rotateSigningKeys(app, id, 'use') })
  }
  return 0
}

/** Removes keys whose last token has ended; the others stay published. */
export async function dropSigning(app: App, say: Say): Promise<number> {
  await rotateSigningKeys(app, '', 'drop')
  say('operator.keys.dropped', { root: 'signing' })
  return 0
}
