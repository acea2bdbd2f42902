import { createHash, randomBytes } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { networkOf } from '../client-address.ts'
import type { AcceptedRequest } from '../rules/authorize-checks.ts'
import { endAuthorizationRequest, findAuthorizationRequest, insertAuthorizationRequest, saveAnswers } from '../store/authorization-requests.ts'
import type { RequestAnswers } from '../store/authorization-requests.ts'
import { reserve } from '../store/limits.ts'
import { aadsts } from './errors.ts'

/** What is kept of a request while its owner signs in. */
export interface KeptRequest {
  kind: 'authorize'
  appId: string
  request: AcceptedRequest
  /** Asked at an address that names no tenant: the person's own will do (LD-41). */
  anyTenant: boolean
  clientInfo: boolean
}

export interface Pending extends KeptRequest {
  tenantId: string
  /** Null while nothing is kept. */
  id: string | null
  askedAt: number
  answers: RequestAnswers
}

/** Long enough for somebody who registers on the way; milliseconds. */
export const keptFor = 60 * 60_000
export const idHashOf = (id: string): string => createHash('sha256').update(id).digest('base64url')
/** Where it goes on. */
export const pathOf = (id: string): string => `/oauth2/continue/${id}`

/** The request under that id, while it lasts. */
export async function findPending(app: App, id: string): Promise<Pending | undefined> {
  const row = /^[\w-]{43}$/.test(id) ? await findAuthorizationRequest<KeptRequest>(app.db, idHashOf(id), app.now()) : undefined
  if (row?.parameters.kind !== 'authorize') return undefined
  return { ...row.parameters, tenantId: row.tenantId, id, askedAt: row.createdAt, answers: row.answers }
}

/** Requests one address may leave here in ten minutes: an office full of people, and not what pushes theirs out (store/row-caps.ts). */
const perAddress = { limit: 2_000, windowMs: 600_000 }

/** @throws TokenRefusal 50196 */
export async function allowKeeping(app: App, tenantId: string, address: string): Promise<void> {
  const now = app.now()
  const counted = await reserve(app.db, { tenantId, key: `authorize:${app.keys.mac('limit', networkOf(address, 'limit'))}`, kind: perAddress, now })
  if (!counted.served) throw aadsts(50196, {}, { retryAfter: Math.max(1, (counted.until - now) / 1000) })
}

/** Writes it down, once. @throws TokenRefusal 50196 */
export async function keep(app: App, pending: Pending, address: string): Promise<Pending> {
  if (pending.id !== null) return pending
  await allowKeeping(app, pending.tenantId, address)
  const id = randomBytes(32).toString('base64url')
  const { kind, tenantId, askedAt, appId, request, anyTenant, clientInfo } = pending
  await insertAuthorizationRequest<KeptRequest>(app.db, { tenantId, idHash: idHashOf(id), createdAt: askedAt, expiresAt: askedAt + keptFor, parameters: { kind, appId, request, anyTenant, clientInfo } })
  return { ...pending, id }
}

/** Notes what the person said on one of our pages. */
export function noteAnswers(db: Db, { tenantId, id, answers }: Pending, more: RequestAnswers): Promise<void> {
  return saveAnswers(db, { tenantId, idHash: idHashOf(id!) }, { ...answers, ...more })
}

/** True for the one who answers it; one that was never kept is answered by whoever asked. */
export async function endPending(trx: Db, { tenantId, id }: Pending): Promise<boolean> {
  return id === null || (await endAuthorizationRequest(trx, { tenantId, idHash: idHashOf(id) }))
}
