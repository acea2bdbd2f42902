import { randomUUID } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { networkOf } from '../client-address.ts'
import { roles } from '../rules/roles.ts'
import type { TenantPolicies } from '../rules/tenant-settings.ts'
import { contactPlace, listContactRows } from '../store/contacts.ts'
import { listMethodRows, methodPlace } from '../store/methods.ts'
import { reserve } from '../store/limits.ts'
import { claimOnce } from '../store/once-only.ts'
import { readPolicies } from '../store/policies.ts'
import { listRoleHolders } from '../store/role-holders.ts'
import type { RoleHolder } from '../store/role-holders.ts'
import { findTenant } from '../store/tenants.ts'
import { findUser } from '../store/users.ts'
import { matchLocale } from '../text.ts'
import type { Locale } from '../text.ts'
import { canonicalDestination } from './destination.ts'
import type { MessageValues } from './message.ts'
import { queueMessage } from './queue-message.ts'

/** What people are told about their own account (T-18). */
export type NoticeEvent =
  | 'passwordReset'
  | 'passwordChanged'
  | 'passwordResetByAdministrator'
  | 'accountUnlocked'
  | 'methodAdded'
  | 'methodChanged'
  | 'methodRemoved'
  | 'appPasswordCreated'
  | 'sessionsRevoked'
  | 'lockedByGuessing'
  | 'recoveryPaused'

/** LD-47: resets have their own switch of the original; everything else hangs on `securityNotices`. */
function isWanted(event: NoticeEvent, { tenantSettings, passwordResetPolicy }: TenantPolicies): boolean {
  switch (event) {
    case 'passwordReset':
      return passwordResetPolicy.notifyUsersOnPasswordReset
    case 'passwordResetByAdministrator':
      return tenantSettings.securityNotices && tenantSettings.notifyUserOnAdminReset
    case 'methodAdded':
    case 'methodChanged':
    case 'methodRemoved':
      return tenantSettings.securityNotices && tenantSettings.notifyUserOnMethodChange
    default:
      return tenantSettings.securityNotices
  }
}

/**
 * The addresses that hear about a person's account (sspr §9.1 N-1): the primary address, the verified private ones and the
 * alternate ones; the user principal name when there is none of these. Each once, byte as stored.
 */
export async function recipientsOf(app: App, db: Db, { tenantId, userId }: { tenantId: string; userId: string }): Promise<string[]> {
  const user = await findUser(db, tenantId, userId)
  if (!user) return []
  const addresses: string[] = user.mail === null ? [] : [user.mail]
  for (const row of await listMethodRows(db, tenantId, userId)) {
    if (row.kind !== 'email' || row.verifiedAt === null) continue
    addresses.push(await app.keys.openText(methodPlace(tenantId, row.id), row.valueSealed, db))
  }
  for (const row of await listContactRows(db, tenantId, userId)) {
    if (row.kind !== 'otherMail' || !row.wellFormed) continue
    addresses.push(await app.keys.openText(contactPlace(tenantId, row.id), row.valueSealed, db))
  }
  return addresses.length > 0 ? distinct(addresses) : [user.userPrincipalName]
}

/** Whoever reads: their own language, the tenant's, English (sspr §13.3). */
export async function localeOfUser(db: Db, tenantId: string, preferredLanguage: string | null): Promise<Locale> {
  return matchLocale(preferredLanguage) ?? matchLocale((await findTenant(db, tenantId))?.defaultLocale) ?? 'en'
}

/**
 * Tells a person what happened to their account, in the transaction in which it happens; returns how many messages that makes.
 * `at` is the moment, `place` the network it came from; `previous` are former addresses that hear of it too (T-18). A message
 * that cannot be sent never undoes anything.
 */
export async function queueNotice(
  app: App,
  trx: Db,
  notice: {
    event: NoticeEvent
    tenantId: string
    userId: string
    at?: number
    ipAddress?: string | undefined
    values?: MessageValues
    previous?: readonly string[]
    supportCode?: string
  },
): Promise<number> {
  const { event, tenantId, userId } = notice
  if (!isWanted(event, await readPolicies(trx, tenantId))) return 0
  const user = await findUser(trx, tenantId, userId)
  if (!user) return 0
  // What a stranger can cause is told once a day (T-18, T-21).
  const now = app.now()
  const once = event === 'lockedByGuessing' || event === 'recoveryPaused'
  if (once && !(await claimOnce(trx, { tenantId, key: `notice:${event}:${userId}`, expiresAt: now + 86_400_000, now }))) return 0
  const values: MessageValues = {
    name: user.displayName,
    account: user.userPrincipalName,
    time: notice.at ?? now,
    ...placeOf(notice.ipAddress),
    ...notice.values,
  }
  const locale = await localeOfUser(trx, tenantId, user.preferredLanguage)
  const addresses = distinct([...(await recipientsOf(app, trx, { tenantId, userId })), ...(notice.previous ?? [])])
  const cause = randomUUID()
  for (const [index, address] of addresses.entries()) {
    await queueMessage(app, trx, {
      tenantId, name: event, to: { kind: 'mail', address }, locale, values, dedupeId: `${event}:${cause}:${index}`,
      ...(notice.supportCode === undefined ? {} : { supportCode: notice.supportCode }),
    })
  }
  return addresses.length
}

