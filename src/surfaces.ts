/**
 * How a refusal sounds, for each surface, in one place: a page in the reader's language, `{ reasons }` for programs, Graph's
 * `{ error }` for Graph clients, the token service's own for OAuth clients. Whatever else is thrown is a bug: 500, logged with the correlation id, nothing shown (T-72).
 */
import type { FastifyError, FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify'
import type { App } from './app.ts'
import type { Surface } from './access.ts'
import { Refusal } from './refusal.ts'
import { refusalPage } from './page/refusal-page.tsx'
import { pageContext } from './page/context.ts'
import { sendPage } from './page/send-page.ts'
import { isUnavailable } from './store/errors.ts'
import { graphHeaders } from './graph/answers.ts'
import { graphError } from './graph-error.ts'
import { renderTokenError } from './oauth/error-answer.ts'
import { TokenRefusal } from './oauth/errors.ts'
import { reason } from './rules/verdict.ts'
import { reasonText } from './text.ts'

/** Any thrown thing as a refusal; undefined when it is a bug of ours. */
export function asRefusal(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error
  if (isUnavailable(error)) return new Refusal(503, [reason('LK_UNAVAILABLE')], { retryAfter: 5 })
  const { validation, statusCode, code } = error as FastifyError
  if (validation?.[0]) return ofSchema(validation[0])
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new Refusal(413, [reason('LK_TOO_LARGE')])
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new Refusal(415, [reason('LK_MEDIA_TYPE')])
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new Refusal(statusCode, [reason('LK_FIELD_INVALID', { field: 'request' })])
  return undefined
}

function ofSchema(problem: FastifySchemaValidationError): Refusal {
  const parent = problem.instancePath.split('/').slice(1).join('.')
  const child = problem.params['missingProperty'] ?? problem.params['additionalProperty']
  const field = [parent, child].filter(Boolean).join('.').slice(0, 100) || 'body'
  const code = problem.keyword === 'required' ? 'LK_FIELD_REQUIRED' : problem.keyword === 'additionalProperties' ? 'LK_FIELD_UNKNOWN' : 'LK_FIELD_INVALID'
  return new Refusal(400, [reason(code, { field })], { field })
}

export async function renderError(app: App, error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const surface = surfaceOf(request)
  if (error instanceof TokenRefusal) return renderTokenError(app, error, request, reply)
  const refusal = asRefusal(error) ?? bug(app, error, request)
  if (surface === 'oauth') return renderTokenError(app, refusal, request, reply)
  if (refusal.detail) app.log.info('refused', { correlationId: request.correlationId, code: refusal.code, detail: refusal.detail })
  if (refusal.retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(refusal.retryAfter)))
  if (surface === 'page') return renderPage(refusal, request, reply)
  if (surface === 'plain') return reply.status(refusal.status).type('text/plain; charset=utf-8').send(`${reasonText('en', refusal.reasons[0]!)}\n`)
  // A route may promise another body for this status; a refusal is never squeezed into it.
  reply.status(refusal.status).type('application/json; charset=utf-8').serializer(JSON.stringify)
  if (surface === 'graph') {
    graphHeaders(request, reply) // also where no route was found
    if (refusal.status === 401) reply.header('www-authenticate', bearerChallenge(request.origin))
    return reply.send(graphError(refusal, request))
  }
  return reply.send({
    reasons: refusal.reasons
      .filter(one => one.audience === 'anyone' || request.caller !== undefined)
      .map(one => ({ code: one.code, ...(one.values ? { values: one.values } : {}), message: reasonText(request.locale, one) })),
    ...(refusal.field === undefined ? {} : { field: refusal.field }),
    correlationId: request.correlationId,
  })
}

function bug(app: App, error: unknown, request: FastifyRequest): Refusal {
  app.log.error('failed', { correlationId: request.correlationId, method: request.method, route: request.routeOptions?.url ?? '', error })
  return new Refusal(500, [reason('LK_INTERNAL')])
}

/** Where a Graph client that came without a good token gets one (real-clients §2.6). */
const bearerChallenge = (origin: string): string => `Bearer realm="", authorization_uri="${origin}/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`

/** In whose voice a request is answered, whether a route has it or not. */
export const surfaceOf = (request: FastifyRequest): Surface => request.routeOptions?.config?.surface ?? surfaceOfPath(request.url)

/** The voice for what matched no route. */
function surfaceOfPath(url: string): 'page' | 'api' | 'graph' | 'oauth' {
  if (/^\/[^/?]+\/(oauth2|discovery|userrealm|(v2\.0\/)?\.well-known)\//i.test(url)) return 'oauth'
  if (/^\/(v1\.0|beta|arm|oidc)(\/|$|\?)/i.test(url)) return 'graph'
  return url.startsWith('/api/') ? 'api' : 'page'
}

/** People who are not signed in, or not recently enough, are led to where they can be, and back afterwards. */
function renderPage(refusal: Refusal, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const where = refusal.code === 'LK_NOT_SIGNED_IN' ? '/signin' : refusal.code === 'LK_STEP_UP' ? '/signin/again' : undefined
  if (where !== undefined && refusal.status === 401) return reply.redirect(`${where}?continue=${encodeURIComponent(request.url)}`, 303)
  const context = pageContext(request)
  return sendPage(reply, refusalPage(context, refusal), { status: refusal.status })
}
