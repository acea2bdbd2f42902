/** Where people meet the token service: signing in to programs, agreeing, codes of devices, leaving. */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Server } from '../access.ts'
import type { App } from '../app.ts'
import { answerAdminConsent, beginAdminConsent, showAdminConsent } from './admin-consent.ts'
import { beginAuthorize, continueAuthorize } from './authorize.ts'
import { answerRequest } from './consent.ts'
import { beginDeviceCode } from './device-code.ts'
import { deviceRoutes } from './device-routes.ts'
import { logout } from './logout.ts'
import { userInfo } from './userinfo.ts'

const page = { access: 'public', surface: 'page' } as const
const signedIn = { access: 'session', surface: 'page' } as const
const administrators = { access: 'recent', surface: 'page' } as const
const program = { access: 'public', surface: 'oauth' } as const

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
const id = Type.Object({ id: Type.String({ maxLength: 100 }) })
const saying = Type.Object({ answer: text(20), forEverybody: text(5), shown: text(100) }, { additionalProperties: false })
const adminQuery = Type.Object({ client_id: text(100), redirect_uri: text(2048), state: text(4096), scope: text(4096) }, { additionalProperties: true })
const leaving = { id_token_hint: text(8192), client_id: text(100), post_logout_redirect_uri: text(2048), state: text(2048) }

/** The query or the form as it was sent: names given twice must still be seen (oauth §10). */
const queryOf = ({ url }: FastifyRequest): string => (url.includes('?') ? url.slice(url.indexOf('?') + 1) : '')

export function personRoutes(server: Server, app: App): void {
  for (const [url, version] of [['/:tenant/oauth2/v2.0/authorize', 2], ['/:tenant/oauth2/authorize', 1]] as const) {
    /** A program sends a browser here (oauth §10). */
    server.get(url, { config: page }, (request, reply) => beginAuthorize(app, request, reply, queryOf(request), { cookies: true, version }))
    /** The same as a form, which another site's page posts: it brings no cookie of ours, and is kept until the next look. */
    server.post(url, { config: program }, (request, reply) =>
      beginAuthorize(app, request, reply, new URLSearchParams(request.body as Record<string, string>).toString(), { cookies: false, version }))
  }

  /** A kept request goes on: whatever is due next, or the answer to the program. */
  server.get('/oauth2/continue/:id', { config: signedIn, schema: { params: id } }, (request, reply) => continueAuthorize(app, request, reply, request.params.id))
  /** `answer`: agree, refuse, thisAccount. `shown`: what the page that was answered said the program may do. */
  server.post('/oauth2/continue/:id', { config: signedIn, schema: { params: id, body: saying } }, (request, reply) =>
    answerRequest(app, request, reply, request.params.id, request.body))

  for (const [url, version] of [['/:tenant/adminconsent', 1], ['/:tenant/v2.0/adminconsent', 2]] as const) {
    /** A program asks an administrator to agree for everybody. */
    server.get(url, { config: page, schema: { querystring: adminQuery } }, (request, reply) => beginAdminConsent(app, request, reply, request.query, version))
  }
  server.get('/oauth2/adminconsent/:id', { config: administrators, schema: { params: id } }, (request, reply) => showAdminConsent(app, request, reply, request.params.id))
  /** `answer`: agree, refuse; `shown` as above. */
  server.post('/oauth2/adminconsent/:id', { config: administrators, schema: { params: id, body: saying } }, (request, reply) =>
    answerAdminConsent(app, request, reply, request.params.id, request.body))

  for (const [url, version] of [['/:tenant/oauth2/v2.0/devicecode', 2], ['/:tenant/oauth2/devicecode', 1]] as const) {
    /** A device asks for its two codes (oauth §9). */
    server.post(url, { config: program }, (request, reply) => beginDeviceCode(app, request, reply, version))
  }
  deviceRoutes(server, app)

  for (const url of ['/:tenant/oauth2/v2.0/logout', '/:tenant/oauth2/logout']) {
    /** A program ends the browser's session; asks first unless the program shows an id token of it. */
    server.get(url, { config: page, schema: { querystring: Type.Object(leaving, { additionalProperties: true }) } }, (request, reply) => logout(app, request, reply, request.query, false))
    server.post(url, { config: page, schema: { body: Type.Object(leaving, { additionalProperties: false }) } }, (request, reply) => logout(app, request, reply, request.body, true))
  }

  for (const method of ['GET', 'POST'] as const) {
    /** Who the token's person is (oauth §1). */
    server.route({
      method, url: '/oidc/userinfo', config: { access: { graph: { delegated: ['openid'], application: [] } }, surface: 'graph' }, handler: request => userInfo(app, request),
    })
  }
}
