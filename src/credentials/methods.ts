import { randomUUID } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { destinationIndex } from '../notify/destination.ts'
import { queueNotice } from '../notify/notices.ts'
import { Refusal } from '../refusal.ts'
import { isWellFormedAddress, isWellFormedPhone } from '../rules/contact-data.ts'
import { maskEmail, maskPhone } from '../rules/masks.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { maxima } from '../rules/registration.ts'
import { reason } from '../rules/verdict.ts'
import type { Secret } from '../secret.ts'
import { appendAudit } from '../store/audit.ts'
import { inTransaction } from '../store/engine.ts'
import { deleteMethodRow, findMethodRow, insertMethodRow, listMethodRows, methodPlace, setDefaultMethodRow, updateMethodRow } from '../store/methods.ts'
import type { MethodRow } from '../store/methods.ts'
import { lastPasswordEvent } from '../store/password-events.ts'
import { readPolicies } from '../store/policies.ts'
import { addUsageEvent } from '../store/usage-events.ts'
import { lockUser } from '../store/user-lock.ts'
import { initiatedBy, isSelf } from './actor.ts'
import type { Actor } from './actor.ts'
import { isTotpSeed } from './totp.ts'

export type DestinationKind = 'email' | 'mobile' | 'alternateMobile' | 'office'
export type SeedKind = 'microsoftAuthenticator' | 'softwareOath' | 'hardwareOath'
export type MethodOrigin = 'self' | 'administrator' | 'import' | 'sync'

const destinationKinds: readonly string[] = ['email', 'mobile', 'alternateMobile', 'office'] satisfies DestinationKind[]
const isDestination = (kind: string): kind is DestinationKind => destinationKinds.includes(kind)

/** Who does it, in which request: for the audit. */
interface Doing {
  tenantId: string
  userId: string
  actor: Actor
  correlationId: string
  /** Uses up what allowed this: the code of a registration. Throwing undoes everything. */
  alsoInTransaction?: (trx: Db) => Promise<void>
}

export type NewMethod = Doing & {
  kind: DestinationKind | SeedKind
  /** Address, number, or the seed in base 32. */
  value: Secret | string
  displayName?: string | null
  origin: MethodOrigin
  /** A code went there and came back, or the app has shown one (T-13). */
  verified: boolean
  oathStepSeconds?: number
  /** The step of the code that proved a seed: it is used up with it (T-05). */
  lastStep?: number
  isDefault?: boolean
}

/** A registered method with its value, for its owner and those who may manage it. */
export interface OpenMethod extends Omit<MethodRow, 'valueSealed'> {
  /** The address or number; null for seeds, which nobody reads again. */
  value: string | null
}

/** Everything a person has registered, oldest first. */
export async function readMethods(app: App, tenantId: string, userId: string, db: Db = app.db): Promise<OpenMethod[]> {
  const rows = await listMethodRows(db, tenantId, userId)
  return Promise.all(rows.map(row => openMethod(app, db, tenantId, row)))
}

async function openMethod(app: App, db: Db, tenantId: string, { valueSealed, ...row }: MethodRow): Promise<OpenMethod> {
  return { ...row, value: isDestination(row.kind) ? await app.keys.openText(methodPlace(tenantId, row.id), valueSealed, db) : null }
}

/** Registers a method; returns its id. Refuses a malformed value and one more than the largest number. */
export async function addMethod(app: App, method: NewMethod): Promise<string> {
  const { tenantId, userId, kind, origin } = method
  const value = typeof method.value === 'string' ? method.value : method.value.reveal()
  requireForm(kind, value)
  const id = randomUUID()
  const now = app.now()
  await change(app, method, async trx => {
    const others = (await listMethodRows(trx, tenantId, userId)).filter(row => row.kind === kind)
    const most = kind === 'hardwareOath' ? 5 : maxima[kind]
    if (others.length >= most) throw refused(422, 'LK_METHOD_MAX_REACHED', { max: most })
    await insertMethodRow(trx, {
      tenantId, id, userId, kind,
      displayName: method.displayName ?? null,
      valueSealed: await app.keys.sealText(methodPlace(tenantId, id), value, trx),
      valueIndex: isDestination(kind) ? destinationIndex(app, tenantId, value) : null,
      oathStepSeconds: isDestination(kind) ? null : (method.oathStepSeconds ?? 30),
      lastStep: method.lastStep ?? null,
      origin,
      verifiedAt: method.verified ? now : null,
      heldUntil: await holdUntil(trx, method, now),
      isDefault: false,
      createdDateTime: now,
      lastUsedAt: null,
    })
    if (method.isDefault) await setDefaultMethodRow(trx, tenantId, userId, id)
    await noteRegistration(trx, method, kind, now)
    const hint = hintOf(kind, value, method.displayName ?? null)
    await queueNotice(app, trx, { event: 'methodAdded', tenantId, userId, ipAddress: method.actor.ipAddress, values: { method: kind, hint } })
    await auditMethod(trx, method, 'registered', kind, hint, now)
  })
  return id
}

