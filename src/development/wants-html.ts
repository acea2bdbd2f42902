import type { FastifyRequest } from 'fastify'

/** Programs that ask for JSON get it; browsers, and whoever does not say, the page. */
export function wantsHtml(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? ''
  return !accept.includes('application/json') || accept.includes('text/html')
}
