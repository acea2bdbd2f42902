import { randomInt, randomUUID } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { queueNotice } from '../notify/notices.ts'
import { Refusal } from '../refusal.ts'
import { mayCreateAppPassword } from '../rules/app-password-rules.ts'
import { reason } from '../rules/verdict.ts'
import { Secret } from '../secret.ts'
import { deleteAppPasswordRow, deleteAppPasswordRows, findAppPassword, insertAppPassword, readAppPasswords, touchAppPassword } from '../store/app-passwords.ts'
import { appendAudit } from '../store/audit.ts'
import { gatherSubject, gatherTenantFacts } from '../store/facts.ts'
import { nameKey, shownName } from '../store/names.ts'
import { findTenant } from '../store/tenants.ts'
import { lockUser } from '../store/user-lock.ts'
import { findUser, findUserByName } from '../store/users.ts'
import { initiatedBy } from './actor.ts'
import type { Actor } from './actor.ts'
import { hashPassword, matchesHash } from './hash-password.ts'
import { failSignIn, readSignInLock } from './sign-in-budget.ts'
import type { SignInPlace } from './sign-in-budget.ts'

/** 16 letters: 75 bits (T-56, sspr §10). */
const length = 16
const letters = 'abcdefghijklmnopqrstuvwxyz'

export interface AppPasswordInfo {
  id: string
  displayName: string
  createdDateTime: number
  lastUsedAt: number | null
}

/** As it is shown, once: four groups of four letters. */
export function showAppPassword(appPassword: Secret): Secret {
  return new Secret(appPassword.reveal().replace(/(.{4})(?=.)/g, '$1 '))
}

export async function listAppPasswords(db: Db, tenantId: string, userId: string): Promise<AppPasswordInfo[]> {
  const rows = await readAppPasswords(db, tenantId, userId)
  return rows.map(({ id, displayName, createdDateTime, lastUsedAt }) => ({ id, displayName, createdDateTime, lastUsedAt }))
}

/** Makes an app password; it is generated, never chosen, and nobody sees it again. Refuses by the rules of sspr §10. */
export async function createAppPassword(
  app: App,
  wish: { tenantId: string; userId: string; displayName: string; actor: Actor; correlationId: string },
): Promise<{ id: string; appPassword: Secret }> {
  const { tenantId, userId, actor, correlationId } = wish
  const displayName = shownName(wish.displayName)
  const appPassword = new Secret(Array.from({ length }, () => letters[randomInt(letters.length)]).join(''))
  const hash = await hashPassword(app, appPassword)
  const id = randomUUID()
  const now = app.now()
  await app.db.transaction().execute(async trx => {
    if (!(await lockUser(trx, tenantId, userId))) throw new Refusal(404, [reason('LK_NOT_FOUND')])
    const tenant = await gatherTenantFacts(trx, tenantId)
    const subject = await gatherSubject(trx, tenant, userId, now)
    const names = (await readAppPasswords(trx, tenantId, userId)).map(one => one.displayName)
    const verdict = mayCreateAppPassword({ tenant, subject: subject! }, names, displayName)
    if (!verdict.allowed) throw new Refusal(422, verdict.reasons, { field: 'displayName' })
    await insertAppPassword(trx, {
      tenantId, id, userId, displayName, displayNameLower: nameKey(displayName), lookupMac: app.keys.mac('appPasswordLookup', lookupText(tenantId, userId, appPassword)),
      hash, createdDateTime: now, lastUsedAt: null,
    })
    await queueNotice(app, trx, { event: 'appPasswordCreated', tenantId, userId, ipAddress: actor.ipAddress, values: { appPasswordName: displayName } })
    await audit(trx, { tenantId, userId, actor, correlationId, at: now, activity: 'Create application password for user', details: [displayName] })
  })
  return { id, appPassword }
}

