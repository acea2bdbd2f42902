import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'

/**
 * The OpenAPI document, written from the same declarations that validate and guard: GET /api/openapi.json. Pages are left out;
 * what they post is for browsers. Each operation carries its access line as `x-access`.
 */
export async function documentRoutes(server: FastifyInstance): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Latchkey', version: '0.1.0', description: 'Self-service password reset and credential management.' },
      components: { securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: '__Host-latchkey-session' }, bearer: { type: 'http', scheme: 'bearer' } } },
    },
    transform: ({ schema, url, route }) => {
      const { access, surface } = route.config ?? {}
      const hidden = surface !== 'api' && surface !== 'graph'
      const security = access === 'public' || access === 'recovery' ? [] : typeof access === 'object' ? [{ session: [] }, { bearer: [] }] : [{ session: [] }]
      return { url, schema: { ...schema, hide: hidden, security, 'x-access': access } as unknown as typeof schema }
    },
  })
  server.get('/api/openapi.json', { config: { access: 'public', surface: 'api' }, schema: { hide: true } as object }, async () => (server as FastifyInstance & { swagger(): object }).swagger())
}
