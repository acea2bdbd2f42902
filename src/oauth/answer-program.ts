/** How an answer of `/authorize` travels to the program (oauth §10). */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import { pageContext } from '../page/context.ts'
import { sendPage } from '../page/send-page.ts'
import type { ResponseMode } from '../rules/authorize-checks.ts'
import { clientRequestId } from './error-answer.ts'
import { errorBody } from './errors.ts'
import type { TokenRefusal } from './errors.ts'
import { BackPage, FormPostPage } from './pages.tsx'

export interface ReturnAddress {
  /** A registered one: rules/redirect-uris.ts has said so. */
  redirectUri: string
  responseMode: ResponseMode
  state: string | null
  programName: string
}

/**
 * Sends the browser back to the program. `atOnce` is for a browser that was just sent here by a link. After one of our own forms
 * browsers hold a redirect to the forms' policy, so there a page of ours stands between, which goes on by itself.
 */
export function answerProgram(
  request: FastifyRequest, reply: FastifyReply, to: ReturnAddress, values: Readonly<Record<string, string>>, how: 'atOnce' | 'byPage',
): FastifyReply {
  const { redirectUri, responseMode, state, programName } = to
  const all = { ...values, ...(state === null ? {} : { state }) }
  if (responseMode === 'form_post') {
    allowFormTo(reply, redirectUri)
    return sendPage(reply, FormPostPage({ context: pageContext(request), action: redirectUri, values: all, programName }))
  }
  const mark = responseMode === 'fragment' ? '#' : redirectUri.includes('?') ? '&' : '?'
  const address = `${redirectUri}${mark}${new URLSearchParams(all)}`
  if (how === 'atOnce') return reply.redirect(address, 303)
  reply.header('refresh', `0;url=${address}`)
  return sendPage(reply, BackPage({ context: pageContext(request), address, programName }))
}

/** The same with a refusal. */
export function refuseProgram(app: App, request: FastifyRequest, reply: FastifyReply, to: ReturnAddress, refusal: TokenRefusal, how: 'atOnce' | 'byPage'): FastifyReply {
  const { correlationId, origin } = request
  const body = errorBody(refusal, { now: app.now(), traceId: correlationId, correlationId: clientRequestId(request) ?? correlationId, origin })
  const { error, error_description, error_uri } = body
  return answerProgram(request, reply, to, { error, error_description, ...(error_uri === undefined ? {} : { error_uri }) }, how)
}

/** Pages of ours post to us alone; this one page posts to the program, whose address was registered (LD-58). */
function allowFormTo(reply: FastifyReply, redirectUri: string): void {
  const policy = String(reply.getHeader('content-security-policy'))
  reply.header('content-security-policy', policy.replace("form-action 'self'", `form-action ${new URL(redirectUri).origin}`))
}