/** N-2: an administrator reset their own password; every Global Administrator but the actor hears of it, at the primary address. */
export async function queueAdministratorReset(
  app: App,
  trx: Db,
  { tenantId, userId, at, ipAddress }: { tenantId: string; userId: string; at?: number; ipAddress?: string | undefined },
): Promise<number> {
  const { passwordResetPolicy } = await readPolicies(trx, tenantId)
  if (!passwordResetPolicy.notifyOnAdminPasswordReset) return 0
  const user = await findUser(trx, tenantId, userId)
  if (!user) return 0
  const values = { actorName: user.displayName, actorAccount: user.userPrincipalName, time: at ?? app.now(), ...placeOf(ipAddress) }
  const holders = await listRoleHolders(trx, tenantId, [roles.globalAdministrator], mostAdministrators)
  return tellAdministrators(app, trx, tenantId, holders.filter(one => one.id !== userId), 'administratorReset', values)
}

/** As many alerts of resets a day as people still read; the audit log has every one. */
const mostResetAlerts = { limit: 20, windowMs: 86_400_000 }

/**
 * T-84: security info was changed and the password reset soon after, which is how an account is taken over. Every Global
 * Administrator hears of it, of one person once a day.
 */
export async function queueResetAlert(
  app: App,
  trx: Db,
  alert: { tenantId: string; userId: string; changedAt: number; at: number; ipAddress?: string | undefined; supportCode: string },
): Promise<number> {
  const { tenantId, userId, at, supportCode } = alert
  const user = await findUser(trx, tenantId, userId)
  if (!user) return 0
  if (!(await claimOnce(trx, { tenantId, key: `reset-alert:${userId}`, expiresAt: at + 86_400_000, now: at }))) return 0
  if (!(await reserve(trx, { tenantId, key: 'reset-alerts:all', kind: mostResetAlerts, now: at })).served) return 0
  const values = { userName: user.displayName, userAccount: user.userPrincipalName, changed: alert.changedAt, supportCode, time: at, ...placeOf(alert.ipAddress) }
  return tellGlobalAdministrators(app, trx, tenantId, 'resetAfterChange', values)
}

/** To every Global Administrator: budgets, policies and resets that need their eye. */
export async function tellGlobalAdministrators(
  app: App,
  trx: Db,
  tenantId: string,
  name: 'spendAlarm' | 'prefixPaused' | 'policyWeakened' | 'resetAfterChange',
  values: MessageValues,
): Promise<number> {
  return tellAdministrators(app, trx, tenantId, await listRoleHolders(trx, tenantId, [roles.globalAdministrator], mostAdministrators), name, values)
}

const mostAdministrators = 100

/** Each at the primary address, in their own language. */
export async function tellAdministrators(
  app: App,
  trx: Db,
  tenantId: string,
  holders: readonly RoleHolder[],
  name: 'administratorReset' | 'contactAdministrator' | 'contactDigest' | 'spendAlarm' | 'prefixPaused' | 'policyWeakened' | 'resetAfterChange',
  values: MessageValues,
  supportCode?: string,
): Promise<number> {
  const tenantLocale = await localeOfUser(trx, tenantId, null)
  for (const holder of holders) {
    await queueMessage(app, trx, {
      tenantId, name, to: { kind: 'mail', address: holder.mail ?? holder.userPrincipalName },
      locale: matchLocale(holder.preferredLanguage) ?? tenantLocale, values, ...(supportCode === undefined ? {} : { supportCode }),
    })
  }
  return holders.length
}

function distinct(addresses: readonly string[]): string[] {
  const seen = new Set<string>()
  return addresses.filter(address => {
    const key = canonicalDestination(address)
    return seen.has(key) ? false : seen.add(key)
  })
}

/** The network, which is as much of a place as we know (LD-47). */
const placeOf = (ipAddress: string | undefined): MessageValues => (ipAddress ? { place: networkOf(ipAddress) } : {})
