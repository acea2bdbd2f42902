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
import { Refusal } from './refusal.ts'
import { reason } from './rules/verdict.ts'
import type { ReasonCode } from './rules/reason.ts'
import { formTokenFor } from './same-origin.ts'
import { readPolicies } from './store/policies.ts'
import { findSession, touchSession } from './store/sessions.ts'
import { defaultTenant } from './store/tenants.ts'
import type { Branding } from './page/context.ts'
import { type Locale, chooseLocale } from './text.ts'

export const hashId = (id: string): string => createHash('sha256').update(id).digest('base64url')
const refused = (status: number, code: ReasonCode) => new Refusal(status, [reason(code)])

/** Settles the request's own facts; before anything else, so that even a refusal has its language and its correlation id. */
export async function describeRequest(app: App, proxies: BlockList, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  request.correlationId = randomUUID()
  reply.header('x-correlation-id', request.correlationId)
  request.clientAddress = clientAddress(request.socket.remoteAddress, request.headers['x-forwarded-for'], proxies)
  const front = await frontOfHouse(app)
  request.branding = front?.branding
  const query = request.query as Record<string, string | undefined>
  const asked = query['mkt'] ?? query['lng']
  const settled = chooseLocale({ query: asked })
  request.explicitLocale = asked !== undefined && known(asked) ? settled : undefined
  request.locale = chooseLocale({
    query: asked,
    cookie: request.cookies[cookies.locale],
    acceptLanguage: request.headers['accept-language'],
    tenantDefault: front?.defaultLocale,
  })
  if (request.explicitLocale) reply.setCookie(cookies.locale, request.explicitLocale, { ...cookieOptions('lax', 365 * 86400) })
  if (request.routeOptions.config.surface === 'page') giveFormToken(app, request, reply)
}

/** True when the language asked for is one of ours: an unknown one is ignored, not an error. */
const known = (asked: string): boolean => /^(en|da|nb|no|nn|lv)(-|_|$)/i.test(asked)

interface House {
  defaultLocale: Locale
  branding: Branding
  until: number
}
const houses = new WeakMap<App, House>()
/**
 * Language and name of the default tenant, for whoever is not signed in. No authority over anything, so five seconds old is new
 * enough.
 */
async function frontOfHouse(app: App): Promise<House | undefined> {
  const known = houses.get(app)
  if (known && known.until > performance.now()) return known
  try {
    const tenant = await defaultTenant(app.db)
    const look = tenant && (await readPolicies(app.db, tenant.id)).branding
    const branding = { displayName: tenant?.displayName ?? 'Latchkey', accentColor: look?.accentColor ?? undefined, textByLocale: look?.textByLocale }
    const fresh = { defaultLocale: (tenant?.defaultLocale ?? 'en') as Locale, branding, until: performance.now() + 5000 }
    houses.set(app, fresh)
    return fresh
  } catch {
    // The database is away: the page that says so still has a language.
    return known
  }
}

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
  if (access === 'recent' && !hasRecentProof(request.caller as UserCaller, app.now())) throw refused(401, 'LK_STEP_UP')
}

async function callerFor(app: App, access: Access, request: FastifyRequest) {
  if (typeof access === 'object' && request.headers.authorization !== undefined) return bearerCaller(app, access, request.headers.authorization)
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
