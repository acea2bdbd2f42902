import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { pageContext } from '../page/context.ts'
import { sendPage } from '../page/send-page.ts'
import { aadsts } from './errors.ts'
import { instanceDiscovery, keySet, openIdConfiguration, userRealm } from './discovery.ts'
import { personRoutes } from './person-routes.ts'
import { errorCodePage } from './error-code-page.tsx'
import { resourceManagerRoutes } from './resource-manager.ts'
import { answerToken } from './token.ts'

const open = { access: 'public', surface: 'oauth' } as const

/** The token service: what programs talk to before they talk to anything else. Paths are matched without regard to case. */
export function oauthRoutes(server: Server, app: App): void {
  metadataRoutes(server, app)
  tokenRoutes(server, app)
  resourceManagerRoutes(server, app)
  personRoutes(server, app)
}

function metadataRoutes(server: Server, app: App): void {
  const get = (url: string, answer: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>) => server.get(url, { config: open }, answer)
  get('/:tenant/v2.0/.well-known/openid-configuration', (request, reply) => openIdConfiguration(app, request, reply, 2))
  get('/:tenant/.well-known/openid-configuration', (request, reply) => openIdConfiguration(app, request, reply, 1))
  get('/:tenant/discovery/v2.0/keys', (request, reply) => keySet(app, request, reply, 2))
  get('/:tenant/discovery/keys', (request, reply) => keySet(app, request, reply, 1))
  get('/:tenant/discovery/instance', (request, reply) => instanceDiscovery(app, request, reply))
  get('/:tenant/userrealm/:name', (request, reply) => userRealm(app, request, reply))
  /** What every error's `error_uri` leads to: what the code means, for whoever looks after the program. */
  server.get('/error', { config: { access: 'public', surface: 'page' }, schema: { querystring: Type.Object({ code: Type.Optional(Type.String({ maxLength: 10 })) }, { additionalProperties: true }) } },
    (request, reply) => sendPage(reply, errorCodePage(pageContext(request), request.query.code ?? '')))
}

function tokenRoutes(server: Server, app: App): void {
  for (const [url, version] of [['/:tenant/oauth2/v2.0/token', 2], ['/:tenant/oauth2/token', 1]] as const) {
    server.post(url, { config: open }, (request, reply) => answerToken(app, request, reply, version))
    server.get(url, { config: open }, () => {
      throw aadsts(900561, { accepted: 'POST', method: 'GET' })
    })
  }
}
