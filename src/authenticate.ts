/**
 * Who is calling, and whether the route lets them in: the one place that reads the `access` line of a route and acts on it.
 * Everything a room needs to know about the request (caller, language, address, origin) is settled here, before any body is read.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { BlockList } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from './app.ts'
import { type Access, type UserCaller, cookieOptions, cookies, hasRecentProof } from './access.ts'
import { clientAddress } from './client-address.ts'
import { bearerCaller } from './bearer.ts'
import { type House, frontOfHouse } from './front-of-house.ts'
import { Refusal } from './refusal.ts'
import { reason } from './rules/verdict.ts'
import type { ReasonCode } from './rules/reason.ts'
import { formTokenFor } from './same-origin.ts'
import { findSession, touchSession } from './store/sessions.ts'
import { surfaceOf } from './surfaces.ts'
import { chooseLocale } from './text.ts'

export const hashId = (id: string): string => createHash('sha256').update(id).digest('base64url')
const refused = (status: number, code: ReasonCode) => new Refusal(status, [reason(code)])

/** Settles the request's own facts; before anything else, so that even a refusal has its language and its correlation id. */
export async function describeRequest(app: App, proxies: BlockList, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  request.correlationId = randomUUID()
  reply.header('x-correlation-id', request.correlationId)
  request.clientAddress = clientAddress(request.socket.remoteAddress, request.headers['x-forwarded-for'], proxies)
  const front = await frontOfHouse(app)
  request.branding = front?.branding
  const asked = askedLocale(request)
  request.explicitLocale = asked !== undefined && known(asked) ? chooseLocale({ query: asked }) : undefined
  request.locale = localeIn(front, request)
  if (request.explicitLocale) reply.setCookie(cookies.locale, request.explicitLocale, { ...cookieOptions('lax', 365 * 86400) })
  if (request.routeOptions.config.surface === 'page') giveFormToken(app, request, reply)
}

function askedLocale(request: FastifyRequest): string | undefined {
  const query = request.query as Record<string, unknown>
  const asked = query['mkt'] ?? query['lng']
  return typeof asked === 'string' ? asked : undefined // given twice it says nothing
}

/** The tenant's language is for its pages: Graph's clients compare words, so without a language of ours in the request they hear English (real-clients §2.6). */
const localeIn = (house: House | undefined, request: FastifyRequest) =>
  chooseLocale({
    query: askedLocale(request),
    cookie: request.cookies[cookies.locale],
    acceptLanguage: request.headers['accept-language'],
    ...(house === undefined || surfaceOf(request) === 'graph' ? {} : { tenantDefault: house.defaultLocale }),
  })

/** True when the language asked for is one of ours: an unknown one is ignored, not an error. */
const known = (asked: string): boolean => /^(en|da|nb|no|nn|lv)(-|_|$)/i.test(asked)

function giveFormToken(app: App, request: FastifyRequest, reply: FastifyReply): void {
  let held = request.cookies[cookies.form]
  if (held === undefined || !/^[\w-]{43}$/.test(held)) {
    held = randomBytes(32).toString('base64url')
    reply.setCookie(cookies.form, held, cookieOptions('lax'))
  }
  request.formToken = formTokenFor(app, request, held)
}

/** Lets the request in or throws: 401 with LK_NOT_SIGNED_IN or LK_STEP_UP, 403 with LK_NOT_ALLOWED. */
export async function authenticate(app: App, request: FastifyRequest): Promise<void> {
  const access = request.routeOptions.config.access
  if (access === undefined) throw refused(404, 'LK_NOT_FOUND')
  if (access === 'public' || access === 'recovery' || access === 'basic') return
  if (access === 'development') return requireLoopback(request)
  request.caller = await callerFor(app, access, request)
  if (request.caller === undefined) throw refused(401, 'LK_NOT_SIGNED_IN')
  if (request.routeOptions.config.surface === 'page') await greet(app, request, request.caller.tenantId)
  if (access === 'recent' && !hasRecentProof(request.caller as UserCaller, app.now())) throw refused(401, 'LK_STEP_UP')
}

/** Whoever has proved a password sees the look of their own tenant; before that nobody's, for it would tell of the account (T-01). */
async function greet(app: App, request: FastifyRequest, tenantId: string): Promise<void> {
  const house = await frontOfHouse(app, tenantId)
  if (house === undefined) return
  request.branding = house.branding
  request.locale = localeIn(house, request)
}

async function callerFor(app: App, access: Access, request: FastifyRequest) {
  if (typeof access === 'object' && ('bearer' in access || request.headers.authorization !== undefined)) return bearerCaller(app, access, request)
  return (
    (await sessionCaller(app, request, cookies.session, 'complete')) ??
    (access === 'firstFactor' ? await sessionCaller(app, request, cookies.firstFactor, 'firstFactor') : undefined)
  )
}

/** The person behind one of our two session cookies; the two are never taken for one another (T-15). */
async function sessionCaller(app: App, request: FastifyRequest, cookie: string, level: 'firstFactor' | 'complete'): Promise<UserCaller | undefined> {
  const id = request.cookies[cookie]
  if (id === undefined || !/^[\w-]{43}$/.test(id)) return undefined
  const idHash = hashId(id)
  const now = app.now()
  const session = await findSession(app.db, idHash, now)
  if (session === undefined || session.level !== level) return undefined
  await touchSession(app.db, session, now)
  const { tenantId, userId, isAdministrator } = session
  return { kind: 'user', tenantId, userId, level, isAdministrator, session: { ...session, idHash } }
}

function requireLoopback(request: FastifyRequest): void {
  const peer = request.socket.remoteAddress ?? ''
  if (!/^(127\.|::1$|::ffff:127\.)/.test(peer)) throw refused(404, 'LK_NOT_FOUND')
}
