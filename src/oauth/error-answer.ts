import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { Refusal } from '../refusal.ts'
import { TokenRefusal, aadsts, errorBody } from './errors.ts'

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The client's own id of this request: the header, or the parameter that MSAL puts into the address. */
export function clientRequestId(request: FastifyRequest): string | undefined {
  const named = request.headers['client-request-id'] ?? (request.query as Record<string, unknown> | undefined)?.['client-request-id']
  return typeof named === 'string' && guid.test(named) ? named : undefined
}

/** On every answer of the token service: whose request it was, and that nobody keeps it. */
export function tokenHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-ms-request-id', request.correlationId)
  reply.header('pragma', 'no-cache')
  const id = clientRequestId(request)
  if (id !== undefined) reply.header('client-request-id', id)
}

/** Always JSON, whatever went wrong (real-clients §1.5), and never `WWW-Authenticate`: openid-client would hide the error behind it. */
export function renderTokenError(app: App, error: TokenRefusal | Refusal, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = error instanceof TokenRefusal ? error : ofRefusal(error)
  if (refusal.options.detail) app.log.info('refused', { correlationId: request.correlationId, code: String(refusal.code), detail: refusal.options.detail })
  if (refusal.options.retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(refusal.options.retryAfter)))
  tokenHeaders(request, reply)
  const place = { now: app.now(), traceId: request.correlationId, correlationId: clientRequestId(request) ?? request.correlationId, origin: request.origin }
  const status = error instanceof TokenRefusal ? refusal.status : error.status
  return reply.status(status).type('application/json; charset=utf-8').serializer(JSON.stringify).send(errorBody(refusal, place))
}

/** What the hall refused before the token service saw the request: a body it cannot read, a database that is away. */
function ofRefusal(refusal: Refusal): TokenRefusal {
  const again = refusal.retryAfter === undefined ? {} : { retryAfter: refusal.retryAfter }
  if (refusal.status === 503 || refusal.status === 429) return aadsts(90033, {}, again)
  if (refusal.status >= 500) return aadsts(90020)
  if (refusal.status === 405) return aadsts(900561, { accepted: 'POST', method: 'other' })
  const why: Record<number, string> = { 404: 'there is nothing at this address', 413: 'the body is too large', 415: 'the body must be application/x-www-form-urlencoded', 421: 'the server goes by another name' }
  return aadsts(9002313, { reason: why[refusal.status] ?? `the field '${refusal.field ?? 'request'}' is missing, given twice or not valid` })
}
