/**
 * The first step: somebody says who they are. Under `private` the request writes one row and one job of fixed shape and knows no
 * more of the account than the letters typed (T-02); under `standard` the checks answer at once (LD-01, LD-63).
 */
import { randomUUID } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { networkOf } from '../client-address.ts'
import { accountKeyOf } from '../credentials/account-key.ts'
import { queueForBatch } from '../notify/jobs.ts'
import { Refusal } from '../refusal.ts'
import { transition } from '../rules/reset-machine.ts'
import type { ResetMachineFacts } from '../rules/reset-machine.ts'
import { isBlocked, otherLimits } from '../rules/throttle.ts'
import { reason } from '../rules/verdict.ts'
import { inTransaction } from '../store/engine.ts'
import { readThrottle, reserve, reserveAll } from '../store/limits.ts'
import { readPolicies } from '../store/policies.ts'
import { insertReset, typedNamePlace } from '../store/resets.ts'
import type { ResetRow } from '../store/resets.ts'
import { defaultTenant, findTenantByDomain } from '../store/tenants.ts'
import type { TenantRow } from '../store/tenants.ts'
import type { Locale } from '../text.ts'
import { identifiedStep, identify, identifyJob, identityColumns, throttleKeyOf } from './identify.ts'
import { inRecoveryLane } from './lane.ts'
import { issueWait, issueWork, judgeWork, spendWork } from './proof-of-work.ts'
import type { WorkTicket } from './proof-of-work.ts'
import { recordStep } from './record.ts'
import { requireRoom } from './room.ts'
import { mayOnlyUnlock, newHandle, recoveryLifetime } from './transaction.ts'

export const startRoute = '/reset'

export interface StartRequest {
  username: string
  /** A domain, from an address such as /sspr?whr=contoso.example. */
  whr?: string | undefined
  locale: Locale
  clientAddress: string
  /** 'browser', 'api', 'device': kept with the transaction (sspr §5.1). */
  clientType: string
  work?: { token?: string | undefined; solution?: string | undefined }
  /** The browser's id from its device cookie: somebody has signed in with it here before. */
  device?: string | undefined
}

export type Started =
  | { kind: 'started'; cookie: string; reset: ResetRow }
  /** Work or patience first; the ticket goes into the form. */
  | { kind: 'work'; ticket: WorkTicket; wait: boolean; tenant: TenantRow }

/** The tenant a name belongs to by its domain, else by the address asked for, else the default one (LD-41). Knows no account. */
export async function tenantOf(db: Db, username: string | undefined, whr: string | undefined): Promise<TenantRow | undefined> {
  const at = username?.lastIndexOf('@') ?? -1
  const byName = at >= 0 ? await findTenantByDomain(db, username!.slice(at + 1).trim()) : undefined
  return byName ?? (whr ? await findTenantByDomain(db, whr.trim()) : undefined) ?? (await defaultTenant(db))
}

/**
 * Takes a name and begins a transaction, for whatever name it is.
 * @throws Refusal 422 LK_FIELD_REQUIRED or LK_FIELD_INVALID for the field `username`; 422 LK_CAPTCHA for work that is wrong;
 *   503 LK_BUSY when too many begin at once, or more have begun than can be worked off
 */
export async function startReset(app: App, request: StartRequest): Promise<Started> {
  const username = readName(request.username)
  return inRecoveryLane(() => startFor(app, username, request))
}

async function startFor(app: App, username: string, request: StartRequest): Promise<Started> {
  const tenant = await tenantOf(app.db, username, request.whr)
  if (!tenant) throw new Refusal(503, [reason('LK_UNAVAILABLE')])
  await requireRoom(app, tenant.id, request.device)
  const { tenantSettings: { disclosure } } = await readPolicies(app.db, tenant.id)
  const start = (db: Db) => begin(app, db, tenant, disclosure, username, request)
  // Most starts are counted and begun in one transaction. Under `standard` the checks are asked in between.
  const counted = await app.db.transaction().execute(async trx => {
    const standing = await countStart(app, trx, tenant.id, request)
    return disclosure === 'private' && standing.calm && standing.within ? { begun: await start(trx) } : standing
  })
  if ('begun' in counted) return { kind: 'started', ...counted.begun }
  const asked = await demandWork(app, tenant, counted, request)
  if (asked) return { kind: 'work', ...asked, tenant }
  return { kind: 'started', ...(await start(app.db)) }
}

function readName(typed: string): string {
  const username = typed.normalize('NFKC').trim()
  if (username === '') throw new Refusal(422, [reason('LK_FIELD_REQUIRED', { field: 'username' })], { field: 'username' })
  if (username.length > 320 || /[\p{Cc}\p{Cs}]/u.test(username))
    throw new Refusal(422, [reason('LK_FIELD_INVALID', { field: 'username' })], { field: 'username' })
  return username
}

/** So many starts from one address, and so many wrong proofs in the tenant, are a reason to ask for work (T-03, T-26). */
const suspiciousStarts = { ...otherLimits.identifyPerAddress, limit: 10 }
export const tenantFailures = { limit: 100, windowMs: 3_600_000, lockMs: 0 }
export const tenantFailuresKey = 'resetFailures:tenant'

