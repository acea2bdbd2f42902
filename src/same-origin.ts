/**
 * Cross-site requests (T-31). A form needs our token and a fitting Origin; JSON sent with a cookie needs a header that no form
 * can set. Both look at Origin and Sec-Fetch-Site where the browser sends them.
 */
import type { FastifyRequest } from 'fastify'
import type { App } from './app.ts'
import { cookies } from './access.ts'
import { Refusal } from './refusal.ts'

const unsafe = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])
const refused = () => new Refusal(403, [{ code: 'LK_CSRF', audience: 'anyone' }])

/** The token that belongs to this browser and to the session or the recovery it has now. */
export function formTokenFor(app: App, request: FastifyRequest, formCookie: string): string {
  return app.keys.mac('csrf', boundTo(request, formCookie))
}

/** What a token is bound to; a recovery and a sign-in in the same browser do not disturb each other. */
function boundTo(request: FastifyRequest, formCookie: string): string {
  const jar = request.cookies
  const held = request.routeOptions.config.access === 'recovery' ? jar[cookies.reset] : (jar[cookies.session] ?? jar[cookies.firstFactor])
  return `${formCookie}.${held ?? ''}`
}

/** Runs before validation, when the body is known: throws 403 for whatever did not come from our own pages. */
export function requireSameOrigin(app: App, request: FastifyRequest): void {
  if (!unsafe.has(request.method)) return
  const { surface, access } = request.routeOptions.config
  if (surface === 'oauth') return // a protocol between programs: what is asked is in the body, and no cookie is read
  const { origin, 'sec-fetch-site': site } = request.headers
  // Where the header decides, no cookie does. Elsewhere it excuses nothing: browsers add Basic credentials by themselves.
  if (request.headers.authorization !== undefined && (typeof access === 'object' || access === 'basic')) return
  if (origin !== undefined && origin !== request.origin) throw refused()
  if (site !== undefined && site !== 'same-origin') throw refused()
  if (surface === 'page') requireFormToken(app, request)
  else if (request.headers.cookie !== undefined && request.headers['x-latchkey'] === undefined) throw refused()
}

function requireFormToken(app: App, request: FastifyRequest): void {
  const formCookie = request.cookies[cookies.form]
  const body = request.body as Record<string, unknown> | undefined
  const token = body?.['_csrf']
  if (body) delete body['_csrf']
  if (formCookie === undefined || typeof token !== 'string') throw refused()
  if (!app.keys.macMatches('csrf', boundTo(request, formCookie), token)) throw refused()
}