/** Ends one app password, or all of them when no id is given; returns how many ended. */
export async function deleteAppPassword(
  app: App,
  wish: { tenantId: string; userId: string; id?: string; actor: Actor; correlationId: string },
): Promise<number> {
  const { tenantId, userId, id } = wish
  const at = app.now()
  return app.db.transaction().execute(async trx => {
    if (id === undefined) {
      const count = await endAppPasswords(trx, { ...wish, at })
      return count
    }
    const gone = await deleteAppPasswordRow(trx, tenantId, userId, id)
    if (!gone) throw new Refusal(404, [reason('LK_NOT_FOUND')])
    await audit(trx, { ...wish, at, activity: 'Delete application password for user', details: [gone.displayName] })
    return 1
  })
}

/** Ends every app password of a person, in the transaction of the reset that wants it (LD-09). */
export async function endAppPasswords(trx: Db, wish: { tenantId: string; userId: string; actor: Actor; correlationId: string; at: number }): Promise<number> {
  const names = (await readAppPasswords(trx, wish.tenantId, wish.userId)).map(one => one.displayName)
  const count = await deleteAppPasswordRows(trx, wish.tenantId, wish.userId)
  if (count > 0) await audit(trx, { ...wish, activity: 'Delete application password for user', details: names })
  return count
}

export type AppPasswordVerdict =
  | { outcome: 'right'; userId: string; userPrincipalName: string; id: string }
  | { outcome: 'wrong' }
  | { outcome: 'locked'; until: number }

/**
 * Checks an app password; for /auth/basic and nothing else (T-56). It is found by its keyed hash, so one check costs one hash
 * however many there are (T-73), and the same for names nobody has. Wrong ones spend the account's budget of sign-in (T-88);
 * right ones neither spend nor restore it, or a program asking all day would give a guesser new tries.
 */
export async function verifyAppPassword(
  app: App,
  check: { tenantId: string; typedName: string; appPassword: Secret; place: SignInPlace },
): Promise<AppPasswordVerdict> {
  const { tenantId, typedName, appPassword, place } = check
  const attempt = { tenantId, typedName, place }
  const lock = await readSignInLock(app, attempt)
  if (lock) return { outcome: 'locked', until: lock }
  const user = await findUserByName(app.db, tenantId, typedName)
  const plain = new Secret(appPassword.reveal().replace(/[ -]/g, '').toLowerCase())
  const row = await findAppPassword(app.db, tenantId, user?.id ?? '', app.keys.macs('appPasswordLookup', lookupText(tenantId, user?.id ?? '', plain)))
  if (!row) {
    const failed = await failSignIn(app, attempt, plain)
    if (!failed.served) return { outcome: 'locked', until: failed.until }
  }
  const right = await matchesHash(app, row?.hash ?? null, plain)
  const closed = (await findTenant(app.db, tenantId))?.suspendedAt !== null
  if (!right || !row || !user?.accountEnabled || closed) return { outcome: 'wrong' }
  await touchAppPassword(app.db, tenantId, row.id, app.now())
  return { outcome: 'right', userId: user.id, userPrincipalName: user.userPrincipalName, id: row.id }
}

const lookupText = (tenantId: string, userId: string, appPassword: Secret): string => `${tenantId}\n${userId}\n${appPassword.reveal()}`

async function audit(
  trx: Db,
  entry: { tenantId: string; userId: string; actor: Actor; correlationId: string; at: number; activity: string; details: readonly string[] },
): Promise<void> {
  const { tenantId, userId, actor, correlationId, at, activity, details } = entry
  const user = await findUser(trx, tenantId, userId)
  await appendAudit(trx, {
    tenantId, at, service: 'Core Directory', category: 'UserManagement', activity, result: 'success', correlationId, initiatedBy: initiatedBy(actor),
    targets: [{ type: 'User', id: userId, ...(user ? { displayName: user.displayName } : {}) }],
    additionalDetails: details.map(value => ({ key: 'appPasswordName', value })),
  })
}
