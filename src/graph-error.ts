import type { FastifyRequest } from 'fastify'
import type { Refusal } from './refusal.ts'
import { reasonText } from './text.ts'

/** Graph's own words for a status (graph §2.3); a room that needs another one says so in the refusal's reason values (`graphCode`). */
const codeOfStatus: Record<number, string> = {
  400: 'Request_BadRequest',
  401: 'InvalidAuthenticationToken',
  403: 'Authorization_RequestDenied',
  404: 'Request_ResourceNotFound',
  405: 'Request_BadRequest',
  409: 'Conflict',
  410: 'resyncRequired',
  412: 'PreconditionFailed',
  413: 'Request_EntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Request_BadRequest',
  424: 'FailedDependency',
  429: 'TooManyRequests',
  500: 'generalException',
  501: 'NotImplemented',
  503: 'ServiceUnavailable',
}

/** Programs look for these words, whatever language the rest has (graph §2.3). */
const insufficient = 'Insufficient privileges to complete the operation.'

const objectConflicts = new Set(['LK_CONFLICT', 'LK_PROPERTY_TAKEN'])

/** A refusal as Graph clients expect it; `innerError.code` holds our stable code, so that a program can tell refusals apart. */
export function graphError(refusal: Refusal, request: FastifyRequest) {
  const first = refusal.reasons[0]!
  const graphCode = first.values?.['graphCode']
  const code = typeof graphCode === 'string' ? graphCode : (codeOfStatus[refusal.status] ?? 'generalException')
  return {
    error: {
      code,
      message: messageOf(refusal, request, code),
      // Which property is at fault; clients know a clash by `ObjectConflict` (graph §2.3, LD-49).
      ...(refusal.field === undefined ? {} : {
        details: [{ code: objectConflicts.has(first.code) ? 'ObjectConflict' : first.code, message: reasonText(request.locale, first), target: refusal.field }],
      }),
      innerError: {
        code: first.code,
        date: new Date().toISOString().slice(0, 19),
        'request-id': request.correlationId,
        'client-request-id': clientRequestId(request),
      },
    },
  }
}

/** The caller's id of the request, else ours. Echoed only in the form ids have: an answer is no place for what a caller makes up. */
export function clientRequestId(request: FastifyRequest): string {
  const asked = request.headers['client-request-id']
  return typeof asked === 'string' && /^[\w-]{1,64}$/.test(asked) ? asked : request.correlationId
}

function messageOf(refusal: Refusal, request: FastifyRequest, code: string): string {
  if (code === 'Request_ResourceNotFound' && refusal.code === 'LK_NOT_FOUND') return reasonText(request.locale, { code: 'LK_OBJECT_NOT_FOUND', values: { id: askedFor(request) } })
  const text = refusal.reasons.map(one => reasonText(request.locale, one)).join(' ')
  return code === 'Authorization_RequestDenied' && !text.includes(insufficient) ? `${insufficient} ${text}` : text
}

/** The last thing the path names: what was not there. */
function askedFor(request: FastifyRequest): string {
  const named = Object.values((request.params ?? {}) as Record<string, string>).at(-1)
  return (named ?? request.url.split('?')[0]!.split('/').at(-1) ?? '').replace(/[\p{C}]/gu, '').slice(0, 128)
}
