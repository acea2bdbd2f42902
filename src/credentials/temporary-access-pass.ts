import { randomInt, randomUUID } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { Refusal } from '../refusal.ts'
import type { ReasonCode } from '../rules/reason.ts'
import type { MethodConfiguration } from '../rules/tenant-settings.ts'
import { reason } from '../rules/verdict.ts'
import { Secret } from '../secret.ts'
import { appendAudit } from '../store/audit.ts'
import { reserve } from '../store/limits.ts'
import { deletePasses, findPass, insertPass, reservePassTry, usePass } from '../store/passes.ts'
import type { PassRow } from '../store/passes.ts'
import { readPolicies } from '../store/policies.ts'
import { lockUser } from '../store/user-lock.ts'
import { findUser, findUserByName } from '../store/users.ts'
import { accountKeyOf } from './account-key.ts'
import { initiatedBy, isSelf } from './actor.ts'
import type { Actor } from './actor.ts'
import { hashPassword, matchesHash } from './hash-password.ts'

/** 64 symbols, so 8 of them make 48 bits (LD-27). */
const symbols = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+*'
/** Wrong tries that end a pass (LD-27). */
const tries = 5
const minute = 60_000

/** What may be known of a pass after it was shown: everything but the pass. */
export interface PassInfo {
  id: string
  startDateTime: number
  lifetimeInMinutes: number
  isUsableOnce: boolean
  createdDateTime: number
  isUsable: boolean
}

/** A pass made today for years ahead would be a door that everybody has forgotten. */
const furthestStart = 30 * 86_400_000

/**
 * Makes a pass in place of any the person has; it is shown once (sspr §4.7). Refuses when the method is off, the lifetime is
 * outside the policy's, or someone makes one for themselves.
 */
export async function createTemporaryAccessPass(
  app: App,
  wish: {
    tenantId: string
    userId: string
    actor: Actor
    correlationId: string
    lifetimeInMinutes?: number
    isUsableOnce?: boolean
    startDateTime?: number
    /** Uses up what allowed this, or refuses. */
    alsoInTransaction?: (trx: Db) => Promise<void>
  },
): Promise<{ pass: Secret; info: PassInfo }> {
  const { tenantId, userId, actor, correlationId } = wish
  if (isSelf(actor, userId)) throw refused('SELF')
  const policy = await passPolicy(app.db, tenantId)
  const lifetimeInMinutes = wish.lifetimeInMinutes ?? policy.defaultLifetimeInMinutes
  const [min, max] = [policy.minimumLifetimeInMinutes, policy.maximumLifetimeInMinutes]
  if (!Number.isInteger(lifetimeInMinutes) || lifetimeInMinutes < min || lifetimeInMinutes > max) throw refused('LK_TAP_LIFETIME', { min, max })
  const pass = new Secret(Array.from({ length: policy.defaultLength }, () => symbols[randomInt(symbols.length)]).join(''))
  const hash = await hashPassword(app, pass)
  const now = app.now()
  if ((wish.startDateTime ?? now) > now + furthestStart) throw refused('LK_FIELD_INVALID', { field: 'startDateTime' })
  const row = {
    id: randomUUID(), userId, hash, startDateTime: wish.startDateTime ?? now, lifetimeInMinutes, isUsableOnce: policy.isUsableOnce || (wish.isUsableOnce ?? false),
    triesLeft: tries, usedAt: null, createdDateTime: now, createdBy: actor.userId ?? null,
  }
  await app.db.transaction().execute(async trx => {
    if (!(await lockUser(trx, tenantId, userId))) throw refused('LK_NOT_FOUND')
    await wish.alsoInTransaction?.(trx)
    await deletePasses(trx, tenantId, userId)
    await insertPass(trx, { tenantId, ...row })
    await audit(trx, { tenantId, userId, actor, correlationId, at: now, activity: 'Admin registered security info' })
  })
  return { pass, info: infoOf(row, now) }
}

/** The pass of a person, without the pass. */
export async function readTemporaryAccessPass(app: App, tenantId: string, userId: string): Promise<PassInfo | undefined> {
  const row = await findPass(app.db, tenantId, userId)
  return row && infoOf(row, app.now())
}

export async function deleteTemporaryAccessPass(
  app: App,
  wish: { tenantId: string; userId: string; actor: Actor; correlationId: string; alsoInTransaction?: (trx: Db) => Promise<void> },
): Promise<void> {
  const at = app.now()
  await app.db.transaction().execute(async trx => {
    await wish.alsoInTransaction?.(trx)
    if ((await deletePasses(trx, wish.tenantId, wish.userId)) === 0) throw refused('LK_NOT_FOUND')
    await audit(trx, { tenantId: wish.tenantId, userId: wish.userId, actor: wish.actor, correlationId: wish.correlationId, at, activity: isSelf(wish.actor, wish.userId) ? 'User deleted security info' : 'Admin deleted security info' })
  })
}