/** Replaces the number or address of a method; the former one hears of it too (T-18). */
export async function changeMethod(app: App, method: Doing & { id: string; value: string; verified: boolean; origin?: MethodOrigin }): Promise<void> {
  const { tenantId, userId, id, value } = method
  const now = app.now()
  await change(app, method, async trx => {
    const row = await findMethodRow(trx, tenantId, userId, id)
    if (!row) throw refused(404, 'LK_NOT_FOUND')
    if (!isDestination(row.kind)) throw refused(422, 'LK_METHOD_NOT_CHANGEABLE')
    requireForm(row.kind, value)
    const former = await app.keys.openText(methodPlace(tenantId, id), row.valueSealed, trx)
    const origin = method.origin ?? (isSelf(method.actor, userId) ? 'self' : 'administrator')
    await updateMethodRow(trx, tenantId, userId, id, {
      valueSealed: await app.keys.sealText(methodPlace(tenantId, id), value, trx),
      valueIndex: destinationIndex(app, tenantId, value),
      origin,
      verifiedAt: method.verified ? now : null,
      heldUntil: await holdUntil(trx, { tenantId, userId, origin }, now),
      lastUsedAt: null,
    })
    await noteRegistration(trx, method, row.kind, now)
    const hint = hintOf(row.kind, value, null)
    const previous = row.kind === 'email' && row.verifiedAt !== null ? [former] : []
    await queueNotice(app, trx, { event: 'methodChanged', tenantId, userId, ipAddress: method.actor.ipAddress, values: { method: row.kind, hint }, previous })
    await auditMethod(trx, method, 'updated', row.kind, hint, now)
  })
}

/** Notes that a code came back from a destination that was registered without one. */
export async function verifyMethod(app: App, method: Doing & { id: string }): Promise<void> {
  const { tenantId, userId, id } = method
  const now = app.now()
  await change(app, method, async trx => {
    const row = await findMethodRow(trx, tenantId, userId, id)
    if (!row) throw refused(404, 'LK_NOT_FOUND')
    await updateMethodRow(trx, tenantId, userId, id, { verifiedAt: now })
    await auditMethod(trx, method, 'updated', row.kind, 'verified', now)
  })
}

export async function removeMethod(app: App, method: Doing & { id: string }): Promise<void> {
  const { tenantId, userId, id } = method
  const now = app.now()
  await change(app, method, async trx => {
    const row = await findMethodRow(trx, tenantId, userId, id)
    if (!row) throw refused(404, 'LK_NOT_FOUND')
    if (row.kind === 'mobile' && (await listMethodRows(trx, tenantId, userId)).some(one => one.kind === 'alternateMobile')) {
      throw refused(422, 'LK_METHOD_NEEDS_MOBILE')
    }
    const value = isDestination(row.kind) ? await app.keys.openText(methodPlace(tenantId, id), row.valueSealed, trx) : ''
    await deleteMethodRow(trx, tenantId, userId, id)
    const hint = hintOf(row.kind, value, row.displayName)
    const previous = row.kind === 'email' && row.verifiedAt !== null ? [value] : []
    await queueNotice(app, trx, { event: 'methodRemoved', tenantId, userId, ipAddress: method.actor.ipAddress, values: { method: row.kind, hint }, previous })
    await auditMethod(trx, method, 'deleted', row.kind, hint, now)
  })
}

