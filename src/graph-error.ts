import type { FastifyRequest } from 'fastify'
import type { Refusal } from './refusal.ts'
import { reasonText } from './text.ts'

/** Graph's own words for a status; a room that needs another one says so in the refusal's reason values (`graphCode`). */
const codeOfStatus: Record<number, string> = {
  400: 'Request_BadRequest',
  401: 'InvalidAuthenticationToken',
  403: 'Authorization_RequestDenied',
  404: 'Request_ResourceNotFound',
  409: 'Request_Conflict',
  413: 'Request_EntityTooLarge',
  415: 'Request_UnsupportedMediaType',
  422: 'Request_BadRequest',
  429: 'TooManyRequests',
  500: 'generalException',
  501: 'notImplemented',
  503: 'serviceNotAvailable',
}

/** A refusal as Graph clients expect it; `innerError.code` holds our stable code, so that a program can tell refusals apart. */
export function graphError(refusal: Refusal, request: FastifyRequest) {
  const first = refusal.reasons[0]!
  const graphCode = first.values?.['graphCode']
  return {
    error: {
      code: typeof graphCode === 'string' ? graphCode : (codeOfStatus[refusal.status] ?? 'generalException'),
      message: refusal.reasons.map(one => reasonText(request.locale, one)).join(' '),
      // Which property is at fault; clients know a clash by `ObjectConflict` (graph §2.3, LD-49).
      ...(refusal.field === undefined ? {} : {
        details: [{ code: first.code === 'LK_CONFLICT' ? 'ObjectConflict' : first.code, message: reasonText(request.locale, first), target: refusal.field }],
      }),
      innerError: {
        code: first.code,
        date: new Date().toISOString().slice(0, 19),
        'request-id': request.correlationId,
        'client-request-id': String(request.headers['client-request-id'] ?? request.correlationId).slice(0, 64),
      },
    },
  }
}