interface Standing {
  /** Nothing to be suspicious of. */
  calm: boolean
  /** False beyond thirty starts in ten minutes. */
  within: boolean
}

const networkMac = (app: App, { clientAddress }: StartRequest) => app.keys.mac('limit', networkOf(clientAddress, 'limit'))

/** Counts a start for its address, before anything else is done. */
async function countStart(app: App, trx: Db, tenantId: string, request: StartRequest): Promise<Standing> {
  const network = networkMac(app, request)
  const [few, failures, within] = await reserveAll(trx, {
    tenantId,
    now: app.now(),
    tries: [
      { key: `suspicion:${network}`, kind: suspiciousStarts },
      { key: tenantFailuresKey, kind: tenantFailures, look: true },
      { key: `identify:${network}`, kind: otherLimits.identifyPerAddress },
    ],
  })
  return { calm: few!.served && failures!.served, within: within!.served }
}

/** Undefined when the request may go on: it brought its work. Nothing here looks at the account. */
async function demandWork(app: App, tenant: TenantRow, { within }: Standing, request: StartRequest): Promise<{ ticket: WorkTicket; wait: boolean } | undefined> {
  const place = { route: startRoute, tenantId: tenant.id }
  const given = request.work ?? {}
  const outcome = judgeWork(app, place, given)
  // Beyond thirty in ten minutes work alone does not do: then everybody from there waits (sspr §5.7).
  if (outcome === 'done' && (within || isWaitTicket(given))) {
    // Tickets to wait with can be collected by the thousand: those who waited have a budget too (T-26).
    const budget = { tenantId: tenant.id, key: `identify:waited:${networkMac(app, request)}`, kind: otherLimits.proofOfWorkPerAddress, now: app.now() }
    const waited = within || (await reserve(app.db, budget)).served
    if (!waited) return { ticket: issueWait(app, place), wait: true }
    await spendWork(app, tenant.id, given.token!)
    return undefined
  }
  if (outcome === 'wrong' && given.solution) throw new Refusal(422, [reason('LK_CAPTCHA')], { field: 'username' })
  // A form that came back with our token and no solution has no script: it waits. One that came with neither gets both chances.
  const wait = given.token !== undefined || !within
  if (outcome === 'tooEarly') return { ticket: remaining(app, given.token!), wait: true }
  return { ticket: wait ? issueWait(app, place) : issueWork(app, place), wait }
}

const isWaitTicket = (given: { solution?: string | undefined }) => !given.solution

/** The same ticket again, with what is left of its time: pressing too early costs nothing. */
function remaining(app: App, token: string): WorkTicket {
  const { from } = JSON.parse(Buffer.from(token.split('~')[0]!, 'base64url').toString('utf8')) as { from: number }
  return { token, puzzle: '', bits: 0, waitSeconds: Math.max(1, Math.ceil((from - app.now()) / 1000)) }
}

/** Writes the transaction, and what the worker is to look at; in `db`'s transaction, if it is one. */
async function begin(
  app: App, db: Db, tenant: TenantRow, disclosure: 'private' | 'standard', username: string, request: StartRequest,
): Promise<{ cookie: string; reset: ResetRow }> {
  const id = randomUUID()
  const now = app.now()
  const { cookie, cookieHash } = newHandle()
  const accountKey = accountKeyOf(app, tenant.id, username)
  const typedNameSealed = await app.keys.sealText(typedNamePlace(tenant.id, id), username, db.isTransaction ? db : undefined)
  const blocked = isBlocked(await readThrottle(db, tenant.id, throttleKeyOf({ accountKey })), now)
  const blank = {
    tenantId: tenant.id, id, cookieHash, typedNameSealed, accountKey, disclosure,
    supportCode: randomUUID(), locale: request.locale, clientType: request.clientType, ipAddress: request.clientAddress, version: 1,
    startedAt: now, expiresAt: now + recoveryLifetime, intent: null, finishedAt: null,
  }
  const identity = disclosure === 'standard' ? await identify(app, app.db, blank) : undefined
  const facts: ResetMachineFacts = {
    verdict: identity ? (identity.verdict.allowed ? 'allowed' : 'refused') : 'unseen',
    blocked,
    gatesRequired: identity?.gatesRequired ?? 2,
    passed: [],
    mayOnlyUnlock: identity ? mayOnlyUnlock(identity.facts) : false,
    intent: null,
  }
  const state = transition('IDENTIFY', 'identify', facts)
  const known = identity ? identityColumns(identity) : { userId: null, gatesRequired: null, refusal: null }
  const reset: ResetRow = { ...blank, ...known, state }
  await inTransaction(db, async trx => {
    await insertReset(trx, reset)
    if (identity) await recordStep(app, trx, reset, identifiedStep(identity.verdict), { result: identity.verdict.allowed ? 'success' : 'failure' })
    else await queueForBatch(app, trx, { tenantId: tenant.id, kind: identifyJob, id, expiresAt: reset.expiresAt })
  })
  return { cookie, reset }
}
