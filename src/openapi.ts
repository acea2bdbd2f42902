import Fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import type { Access } from './access.ts'
import { schemaCompilers } from './schema-compilers.ts'

/**
 * The OpenAPI document, written from the same declarations that validate and guard: GET /api/openapi.json. Pages are left out;
 * what they post is for browsers. Each operation carries its access line as `x-access`. It is written when somebody first asks.
 */
export function documentRoutes(server: FastifyInstance): void {
  const described: RouteOptions[] = []
  let document: Promise<object> | undefined
  server.addHook('onRoute', route => {
    const surface = route.config?.surface
    if ((surface === 'api' || surface === 'graph') && route.method !== 'HEAD') described.push(route)
  })
  server.get('/api/openapi.json', { config: { access: 'public', surface: 'api' } }, () => (document ??= writeDocument(described)))
}

/** The routes once more, on a server that answers nobody: the writer listens while routes are declared, and few ever ask for it. */
async function writeDocument(routes: readonly RouteOptions[]): Promise<object> {
  const { default: swagger } = await import('@fastify/swagger')
  const paper = Fastify({ exposeHeadRoutes: false, schemaController: { compilersFactory: schemaCompilers() } })
  await paper.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Latchkey', version: '0.1.0', description: 'Self-service password reset and credential management.' },
      components: { securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: '__Host-latchkey-session' }, bearer: { type: 'http', scheme: 'bearer' } } },
    },
    transform: ({ schema, url, route }) => {
      const { access } = route.config ?? {}
      const security = securityOf(access)
      return { url, schema: { ...schema, security, 'x-access': access } as unknown as typeof schema }
    },
  })
  for (const { method, url, schema = {}, config = {} } of routes) paper.route({ method, url, schema, config, handler: async () => undefined })
  await paper.ready()
  const document = (paper as FastifyInstance & { swagger(): object }).swagger()
  await paper.close()
  return document
}

/** Any one of these lets a caller in; none is needed where the list is empty. */
function securityOf(access: Access | undefined): Record<string, string[]>[] {
  if (access === 'public' || access === 'recovery') return []
  if (typeof access !== 'object') return [{ session: [] }]
  return 'bearer' in access ? [{ bearer: [] }] : [{ session: [] }, { bearer: [] }]
}
