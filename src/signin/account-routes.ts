/** One's own account: the overview, and the browsers that are signed in. */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { userCaller } from '../access.ts'
import type { Server } from '../access.ts'
import type { App } from '../app.ts'
import { endBrowserSessions } from '../credentials/browser-session.ts'
import { revokeSessions } from '../credentials/revoke-sessions.ts'
import { pageContext } from '../page/context.ts'
import { sendPage } from '../page/send-page.ts'
import { appPasswordGate } from '../rules/app-password-rules.ts'
import { passwordExpiry } from '../rules/password-expiry.ts'
import { resetReadiness } from '../rules/registration.ts'
import { endSession, listSessions } from '../store/sessions.ts'
import { AccountPage, SessionsPage } from './account-pages.tsx'
import type { Account } from './account-pages.tsx'
import { clearSite } from './sign-in-routes.ts'
import { refused, visitorOf } from './visitor.ts'
import type { Visitor } from './visitor.ts'

const config = { access: 'session', surface: 'page' } as const

export function accountRoutes(server: Server, app: App): void {
  server.get('/account', { config }, async (request, reply) => {
    const visitor = await visitorOf(app, request)
    return sendPage(reply, AccountPage({ context: contextOf(request, visitor), account: await readAccount(app, visitor) }))
  })

  server.get('/sessions', {
    config, schema: { querystring: Type.Object({ ended: Type.Optional(Type.String({ maxLength: 5 })) }, { additionalProperties: true }) },
  }, async (request, reply) => {
    const visitor = await visitorOf(app, request)
    const sessions = await ownSessions(app, request)
    const ended = request.query.ended !== undefined
    return sendPage(reply, SessionsPage({ context: contextOf(request, visitor), sessions, current: visitor.session.publicId, ended }))
  })

  server.post('/sessions/end', {
    config, schema: { body: Type.Object({ session: Type.Optional(Type.String({ maxLength: 100 })) }, { additionalProperties: false }) },
  }, async (request, reply) => {
    await endOwnSession(app, request, request.body.session ?? '')
    return reply.redirect('/sessions?ended=1', 303)
  })

  server.post('/sessions/end-all', { config, schema: { body: Type.Object({}, { additionalProperties: false }) } }, async (request, reply) => {
    await signOutEverywhere(app, request)
    await endBrowserSessions(app, request, reply)
    return clearSite(reply).redirect('/signout', 303)
  })
  for (const path of ['/sessions/end', '/sessions/end-all']) server.get(path, { config }, async (_request, reply) => reply.redirect('/sessions', 303))
}

const contextOf = (request: FastifyRequest, visitor: Visitor) => pageContext(request, { signedInAs: visitor.facts.subject.displayName })

/** What the overview shows, from the same facts by which resets are decided. */
export async function readAccount(app: App, { session, facts }: Visitor): Promise<Account> {
  const { subject, tenant } = facts
  const readiness = resetReadiness(facts)
  const expiry = passwordExpiry(subject, tenant, facts.now)
  const sessions = await listSessions(app.db, { tenantId: session.tenantId, userId: session.userId, now: app.now() })
  return {
    displayName: subject.displayName,
    userPrincipalName: subject.userPrincipalName,
    canReset: readiness.isSsprEnabled ? readiness.isSsprCapable : null,
    methodCount: new Set(subject.methods.filter(one => one.source === 'private' && one.verified).map(one => one.id)).size,
    passwordChangedAt: subject.passwordChangedAt,
    passwordExpiresAt: expiry.expires && expiry.noticeDays !== null ? expiry.at : null,
    sessionCount: sessions.length,
    appPasswords: appPasswordGate(facts).allowed,
  }
}

export async function ownSessions(app: App, request: FastifyRequest) {
  const { tenantId, userId } = userCaller(request)
  return listSessions(app.db, { tenantId, userId, now: app.now() })
}

/** Ends one of one's own sessions. @throws Refusal 404 for an id that is not among them. */
export async function endOwnSession(app: App, request: FastifyRequest, publicId: string): Promise<void> {
  const { tenantId, userId } = userCaller(request)
  if (!(await endSession(app.db, { tenantId, userId, publicId }))) throw refused(404, 'LK_NOT_FOUND')
}

/** Every session of the person is dead at its next request, this one too (T-19). */
export async function signOutEverywhere(app: App, request: FastifyRequest): Promise<void> {
  const { session, actor } = await visitorOf(app, request)
  await revokeSessions(app, { tenantId: session.tenantId, userId: session.userId, actor, correlationId: request.correlationId })
}
