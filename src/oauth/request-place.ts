import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { RequestPlace } from './grants.ts'

/** Where a request to the token service came from and to. */
export function placeOf(app: App, request: FastifyRequest): RequestPlace {
  const agent = request.headers['user-agent']
  return {
    origin: request.origin, origins: originsOf(app, request.origin), ipAddress: request.clientAddress, userAgent: agent === undefined ? null : agent.slice(0, 200),
    correlationId: request.correlationId, browserOrigin: request.headers.origin,
  }
}

/** Every origin this installation goes by, the asked one first. */
export function originsOf(app: App, asked: string): string[] {
  return [asked, ...app.config.listeners.map(one => one.origin).filter(one => one !== asked)]
}
