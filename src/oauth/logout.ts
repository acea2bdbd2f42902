/**
 * `/{tenant}/oauth2/v2.0/logout`: a program ends the session of the browser. A link from anywhere must not sign people out unasked,
 * so without an id token of the very session the page asks (T-31); and it leads only to addresses the program has registered (T-34).
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import { endBrowserSessions, sessionOf } from '../credentials/browser-session.ts'
import { pageContext } from '../page/context.ts'
import { sendPage } from '../page/send-page.ts'
import { findRedirect } from '../rules/redirect-uris.ts'
import { findClient } from '../store/clients.ts'
import { JwtInvalid } from './jwt.ts'
import { LoggedOutPage, LogoutPage } from './logout-pages.tsx'
import { verifyJwt } from './signing-keys.ts'
import { resolveTenant } from './tenant-segment.ts'
import { onOurPage } from './authorize.ts'

export interface LogoutParameters {
  id_token_hint?: string | undefined
  client_id?: string | undefined
  post_logout_redirect_uri?: string | undefined
  state?: string | undefined
}

interface Leaving {
  /** Where to go afterwards; only an address that the program has registered. */
  address: string | undefined
  programName: string | undefined
  /** The id token is of the session that is to end. */
  proved: boolean
}

export async function logout(app: App, request: FastifyRequest, reply: FastifyReply, asked: LogoutParameters, confirmed: boolean): Promise<FastifyReply> {
  return onOurPage(request, reply, asked.client_id, async () => {
    const { tenantId } = await resolveTenant(app, (request.params as { tenant: string }).tenant)
    const leaving = await readLeaving(app, request, tenantId, asked)
    const held = (await sessionOf(app, request, 'complete')) ?? (await sessionOf(app, request, 'firstFactor'))
    const context = pageContext(request)
    if (held && !confirmed && !leaving.proved) {
      const { id_token_hint: _used, ...kept } = asked
      return sendPage(reply, LogoutPage({ context, action: context.path, hidden: { ...kept }, programName: leaving.programName }))
    }
    await endBrowserSessions(app, request, reply)
    reply.header('clear-site-data', '"cache", "storage"')
    if (leaving.address !== undefined) reply.header('refresh', `0;url=${leaving.address}`)
    return sendPage(reply, LoggedOutPage({ context, address: leaving.address, programName: leaving.programName }))
  })
}

async function readLeaving(app: App, request: FastifyRequest, tenantId: string, asked: LogoutParameters): Promise<Leaving> {
  const hint = asked.id_token_hint === undefined ? undefined : await readHint(app, asked.id_token_hint)
  const appId = hint?.appId ?? asked.client_id
  const client = appId === undefined ? undefined : await findClient(app.db, hint?.tenantId ?? tenantId, appId)
  const session = await sessionOf(app, request, 'complete')
  const proved = hint !== undefined && session !== undefined && hint.userId === session.userId && hint.tenantId === session.tenantId
  const wanted = asked.post_logout_redirect_uri
  const found = client && wanted ? findRedirect(wanted, client) : undefined
  return { address: found && withState(found.uri, asked.state), programName: client?.displayName, proved }
}

function withState(uri: string, state: string | undefined): string {
  return state === undefined ? uri : `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}`
}

/** An id token of ours, however old: it only says who it was for. */
async function readHint(app: App, text: string): Promise<{ tenantId: string; appId: string; userId: string } | undefined> {
  try {
    const { claims, tenantId } = await verifyJwt(app, text, 'id')
    const { aud, oid } = claims
    return typeof aud === 'string' && typeof oid === 'string' ? { tenantId, appId: aud, userId: oid } : undefined
  } catch (error) {
    if (error instanceof JwtInvalid) return undefined
    throw error
  }
}