export async function setDefaultMethod(app: App, method: Doing & { id: string }): Promise<void> {
  const { tenantId, userId, id } = method
  const now = app.now()
  await change(app, method, async trx => {
    const row = await findMethodRow(trx, tenantId, userId, id)
    if (!row) throw refused(404, 'LK_NOT_FOUND')
    await setDefaultMethodRow(trx, tenantId, userId, id)
    await appendAudit(trx, { ...auditCommon(method, now), service: 'Authentication Methods', activity: 'User changed default security info', additionalDetails: [{ key: 'method', value: row.kind }] })
  })
}

/**
 * One person's methods change one after another, with what allows the change in the same transaction: the caller's, where `app.db`
 * is one already (a code that is used up by what it opens).
 */
async function change(app: App, doing: Doing, work: (trx: Db) => Promise<void>): Promise<void> {
  await inTransaction(app.db, async trx => {
    if (!(await lockUser(trx, doing.tenantId, doing.userId))) throw refused(404, 'LK_NOT_FOUND')
    await doing.alsoInTransaction?.(trx)
    await work(trx)
  })
}

function requireForm(kind: string, value: string): void {
  const good = kind === 'email' ? isWellFormedAddress(value) : isDestination(kind) ? isWellFormedPhone(value) : isTotpSeed(value)
  if (!good) throw refused(422, 'LK_METHOD_MALFORMED')
}

/**
 * What people add about themselves soon after a reset waits before it counts for the next one: whoever got in by a reset could
 * otherwise make the account theirs for good (T-13).
 */
async function holdUntil(trx: Db, method: { tenantId: string; userId: string; origin: MethodOrigin }, now: number): Promise<number | null> {
  if (method.origin !== 'self') return null
  const { tenantSettings } = await readPolicies(trx, method.tenantId)
  const wait = tenantSettings.registrationCoolDownInHours * 3_600_000
  const last = wait > 0 ? await lastPasswordEvent(trx, method.tenantId, method.userId) : null
  return last && last.channel === 'sspr-portal' && last.at > now - wait ? now + wait : null
}

/** For notices and the audit: enough to recognise, too little to use (sspr §11.3: phones masked). */
function hintOf(kind: string, value: string, displayName: string | null): string {
  if (kind === 'email') return maskEmail(value)
  if (isDestination(kind)) return maskPhone(value)
  return displayName || 'none'
}

const usageMethod: Record<string, string> = {
  email: 'email', mobile: 'mobileSMS', alternateMobile: 'alternateMobileCall', office: 'officePhone', microsoftAuthenticator: 'appCode', softwareOath: 'appCode',
  securityQuestions: 'securityQuestion',
}

/** The reports' own name for a kind (sspr §11.5). */
export const reportedKind = (kind: string): string => usageMethod[kind] ?? kind

async function noteRegistration(trx: Db, { tenantId, userId, actor }: Doing, kind: string, at: number): Promise<void> {
  if (!isSelf(actor, userId)) return
  await addUsageEvent(trx, { tenantId, at, userId, feature: 'registration', method: reportedKind(kind), status: 'success', failureReason: null })
}

function auditCommon({ tenantId, userId, actor, correlationId }: Doing, at: number) {
  return {
    tenantId, at, category: 'UserManagement', result: 'success' as const, correlationId, initiatedBy: initiatedBy(actor),
    targets: [{ type: 'User', id: userId }],
  }
}

async function auditMethod(trx: Db, doing: Doing, what: 'registered' | 'updated' | 'deleted', kind: string, hint: string, at: number): Promise<void> {
  const self = isSelf(doing.actor, doing.userId)
  const additionalDetails = [{ key: 'method', value: kind }, ...(hint === 'none' ? [] : [{ key: 'value', value: hint }])]
  const common = { ...auditCommon(doing, at), additionalDetails }
  await appendAudit(trx, { ...common, service: 'Authentication Methods', activity: `${self ? 'User' : 'Admin'} ${what} security info` })
  if (!self || what === 'deleted') return
  await appendAudit(trx, { ...common, service: 'Self-service Password Management', activity: 'Security info saved for self-service password reset' })
}

const refused = (status: number, code: ReasonCode, values?: Record<string, string | number>) => new Refusal(status, [reason(code, values)])
