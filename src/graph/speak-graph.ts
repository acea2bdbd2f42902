/** What every room that answers over Graph does alike: the headers Graph clients look for, keys in quotes, and 422 in Graph's own number. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Server } from '../access.ts'
import { parseKey } from '../odata-path.ts'
import { Refusal } from '../refusal.ts'
import { graphHeaders } from './answers.ts'
import { keyAsKept } from './ids.ts'

/** To be called first by a room's routes; it holds for the routes of that room. */
export function speakGraph(server: Server): void {
  server.addHook('onSend', async (request: FastifyRequest, reply: FastifyReply) => {
    if (request.routeOptions.config.surface === 'graph') graphHeaders(request, reply)
  })
  server.addHook('preValidation', async request => {
    if (request.routeOptions.config.surface === 'graph') readKeys(request.params as Record<string, string>)
  })
  server.setErrorHandler((error: unknown, request) => {
    throw request.routeOptions.config.surface === 'graph' ? inGraphNumbers(error) : error
  })
}

/**
 * `users('ann')` is `users/ann`: a key without a name is what stands in its quotes. Keys with names are read where they mean something.
 * Ids are brought into the letters they are kept in.
 */
function readKeys(params: Record<string, string>): void {
  for (const [name, segment] of Object.entries(params)) {
    const key = segment.startsWith("('") ? parseKey(segment)?.get('') : undefined
    params[name] = keyAsKept(key !== undefined && key !== '' ? key : segment)
  }
}

/** Graph says 400 where our pages and /api say 422 (graph §2.3). */
function inGraphNumbers(error: unknown): unknown {
  if (!(error instanceof Refusal) || error.status !== 422) return error
  const { field, detail, retryAfter } = error
  return new Refusal(400, error.reasons, {
    ...(field === undefined ? {} : { field }), ...(detail === undefined ? {} : { detail }), ...(retryAfter === undefined ? {} : { retryAfter }),
  })
}