export type PassVerdict =
  | { outcome: 'right'; userId: string; expiresAt: number; isUsableOnce: boolean }
  | { outcome: 'wrong' }
  /** The pass itself was right, so its owner may know why it opens nothing. */
  | { outcome: 'refused'; code: 'LK_TAP_EXPIRED' | 'LK_TAP_NOT_YET' | 'LK_TAP_USED' | 'LK_SIGNIN_DISABLED' }
  | { outcome: 'locked'; until: number }

/** Tries for one name, whether anybody has it: besides the five of the pass itself. */
const perAccount = { limit: 10, windowMs: 3_600_000 }

/**
 * Checks a pass at sign-in: a try of the account and one of the pass are taken before anything is compared (T-04), always one
 * hash (T-02). A pass that may be used once is used up by the first right check; `alsoInTransaction` gains by it.
 */
export async function verifyTemporaryAccessPass(
  app: App,
  check: { tenantId: string; typedName: string; pass: Secret; alsoInTransaction?: (trx: Db, userId: string) => Promise<void> },
): Promise<PassVerdict> {
  const { tenantId, typedName } = check
  const counted = await reserve(app.db, { tenantId, key: `pass:${accountKeyOf(app, tenantId, typedName)}`, kind: perAccount, now: app.now() })
  if (!counted.served) return { outcome: 'locked', until: counted.until }
  const user = await findUserByName(app.db, tenantId, typedName)
  const found = await findPass(app.db, tenantId, user?.id ?? '')
  const row = await reservePassTry(app.db, tenantId, found?.id ?? '')
  const right = await matchesHash(app, row?.hash ?? null, check.pass)
  if (!right || !row || !user) return { outcome: 'wrong' }
  const now = app.now()
  const expiresAt = row.startDateTime + row.lifetimeInMinutes * minute
  if (!user.accountEnabled) return { outcome: 'refused', code: 'LK_SIGNIN_DISABLED' }
  if (now < row.startDateTime) return { outcome: 'refused', code: 'LK_TAP_NOT_YET' }
  if (now >= expiresAt) return { outcome: 'refused', code: 'LK_TAP_EXPIRED' }
  const used = await app.db.transaction().execute(async trx => {
    if (!(await usePass(trx, tenantId, row.id, row.isUsableOnce, tries, now))) return false
    await check.alsoInTransaction?.(trx, user.id)
    return true
  })
  return used ? { outcome: 'right', userId: user.id, expiresAt, isUsableOnce: row.isUsableOnce } : { outcome: 'refused', code: 'LK_TAP_USED' }
}

type PassPolicy = Required<Pick<MethodConfiguration, 'minimumLifetimeInMinutes' | 'maximumLifetimeInMinutes' | 'defaultLifetimeInMinutes' | 'defaultLength' | 'isUsableOnce'>>

async function passPolicy(db: Db, tenantId: string): Promise<PassPolicy> {
  const { authenticationMethodsPolicy } = await readPolicies(db, tenantId)
  const configuration = authenticationMethodsPolicy.authenticationMethodConfigurations.find(one => one.id === 'TemporaryAccessPass')
  if (configuration?.state !== 'enabled') throw refused('LK_TAP_DISABLED')
  return {
    minimumLifetimeInMinutes: configuration.minimumLifetimeInMinutes ?? 60,
    maximumLifetimeInMinutes: configuration.maximumLifetimeInMinutes ?? 480,
    defaultLifetimeInMinutes: configuration.defaultLifetimeInMinutes ?? 60,
    defaultLength: Math.min(Math.max(configuration.defaultLength ?? 8, 8), 48),
    isUsableOnce: configuration.isUsableOnce ?? false,
  }
}

function infoOf(row: Omit<PassRow, 'hash'>, now: number): PassInfo {
  const { id, startDateTime, lifetimeInMinutes, isUsableOnce, createdDateTime, usedAt, triesLeft } = row
  const over = startDateTime + lifetimeInMinutes * minute
  return { id, startDateTime, lifetimeInMinutes, isUsableOnce, createdDateTime, isUsable: now >= startDateTime && now < over && triesLeft > 0 && !(isUsableOnce && usedAt !== null) }
}

async function audit(trx: Db, entry: { tenantId: string; userId: string; actor: Actor; correlationId: string; at: number; activity: string }): Promise<void> {
  const { tenantId, userId, actor, correlationId, at, activity } = entry
  const user = await findUser(trx, tenantId, userId)
  await appendAudit(trx, {
    tenantId, at, service: 'Authentication Methods', category: 'UserManagement', activity, result: 'success', correlationId, initiatedBy: initiatedBy(actor),
    targets: [{ type: 'User', id: userId, ...(user ? { displayName: user.displayName } : {}) }],
    additionalDetails: [{ key: 'method', value: 'temporaryAccessPass' }],
  })
}

const statuses: Partial<Record<ReasonCode, number>> = { LK_NOT_FOUND: 404, SELF: 403 }
const refused = (code: ReasonCode, values?: Record<string, string | number>) => new Refusal(statuses[code] ?? 422, [reason(code, values)])
